"""The paper's rules on typical gain curves."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from maxgain.diagnosis.losses import diagnose_losses, loss_minimum
from maxgain.diagnosis.rules import DiagnosisVerdict, diagnose
from maxgain.errors import InputError
from maxgain.statistics.gaps import keep_finite_epochs
from maxgain.statistics.trend import plateau_epoch, trend
from maxgain.statistics.variability import (
    rolling_variability,
    variability,
)

TIME = np.arange(1, 46, dtype=float)


def draw_noise(seed: int, size: int = 45) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size)


gains = arrays.arrays(
    np.float64,
    st.integers(0, 40),
    elements=st.one_of(st.floats(-120, 60), st.sampled_from([math.nan, -math.inf, -30.0])),
)


GAINS = {
    "learning-rate-too-high": -30 + 4 * draw_noise(16),
    "learning-rate-too-low-or-train-longer": -30 + 6 * TIME / 45 + 0.1 * draw_noise(17),
    "converging": -28 + 7 * (1 - np.exp(-TIME / 4)) + 0.1 * draw_noise(18),
    "overfitting": np.where(TIME < 4, -23 - 4 * TIME, -35)
    + np.where(TIME < 27, 0.3, 6) * draw_noise(19),
    "diverged": np.where(TIME > 30, math.nan, -30.0),
    "dead": np.where(TIME > 30, -math.inf, -30.0),
    "undecided": np.full(45, -30.0),
}


@pytest.mark.parametrize("verdict", GAINS)
def test_typical_curves_are_diagnosed(verdict: str) -> None:
    result = diagnose(GAINS[verdict])
    assert result.verdict == verdict, result.sentence
    assert result.sentence.endswith(".")
    assert "nan" not in result.sentence


def test_every_verdict_occurs_above() -> None:
    assert set(GAINS) == set(DiagnosisVerdict)


@pytest.mark.parametrize("epochs", [30, 100])
@pytest.mark.parametrize("seed", range(5))
def test_rules_hold_for_other_lengths(epochs: int, seed: int) -> None:
    time, noise = np.arange(1, epochs + 1), draw_noise(seed, epochs)
    verdicts = {
        "learning-rate-too-high": 4 * noise,
        "learning-rate-too-low-or-train-longer": 8 * time / epochs + 0.1 * noise,
        "converging": 8 * np.minimum(time, epochs // 3) / (epochs // 3) + 0.1 * noise,
        "overfitting": np.maximum(12 - 4 * time, 0) + np.where(time < epochs * 0.6, 0.2, 8) * noise,
    }
    assert {name: str(diagnose(curve).verdict) for name, curve in verdicts.items()} == {
        name: name for name in verdicts
    }


def test_a_drop_before_a_flat_stretch_converges() -> None:
    curve = np.where(TIME < 4, -23 - 4 * TIME, -35) + 0.2 * draw_noise(20)
    assert diagnose(curve).verdict == DiagnosisVerdict.CONVERGING


def test_diagnosis_names_the_epochs() -> None:
    assert "epoch 31" in diagnose(GAINS["diverged"]).sentence
    assert diagnose(GAINS["diverged"]).diverged_epoch == 31
    assert diagnose(GAINS["dead"]).dead_epochs == 15
    onset = diagnose(GAINS["overfitting"]).onset
    assert onset is not None
    assert f"epoch {onset.epoch}" in diagnose(GAINS["overfitting"]).sentence


@pytest.mark.parametrize("curve", [np.zeros(0), np.array([-30.0]), -30 + np.arange(9.0)])
def test_few_epochs_are_undecided(curve: np.ndarray) -> None:
    result = diagnose(curve)
    assert result.verdict == DiagnosisVerdict.UNDECIDED
    assert "too few" in result.sentence


def test_ten_epochs_are_enough() -> None:
    assert diagnose(np.arange(10) / 2).verdict == DiagnosisVerdict.LEARNING_RATE_TOO_LOW


def test_float32_gains_are_accepted() -> None:
    curve = GAINS["learning-rate-too-high"]
    assert diagnose(curve.astype(np.float32)).verdict == diagnose(curve).verdict


@given(gains)
@settings(max_examples=60, deadline=None)
def test_nothing_crashes_and_nothing_is_invented(curve: np.ndarray) -> None:
    """Whatever the gaps: an answer, and undefined results exactly where too little is left."""
    result = diagnose(curve)
    epochs, values = keep_finite_epochs(curve)
    assert np.array_equal(curve[epochs - 1], values)
    assert (result.diverged_epoch is not None) == bool(np.isnan(curve).any())
    assert (result.verdict == DiagnosisVerdict.DIVERGED) == (result.diverged_epoch is not None)
    assert math.isnan(trend(curve).slope) == (values.size < 5)
    steps = np.isfinite(curve[1:]) & np.isfinite(curve[:-1])
    assert math.isnan(variability(curve)) == (steps.sum() < 5)
    assert rolling_variability(curve).shape == curve.shape
    plateau_epoch(curve)
    loss_minimum(curve)
    diagnose_losses(curve, curve[::-1])


@given(gains, st.floats(-50, 50))
@settings(max_examples=30, deadline=None)
def test_diagnosis_does_not_depend_on_the_gains_level(curve: np.ndarray, level: float) -> None:
    """Units shift a gain in dB; they say nothing about the training."""
    curve, shift = np.round(curve, 3), round(level * 8) / 8
    assert diagnose(np.round(curve + shift, 3)).verdict == diagnose(curve).verdict


def test_death_is_told_of_the_place_that_was_measured() -> None:
    sentence = diagnose(GAINS["dead"]).sentence
    assert "dead where it is measured" in sentence


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize(
    ("curve", "said"),
    [
        (np.zeros((20, 3)), r"gain has the shape \(20, 3\); it must be one value an epoch"),
        (np.float64(3.0), r"gain has the shape \(\)"),
        (["a", "b"], "gain is a list; it must be numbers"),
        ({"epoch": 1}, "gain is a dict; it must be numbers"),
    ],
)
def test_what_is_no_curve_is_refused(curve: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        diagnose(curve)  # type: ignore[arg-type]
