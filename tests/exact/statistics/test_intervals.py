"""Quantities of single curves and their intervals from within the curve."""

import math

import numpy as np
import pytest

from maxgain.statistics.intervals import (
    compare_scales,
    measure_distance,
    measure_order,
    measure_scale,
)


def test_interval_of_a_scale_covers_the_truth() -> None:
    random = np.random.default_rng(0)
    intervals = [measure_scale(random.normal(size=40)) for _ in range(60)]
    assert np.mean([part.low < 1 < part.high for part in intervals]) > 0.85
    ratios = [compare_scales(random.normal(size=20), random.normal(size=20)) for _ in range(60)]
    assert np.mean([part.low < 0 < part.high for part in ratios]) > 0.85


def test_order_ranks_divergence_above_any_loss() -> None:
    assert measure_order(np.array([5.0, 4, 3, 2, 1])).value == -1
    assert measure_order(np.array([1.0, 2, 3, math.nan, math.nan])).value > 0.9
    assert math.isnan(measure_order(np.full(9, math.nan)).value)
    assert math.isnan(measure_order(np.ones(9)).value)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        (20, 27, 7),
        (27, 20, 7),
        (None, 20, 26),  # It would come after epoch 45.
        (20, None, 26),
        (None, 40, math.nan),  # It may come at epoch 46, which is within 9 epochs.
        (None, None, math.nan),
    ],
)
def test_distance_of_events(one: int | None, other: int | None, distance: float) -> None:
    found = measure_distance(one, other, 45, 9)
    assert found.value == pytest.approx(distance, nan_ok=True)
