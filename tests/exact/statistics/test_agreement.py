"""Kappa against scikit-learn's, and the interval of a difference of shares."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from maxgain.statistics.agreement import compute_kappa, find_difference_interval

LABELS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2)


@given(LABELS)
def test_kappa_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    one, other = zip(*pairs, strict=True)
    if len({*one, *other}) == 1:
        assert math.isnan(compute_kappa(one, other))
    else:
        assert compute_kappa(one, other) == pytest.approx(cohen_kappa_score(one, other))


def test_kappa_of_nothing_is_undefined() -> None:
    assert math.isnan(compute_kappa([], []))


def test_interval_of_equal_shares_has_a_width_and_covers_zero() -> None:
    for hits in (0, 5):
        low, high = find_difference_interval((hits, hits), (5, 5))
        assert low < 0 < high
    assert find_difference_interval((0, 60), (60, 60))[1] < -0.9


def test_interval_covers_the_truth() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(500):
        hits = random.binomial(10, 0.6), random.binomial(15, 0.3)
        low, high = find_difference_interval((int(hits[0]), int(hits[1])), (10, 15))
        covered += low < 0.3 < high
    assert covered > 0.87 * 500
