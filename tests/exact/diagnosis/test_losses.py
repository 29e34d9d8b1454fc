"""What loss curves say of a training."""

import math

import numpy as np
import pytest

from maxgain.diagnosis.losses import diagnose_losses, loss_minimum, overfitting_onset
from maxgain.diagnosis.rules import DiagnosisVerdict

TIME = np.arange(1, 46, dtype=float)


def draw_noise(seed: int, size: int = 45) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size)


def fall(rate: float = 4.0) -> np.ndarray:
    return np.exp(-rate * TIME / 45) + 1e-4 * draw_noise(12)


def turn_up(epoch: int) -> np.ndarray:
    return np.abs(TIME - epoch) / 45 + 0.5


def test_loss_minimum_ignores_one_lucky_epoch() -> None:
    loss = turn_up(20)
    assert loss_minimum(loss) == 20
    loss[35] = 0.0
    assert loss_minimum(loss) == 20
    loss[:] = math.nan
    assert loss_minimum(loss) is None


def test_overfitting_needs_both_losses() -> None:
    assert overfitting_onset(turn_up(20), fall()) == 20
    assert overfitting_onset(turn_up(20), turn_up(20)) is None
    assert overfitting_onset(fall(), fall()) is None
    assert overfitting_onset(turn_up(43), fall()) is None


LOSSES = {
    "diverged": (np.where(TIME > 9, math.nan, 1.0), np.where(TIME > 9, math.nan, 1.0)),
    "learning-rate-too-high": (1 + 0.2 * draw_noise(13), 1 + 0.2 * draw_noise(14)),
    "overfitting": (fall(), turn_up(20)),
    "learning-rate-too-low-or-train-longer": (2 - TIME / 45, 2 - TIME / 50),
    "converging": (fall(), np.maximum(1 - TIME / 15, 0) + 1e-3 * draw_noise(15)),
}


@pytest.mark.parametrize("verdict", LOSSES)
def test_losses_are_diagnosed(verdict: str) -> None:
    assert diagnose_losses(*LOSSES[verdict]) == verdict


def test_rising_training_loss_is_too_high_a_rate() -> None:
    assert diagnose_losses(turn_up(15), turn_up(15)) == DiagnosisVerdict.LEARNING_RATE_TOO_HIGH
