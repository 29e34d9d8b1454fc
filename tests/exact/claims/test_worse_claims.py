"""What makes a verdict table worse than another: effects and opposites, not labels near a bound."""

import functools
import json

import pandas as pd
import pytest
from scipy import stats

from maxgain.claims.judge import judge
from maxgain.claims.regression import find_worse_claims
from maxgain.errors import InputError
from maxgain.statistics.decisions import VERDICTS
from maxgain.tables.results import ResultTables
from tests.exact.claims.synthetic import MAKERS, make_toy


def make_table(
    verdict: str,
    estimate: float | None,
    half: float | None = 0.1,
    side: str = "above",
    count: int = 5,
) -> pd.DataFrame:
    """A verdict table of one claim with one condition."""
    finding = {
        "name": "x",
        "side": side,
        "bound": 0.0,
        "estimate": estimate,
        "low": None if half is None or estimate is None else estimate - half,
        "high": None if half is None or estimate is None else estimate + half,
        "count": count,
        "undefined": 0,
    }
    return pd.DataFrame([{"id": "M1", "verdict": verdict, "findings": json.dumps([finding])}])


@functools.cache
def judge_seeds(first: int, good: bool = True) -> pd.DataFrame:
    seeds = tuple(range(first, first + 5))
    curves = {name: maker(good, seeds=seeds) for name, maker in MAKERS.items()}
    return judge(ResultTables(curves, make_toy(good)))


@pytest.mark.parametrize("first", [5, 10])
def test_other_trainings_of_the_same_protocol_are_no_worse(first: int) -> None:
    assert find_worse_claims(judge_seeds(0), judge_seeds(first)) == {}
    assert find_worse_claims(judge_seeds(first), judge_seeds(0)) == {}


def test_curves_that_break_the_claims_are_worse() -> None:
    worse = find_worse_claims(judge_seeds(0), judge_seeds(0, good=False))
    assert {"T1", "T2", "T3", "M1", "M6", "C1", "C3", "N1", "K2"} <= worse.keys()


def test_a_label_that_moves_within_the_noise_is_no_worse() -> None:
    before, now = make_table("seen", 0.15), make_table("inconclusive", 0.05)
    assert find_worse_claims(before, now) == {}
    assert find_worse_claims(now, before) == {}


def test_an_effect_that_moves_beyond_the_noise_is_worse_on_its_side_alone() -> None:
    high, low = make_table("seen", 5.0), make_table("seen", 1.0)
    assert "claimed above" in find_worse_claims(high, low)["M1"]
    assert find_worse_claims(low, high) == {}
    high, low = (make_table("seen", x, side="below") for x in (5.0, 1.0))
    assert find_worse_claims(high, low) == {}
    assert "claimed below" in find_worse_claims(low, high)["M1"]


def test_two_trainings_know_less_of_their_spread_than_twenty() -> None:
    few, many = (
        find_worse_claims(
            *(make_table("seen", x, half=0.1 * stats.t.ppf(0.95, n - 1), count=n) for x in (1, 0.3))
        )
        for n in (2, 20)
    )
    assert few == {}
    assert "M1" in many


def test_an_effect_without_spread_or_interval() -> None:
    same = make_table("seen", -1.0, half=0.0)
    assert find_worse_claims(same, make_table("seen", -1.0 - 1e-12, half=0.0)) == {}
    assert "M1" in find_worse_claims(same, make_table("seen", -1.1, half=0.0))
    one = make_table("inconclusive", 5.0, half=None, count=1)
    assert find_worse_claims(one, make_table("inconclusive", -5.0, half=None, count=1)) == {}


def test_an_effect_that_vanishes_is_worse() -> None:
    worse = find_worse_claims(make_table("seen", 1.0), make_table("inconclusive", None))
    assert worse == {"M1": "x: 1 [0.9, 1.1] -> undefined"}
    gone = make_table("inconclusive", 1.0).assign(findings="")
    assert find_worse_claims(make_table("seen", 1.0), gone) == {"M1": "x: 1 [0.9, 1.1] -> gone"}


@pytest.mark.parametrize("before", VERDICTS)
@pytest.mark.parametrize("now", VERDICTS)
def test_only_opposites_and_not_run_are_worse_labels(before: str, now: str) -> None:
    held, failed = {"reproduced", "seen"}, {"not reproduced", "not seen"}
    opposite = (before in held and now in failed) or (before in failed and now in held)
    vanished = now == "not run" and before != "not run"
    tables = (make_table(verdict, 1.0) for verdict in (before, now))
    assert bool(find_worse_claims(*tables)) == (opposite or vanished)


def test_a_claim_that_is_missing_now_is_not_run() -> None:
    table = judge_seeds(0)
    worse = find_worse_claims(table, table[table["id"] != "T2"])
    assert worse == {"T2": "reproduced -> not run"}
    assert find_worse_claims(table[table["id"] != "T2"], table) == {}


@pytest.mark.parametrize(
    "text", ["{", "[1]", '[{"name": "x"}]', "[" * 10**5, "3", '[{"low": "a"}]']
)
def test_findings_that_cannot_be_read_are_named(text: str) -> None:
    good = make_table("seen", 1.0)
    with pytest.raises(InputError, match="findings of claim M1") as caught:
        find_worse_claims(good.assign(findings=text), good)
    assert "\n" not in str(caught.value)
