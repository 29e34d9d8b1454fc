"""When a level curve begins to fall."""

import numpy as np
import pytest

from maxgain.statistics.fall import fall_onset


def make_falling(onset: int, epochs: int = 45, noise: float = 0.1) -> np.ndarray:
    time = np.arange(1, epochs + 1)
    return (
        -4
        - 0.4 * np.maximum(0, time - onset)
        + np.random.default_rng(0).normal(size=epochs) * noise
    )


@pytest.mark.parametrize("onset", [15, 22, 30])
def test_the_onset_is_found(onset: int) -> None:
    found = fall_onset(make_falling(onset))
    assert found is not None
    assert abs(found - onset) <= 2


def test_levels_rises_and_straight_falls_have_none() -> None:
    time = np.arange(45.0)
    noise = np.random.default_rng(1).normal(size=45)
    assert fall_onset(-4 + 0.3 * noise) is None
    assert fall_onset(-4 + 0.2 * time + 0.3 * noise) is None
    assert fall_onset(-4 - 0.2 * time) is None


def test_what_follows_a_divergence_is_left_out() -> None:
    curve = make_falling(20)
    curve[40:] = np.nan
    found = fall_onset(curve)
    assert found is not None
    assert abs(found - 20) <= 2
    assert fall_onset(np.full(45, np.nan)) is None
    assert fall_onset(np.full(45, -np.inf)) is None
    assert fall_onset(np.empty(0)) is None
