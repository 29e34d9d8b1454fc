"""Decisions: one-sided tests, equivalence, the error of a whole claim, and its words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from maxgain.statistics.decisions import (
    LEVEL,
    VERDICTS,
    decide,
    find_mean_interval,
    hold_draws,
    hold_interval,
    hold_mean,
    name_verdict,
)

VALUES = np.array([1.0, 1.1, 0.9, 1.05, 0.95])


def outcome(values: np.ndarray, side: str, bound: float, equivalence: float = 0.0) -> str:
    return decide([hold_mean("x", values, side, bound, equivalence)])  # type: ignore[arg-type]


def test_either_side_of_a_bound() -> None:
    assert outcome(VALUES, "above", 0.5) == "holds"
    assert outcome(VALUES, "below", 0.5) == "fails"
    assert outcome(VALUES, "below", 1.5) == "holds"
    assert outcome(VALUES, "above", 1.5) == "fails"
    assert outcome(VALUES, "above", 1.0) == "inconclusive"


def test_an_effect_shown_to_be_negligible_fails_as_does_none() -> None:
    assert outcome(VALUES - 1, "above", 0.0, 0.5) == "fails"
    assert outcome(VALUES - 1, "above", 0.0, 0.0) == "inconclusive"
    assert outcome(VALUES, "above", 0.0, 2.0) == "fails"
    assert outcome(VALUES, "above", 0.0, 0.5) == "holds"
    assert outcome(-VALUES, "below", 0.0, 2.0) == "fails"
    assert outcome(-VALUES, "below", 0.0, 0.5) == "holds"


def test_fewer_than_five_values_decide_nothing() -> None:
    assert outcome(VALUES[:4], "above", -100.0) == "inconclusive"
    lost = np.array([*VALUES, *[math.nan] * 5])
    assert outcome(lost, "above", -100.0) == "inconclusive"
    assert outcome(np.array([*VALUES, math.nan]), "above", -100.0) == "holds"
    assert outcome(np.array([*VALUES[:4], math.inf]), "above", 0.0) == "inconclusive"
    assert outcome(np.empty(0), "above", 0.0) == "inconclusive"


def test_values_without_spread_decide_by_their_place() -> None:
    same = np.full(5, -1.0)
    assert outcome(same, "below", -0.5) == "holds"
    assert outcome(same, "above", -0.5) == "fails"
    assert outcome(same, "above", -1.0) == "fails"
    assert outcome(np.zeros(5), "above", 0.0) == "fails"
    assert outcome(same, "above", -1.5, 0.5) == "holds"


def test_interval_is_students() -> None:
    # t(0.95, 2) = 2.9200, standard error 1 / sqrt(3).
    low, high = find_mean_interval(np.array([1.0, 2.0, 3.0]))
    assert (low, high) == pytest.approx((2 - 1.6859, 2 + 1.6859), abs=1e-3)
    assert find_mean_interval(np.array([1.0])) == (None, None)


@given(shift=st.floats(-3, 3), bound=st.floats(-1, 1))
def test_a_single_condition_is_read_off_its_interval(shift: float, bound: float) -> None:
    finding = hold_mean("x", VALUES * 3 + shift, "above", bound)
    assert finding.low is not None
    assert finding.high is not None
    if abs(finding.low - bound) > 1e-9 and abs(finding.high - bound) > 1e-9:
        expected = {(True, True): "holds", (False, False): "fails"}
        seen = finding.low > bound, finding.high > bound
        assert decide([finding]) == expected.get(seen, "inconclusive")


def test_all_must_hold_and_holm_refutes() -> None:
    holds, fails = (hold_mean("x", VALUES, side, 0.5) for side in ("above", "below"))
    unsure = hold_mean("x", VALUES, "above", 1.0)
    assert decide([holds, holds]) == "holds"
    assert decide([holds, unsure]) == "inconclusive"
    assert decide([holds, fails, unsure]) == "fails"
    assert decide([]) == "inconclusive"
    # p = 0.02 alone refutes, as one of three conditions it does not.
    weak = hold_mean("x", VALUES, "above", float(np.quantile(VALUES, 0.5)) + 0.1)
    assert LEVEL / 3 < weak.p_fails <= LEVEL
    assert decide([weak]) == "fails"
    assert decide([weak, holds, holds]) == "inconclusive"


@pytest.mark.parametrize("conditions", [1, 3, 6])
def test_the_errors_of_a_whole_claim_are_at_most_five_per_cent(conditions: int) -> None:
    """At the border all conditions are both just true and just false."""
    random = np.random.default_rng(3)
    found = [
        decide([hold_mean("x", random.normal(size=5), "above", 0.0) for _ in range(conditions)])
        for _ in range(600)
    ]
    # 600 draws of 5 % stay below 7.5 % with 99.7 %.
    assert found.count("holds") <= 0.075 * 600
    assert found.count("fails") <= 0.075 * 600


def test_draws_and_intervals_decide_alike() -> None:
    draws = np.linspace(0.2, 1.0, 1001)
    for side, bound, expected in (
        ("above", 0.1, "holds"),
        ("above", 0.5, "inconclusive"),
        ("above", 1.1, "fails"),
        ("below", 1.1, "holds"),
        ("below", 0.1, "fails"),
    ):
        found = hold_draws("x", 0.6, draws, side, bound, 9)  # type: ignore[arg-type]
        assert decide([found]) == expected
        interval = (found.low, found.high)
        again = hold_interval("x", 0.6, interval, side, bound, 9)  # type: ignore[arg-type]
        assert decide([again]) == expected
    assert decide([hold_draws("x", 0.6, draws, "above", 0.1, 4)]) == "inconclusive"
    assert decide([hold_draws("x", 0.6, np.full(9, np.nan), "above", 0.1, 9)]) == "inconclusive"
    assert decide([hold_draws("x", 0.6, draws, "above", 0.0, 9, 1.5)]) == "fails"
    assert decide([hold_interval("x", 0.0, (-0.1, 0.1), "above", 0.0, 9, 0.2)]) == "fails"
    assert decide([hold_interval("x", 0.0, None, "above", -1.0, 9)]) == "inconclusive"


def test_p_values_are_scipys() -> None:
    expected = stats.ttest_1samp(VALUES, 0.97, alternative="greater").pvalue
    assert hold_mean("x", VALUES, "above", 0.97).p_holds == pytest.approx(expected)


def test_only_the_paper_is_reproduced() -> None:
    words = {
        (outcome, about): name_verdict(outcome, about)  # type: ignore[arg-type]
        for outcome in ("holds", "fails", "inconclusive", "not run")
        for about in (True, False)
    }
    assert words["holds", True] == "reproduced"
    assert words["holds", False] == "seen"
    assert words["fails", True] == "not reproduced"
    assert words["fails", False] == "not seen"
    assert words["inconclusive", True] == words["inconclusive", False] == "inconclusive"
    assert set(words.values()) == set(VERDICTS)
