"""What an open claim would need, in a sentence."""

import json
from typing import Any

import numpy as np
import pytest

from maxgain.claims.needs import describe_need
from maxgain.statistics.decisions import LEVEL, hold_mean

GENERATOR = np.random.default_rng(0)


def finding(name: str, values: list[float], side: Any = "above", bound: float = 0.0, **more: float):  # type: ignore[no-untyped-def]
    found = hold_mean(name, np.array(values), side, bound, **more)
    return {key: None if value != value else value for key, value in vars(found).items()}


def row(*findings: dict[str, Any], verdict: str = "inconclusive", **more: Any) -> dict[str, Any]:
    seeds = max((one["count"] + one["undefined"] for one in findings), default=0)
    return {
        "verdict": verdict,
        "seeds": seeds,
        "findings": json.dumps(findings) if findings else "",
        "numbers": "",
    } | more


SHOWN = finding("shown", [1.0, 1.1, 0.9, 1.0, 1.0])
NEARLY = finding("nearly", [2.0, -1.0, 1.5, -0.5, 1.0])
HARDLY = finding("hardly", [2.0, -1.9, 1.5, -0.9, 0.2])
AGAINST = finding("against", [-1.0, 0.6, -1.4, 0.3, -1.0])


@pytest.mark.parametrize("verdict", ["reproduced", "not reproduced", "seen", "not seen"])
def test_a_decided_claim_needs_nothing(verdict: str) -> None:
    assert describe_need(row(NEARLY, verdict=verdict)) == ""


def test_the_condition_that_needs_most_is_named() -> None:
    assert "to show 'nearly'" in describe_need(row(SHOWN, NEARLY))
    assert "to show 'hardly'" in describe_need(row(SHOWN, NEARLY, HARDLY))


def test_an_estimate_on_the_wrong_side_is_to_be_refuted_whatever_the_others_need() -> None:
    said = describe_need(row(SHOWN, HARDLY, AGAINST))
    assert "to refute 'against'" in said
    alone = describe_need(row(AGAINST))
    assert number(said) > number(alone), "Holm's first step takes the number of conditions"


def test_a_side_is_a_matter_of_sign() -> None:
    mirrored = finding("nearly", [-2.0, 1.0, -1.5, 0.5, -1.0], side="below")
    assert describe_need(row(mirrored)) == describe_need(row(NEARLY))


def test_an_effect_too_small_to_matter_is_to_be_refuted() -> None:
    small = finding("small", [2.0, -1.0, 1.5, -0.5, 1.0], equivalence=1.0)
    assert "to refute 'small'" in describe_need(row(small))


def test_so_many_seeds_decide_in_four_of_five_trials() -> None:
    spread, mean = 1.0, 0.55
    values = GENERATOR.normal(size=5)
    values = mean + spread * (values - values.mean()) / values.std(ddof=1)
    seeds = number(describe_need(row(finding("effect", list(values)))))
    trials = GENERATOR.normal(mean, spread, size=(4000, seeds))
    shown = [hold_mean("", trial, "above", 0.0).p_holds <= LEVEL for trial in trials]
    assert np.mean(shown) == pytest.approx(0.8, abs=0.03)


def test_trainings_of_several_settings_are_counted_in_seeds() -> None:
    thirty = finding("difference", [0.4, -0.3, 0.3, -0.2, 0.2, -0.1] * 5)
    by_seed = describe_need(row(thirty, seeds=5))
    by_training = describe_need(row(thirty, seeds=30))
    assert number(by_seed) == -(-number(by_training) // 6)


def test_networks_are_counted_by_architecture() -> None:
    assert "architectures in place of 5" in describe_need(row(NEARLY, seeds=0))
    assert describe_need(row(seeds=0)).startswith("at least 5 architectures")


def test_an_estimate_at_its_bound_is_not_promised_a_decision() -> None:
    assert describe_need(row(finding("at", [1.0, -1.0, 1.0, -1.0, 1e-6]))).startswith("more than")


def test_fewer_than_five_are_said_first() -> None:
    assert describe_need(row(finding("few", [1.0, 2.0, -1.0]))).startswith("at least 5 seeds")


def test_a_statistic_without_a_value_is_named() -> None:
    few = finding("plateau", [np.nan] * 6)
    assert "have" not in describe_need(row(few | {"count": 6}))
    assert "plateau" in describe_need(row(few | {"count": 6}))


def test_what_was_not_run_is_named() -> None:
    said = describe_need(row(verdict="not run", numbers="missing: curves/capacity.csv"))
    assert said == "missing: curves/capacity.csv; at least 5 seeds of each setting."


def test_a_verdict_that_the_claim_itself_holds_back_says_why() -> None:
    numbers = "5 seeds, 30 epochs: error 0.1; NIN was stopped before LeNet"
    said = describe_need(row(SHOWN, numbers=numbers))
    assert said == "no more seeds, but: NIN was stopped before LeNet."


def number(sentence: str) -> int:
    """Seeds that a sentence names."""
    return int(sentence.split("about ")[1].split()[0].replace(",", ""))
