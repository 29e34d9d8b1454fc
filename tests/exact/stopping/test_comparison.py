"""Statistics of rules against published tables and independent computations."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from maxgain.stopping.comparison import (
    critical_difference,
    holm,
    interval_of_mean,
    rank,
    rank_balance,
    signed_rank_p,
)


@pytest.mark.parametrize(
    ("rules", "quantile"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)]
)
def test_critical_difference_has_demsars_quantiles(rules: int, quantile: float) -> None:
    """Table 5 (a) of Demšar 2006."""
    expected = quantile * math.sqrt(rules * (rules + 1) / (6 * 14))
    assert critical_difference(rules, 14) == pytest.approx(expected, rel=1e-3)


def test_critical_difference_of_the_study() -> None:
    assert critical_difference(12, 69) == pytest.approx(2.0, abs=0.01)


def test_holm_by_hand() -> None:
    adjusted = holm(np.array([0.04, 0.01, math.nan, 0.03]))
    assert adjusted == pytest.approx([0.06, 0.03, math.nan, 0.06], nan_ok=True)
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1, 1])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_none_and_bonferroni(values: list[float]) -> None:
    p_values = np.array(values)
    adjusted = holm(p_values)
    assert (adjusted >= p_values).all()
    assert (adjusted <= np.minimum(1, p_values * p_values.size) + 1e-12).all()


def test_ranks_by_hand() -> None:
    found = rank(np.array([[1.0, 2, 3], [1, 3, 2], [1, 2, 2]]))
    assert found.mean_ranks == pytest.approx([1, (2 + 3 + 2.5) / 3, (3 + 2 + 2.5) / 3])
    assert 0 < found.p_value < 0.2
    assert math.isnan(rank(np.ones((3, 4))).p_value)
    assert math.isnan(rank(np.array([[1.0, 2], [2, 3]])).p_value)


def test_bootstrap_draws_whole_groups() -> None:
    """Two groups of equal values: a draw holds one of them, the other, or both."""
    values = np.array([0.0, 0, 0, 0, 1, 1])
    found = interval_of_mean(values, np.array(list("aaaabb")))
    assert found.mean == pytest.approx(1 / 3)
    assert (found.low, found.high) == (0, 1)


def test_bootstrap_agrees_with_students_interval_for_many_groups() -> None:
    values = np.random.default_rng(0).normal(1, 2, 300)
    found = interval_of_mean(values, np.arange(300))
    half = stats.t.ppf(0.975, 299) * stats.sem(values)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.05)
    assert found == interval_of_mean(values, np.arange(300)), "the seed is fixed"


def test_too_little_has_no_interval() -> None:
    found = interval_of_mean(np.array([1.0, 2]), np.array(["a", "a"]))
    assert found.mean == 1.5
    assert math.isnan(found.low)
    assert math.isnan(interval_of_mean(np.array([]), np.array([], dtype=str)).mean)


def test_signed_ranks() -> None:
    # All of 6 differences are positive: 2 of the 64 signs are as extreme.
    assert signed_rank_p(np.arange(1.0, 7)) == pytest.approx(2 / 64)
    assert signed_rank_p(np.zeros(5)) == 1
    assert math.isnan(signed_rank_p(np.array([])))


def test_infinite_differences_are_the_largest() -> None:
    differences = np.array([-0.5, 0.1, -0.2, 0.3, 0.4, math.inf, math.inf, 0.6, -math.inf])
    finite = np.where(np.isinf(differences), np.sign(differences) * 9, differences)
    assert signed_rank_p(differences) == signed_rank_p(finite)
    assert rank_balance(differences) == rank_balance(finite)


def test_balance_of_signed_ranks_by_hand() -> None:
    # Ranks 1, 2 and 3: 3 - 1 - 2 of 6; equal ones share theirs: 2.5 + 2.5 - 1 of 6.
    assert rank_balance(np.array([-0.1, -0.2, 0.3, 0])) == 0
    assert rank_balance(np.array([-0.1, 0.2, 0.2])) == pytest.approx(4 / 6)
    assert rank_balance(np.array([0.1, math.inf])) == 1
    assert math.isnan(rank_balance(np.zeros(3)))


def test_infinite_regrets_are_last_and_share_their_rank() -> None:
    found = rank(np.array([[1.0, 2, math.inf], [math.inf, 0.1, math.inf], [1, 2, 3]]))
    assert found.mean_ranks == pytest.approx(
        [(1 + 2.5 + 1) / 3, (2 + 1 + 2) / 3, (3 + 2.5 + 3) / 3]
    )
    assert found.cells == 3
    assert 0 < found.p_value < 1
