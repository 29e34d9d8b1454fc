"""Conditions: selection by setting, pairing by seed, undefined values, the text."""

import numpy as np
import pytest

from maxgain.claims.conditions import above, below, between, join_blocks, judge_runs, select_blocks
from maxgain.claims.evidence import NotRun
from maxgain.claims.registry import CLAIMS as REGISTRY
from maxgain.statistics.intervals import UNDEFINED, Statistic
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves
from tests.exact.claims.synthetic import SEEDS, make_mnist

TABLES = ResultTables({"mnist_rates": make_mnist(True)})
CLAIM = REGISTRY.find("M6")


def blocks_of(*settings: dict[str, float]) -> list[tuple[RunCurves, ...]]:
    return select_blocks(TABLES, CLAIM, *settings)


def test_blocks_pair_settings_by_seed() -> None:
    blocks = blocks_of({"rate_factor": 1}, {"rate_factor": 1 / 3})
    assert [[run.seed for run in block] for block in blocks] == [[seed] * 2 for seed in SEEDS]
    assert {block[0].rate_factor for block in blocks} == {1.0}
    assert {block[1].rate_factor for block in blocks} == {0.333333}


def test_only_common_seeds_are_compared() -> None:
    table = make_mnist(True).query("not (rate_factor == 2 and seed < 2)")
    tables = ResultTables({"mnist_rates": table})
    blocks = select_blocks(tables, CLAIM, {"rate_factor": 1}, {"rate_factor": 2})
    assert [block[0].seed for block in blocks] == [2, 3, 4]
    none = ResultTables({"mnist_rates": table.query("rate_factor == 2 or seed < 2")})
    with pytest.raises(NotRun, match="a seed that all compared settings have in common"):
        select_blocks(none, CLAIM, {"rate_factor": 1}, {"rate_factor": 2})


def test_experiments_are_joined_by_seed() -> None:
    one, other = blocks_of({"rate_factor": 1}), blocks_of({"rate_factor": 2})[1:]
    assert [len(block) for block in join_blocks(one, other)] == [2] * 4
    with pytest.raises(NotRun, match="a seed that all compared experiments"):
        join_blocks(one[:1], other)


def test_a_measure_takes_the_runs_of_its_block() -> None:
    evidence = judge_runs(
        blocks_of({"rate_factor": 1}, {"rate_factor": 2}),
        [
            above("x", lambda a, b: Statistic(b.rate_factor - a.rate_factor + 0.01 * a.seed), 0.5),
            *between("y", lambda a, b: Statistic(0.25 * (a.seed - 1)), 1.0),
        ],
    )
    assert evidence.outcome == "holds"
    assert evidence.effect == pytest.approx(1.02)
    assert [(x.name, x.side, x.bound) for x in evidence.findings] == [
        ("x", "above", 0.5),
        ("y", "below", 1.0),
        ("y", "above", -1.0),
    ]
    assert evidence.numbers.startswith("5 seeds, 20 epochs: x 1.02 [")
    assert "y 0.25 [-0.127, 0.627] (bound below 1 and above -1)" in evidence.numbers


def test_undefined_values_are_counted_and_named() -> None:
    def measure(run: RunCurves) -> Statistic:
        return UNDEFINED if run.seed == 0 else Statistic(1 + 0.01 * run.seed)

    evidence = judge_runs(blocks_of({"rate_factor": 1}), [above("x", measure, 0.0)])
    assert "undefined for 1 seed(s)" in evidence.numbers
    assert evidence.outcome == "inconclusive", "four values decide nothing"
    nothing = judge_runs(blocks_of({"rate_factor": 1}), [above("x", lambda run: UNDEFINED, 0.0)])
    assert (nothing.effect, nothing.outcome) == (None, "inconclusive")
    assert "x undefined" in nothing.numbers


def test_one_seed_prints_the_interval_within_the_curve_and_decides_nothing() -> None:
    blocks = blocks_of({"rate_factor": 1})[:1]
    evidence = judge_runs(blocks, [below("x", lambda run: Statistic(1.0, 0.5, 1.5), 9.0)])
    assert evidence.numbers == (
        "1 seed, intervals within the curve (fewer than 5 decide nothing), 20 epochs: "
        "x 1 [0.5, 1.5] (bound below 9)"
    )
    assert evidence.ci_low is None
    assert evidence.outcome == "inconclusive"


def test_what_a_condition_measures_is_measured_once() -> None:
    calls = []

    def measure(run: RunCurves) -> Statistic:
        calls.append(run.seed)
        return Statistic(float(np.mean(run["training_loss"])))

    judge_runs(blocks_of({"rate_factor": 1}), [*between("x", measure, 5.0)])
    assert calls == list(SEEDS)
