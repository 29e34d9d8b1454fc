"""Conditions of a claim on trainings: a name, a measure of one run (or of one seed's), a bound.

What every claim on trainings repeats stands here: which runs, paired by seed, undefined values,
the tests, the text. A claim's own function is a selection and a list of conditions.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from maxgain.claims.evidence import Evidence, NotRun, make_evidence
from maxgain.claims.registry import Claim
from maxgain.statistics.decisions import FEWEST_TRAININGS, Finding, Side, decide, hold_mean
from maxgain.statistics.intervals import Statistic, compare_scales, fit_exponent, slice_steps
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves, describe_settings, select_runs

Block = tuple[RunCurves, ...]
"""The runs of one seed that are measured together."""

Measure = Callable[..., Statistic]
"""A number from one block; called with the block's runs, one an argument."""

RAISED = (1.0, 2.0, 3.0, 4.0)
"""Raised learning rates of figures 8 and 10, with the default one."""

THIRD, TENTH = 1 / 3, 1 / 10
"""Lowered learning rates of figures 9 and 11."""

SETTLED = 5
""""At first": what happens before this epoch is the start, and is left out of steady stretches."""


@dataclass(frozen=True)
class Condition:
    """A statistic of every block that must lie, in the mean over seeds, on one side of a bound.

    Attributes
    ----------
    name
        The statistic, with its unit.
    measure
        Its value for one block.
    side, bound
        Where it must lie.
    equivalence
        How far beyond the bound it must lie to matter (see `maxgain.statistics.decisions`).
    """

    name: str
    measure: Measure
    side: Side
    bound: float
    equivalence: float = 0.0


def above(name: str, measure: Measure, bound: float, equivalence: float = 0.0) -> Condition:
    """Condition "the statistic is above the bound"."""
    return Condition(name, measure, "above", bound, equivalence)


def below(name: str, measure: Measure, bound: float, equivalence: float = 0.0) -> Condition:
    """Condition "the statistic is below the bound"."""
    return Condition(name, measure, "below", bound, equivalence)


def between(name: str, measure: Measure, bound: float) -> tuple[Condition, Condition]:
    """Conditions "the statistic is equivalent to 0: between -bound and bound" (two one-sided)."""
    return below(name, measure, bound), above(name, measure, -bound)


def select_blocks(
    tables: ResultTables,
    claim: Claim,
    *settings: Mapping[str, str | float],
    table: str | None = None,
) -> list[Block]:
    """Runs of a claim's experiment, one block a seed with one run for each of the settings.

    Parameters
    ----------
    settings
        Values of columns, for example `{"rate_factor": 2}`.
    table
        The experiment, where the claim has several.

    Raises
    ------
    NotRun
        There is no run of a setting, they have fewer epochs than the claim needs, or the settings
        have no seed in common.
    """
    name = table or claim.tables[0]
    groups = [_select_group(tables, claim, name, setting) for setting in settings]
    seeds = sorted(set.intersection(*(set(group) for group in groups)))
    if not seeds:
        raise NotRun("missing: a seed that all compared settings have in common")
    return [tuple(group[seed] for group in groups) for seed in seeds]


def join_blocks(*groups: Sequence[Block]) -> list[Block]:
    """Blocks of several experiments joined by seed.

    Raises
    ------
    NotRun
        They have no seed in common.
    """
    by_seed = [{block[0].seed: block for block in group} for group in groups]
    seeds = sorted(set.intersection(*(set(blocks) for blocks in by_seed)))
    if not seeds:
        raise NotRun("missing: a seed that all compared experiments have in common")
    return [sum((blocks[seed] for blocks in by_seed), ()) for seed in seeds]


def _select_group(
    tables: ResultTables, claim: Claim, name: str, setting: Mapping[str, str | float]
) -> dict[int, RunCurves]:
    """Runs of one setting by seed."""
    runs = select_runs(tables.curves[name], setting)
    if not runs:
        raise NotRun(f"missing: {name} with {describe_settings(setting)}")
    shortest = min(run.epochs for run in runs)
    if shortest < claim.epochs:
        raise NotRun(
            f"needs {claim.epochs:.0f} epochs, {name} with {describe_settings(setting)} has "
            f"{shortest}"
        )
    return {run.seed: run for run in runs}


def judge_runs(
    blocks: Sequence[Block], conditions: Sequence[Condition], epochs: str | None = None
) -> Evidence:
    """Evidence on a claim all of whose conditions must hold; the first one is its effect.

    The errors of the whole claim are controlled as `maxgain.statistics.decisions` says. With
    fewer than five seeds nothing is decided; with one the intervals in the text are from within
    the curve.

    Parameters
    ----------
    blocks
        One a seed.
    epochs
        Epochs of the runs as text, where it is not simply theirs.
    """
    measures = dict.fromkeys(condition.measure for condition in conditions)
    measured = {measure: [measure(*block) for block in blocks] for measure in measures}
    pairs = [(condition, measured[condition.measure]) for condition in conditions]
    findings = tuple(_find(condition, statistics) for condition, statistics in pairs)
    seeds = len(blocks)
    kind = "1 seed, intervals within the curve" if seeds == 1 else f"{seeds} seeds"
    few = f" (fewer than {FEWEST_TRAININGS} decide nothing)" if seeds < FEWEST_TRAININGS else ""
    described: dict[str, list[str]] = {}
    for finding, (_, statistics) in zip(findings, pairs, strict=True):
        described.setdefault(describe_finding(finding, statistics), []).append(
            f"{finding.side} {finding.bound:g}"
        )
    texts = [f"{text} (bound {' and '.join(parts)})" for text, parts in described.items()]
    runs = [run for block in blocks for run in block]
    return make_evidence(
        decide(findings),
        findings,
        seeds,
        f"{kind}{few}, {epochs or count_epochs(runs)} epochs: {'; '.join(texts)}",
    )


def _find(condition: Condition, statistics: Sequence[Statistic]) -> Finding:
    values = np.array([statistic.value for statistic in statistics], dtype=np.float64)
    return hold_mean(condition.name, values, condition.side, condition.bound, condition.equivalence)


def describe_finding(finding: Finding, statistics: Sequence[Statistic] = ()) -> str:
    """A finding as short text, without its bound: name, estimate, interval."""
    if math.isnan(finding.estimate):
        return f"{finding.name} undefined"
    low, high = finding.low, finding.high
    if len(statistics) == 1 and not math.isnan(statistics[0].low):
        low, high = statistics[0].low, statistics[0].high
    interval = "" if low is None or high is None else f" [{low:.3g}, {high:.3g}]"
    left_out = f", undefined for {finding.undefined} seed(s)" if finding.undefined else ""
    return f"{finding.name} {finding.estimate:.3g}{interval}{left_out}"


def count_epochs(runs: Sequence[RunCurves]) -> str:
    """Epochs of the runs as text, "20" or "20 to 45"."""
    counts = sorted({run.epochs for run in runs})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def compare_variability(claim: Claim, run: RunCurves, epoch: int, first: int) -> Statistic:
    """Base-2 logarithm of the variability after over before `epoch`, from `first` on."""
    curve = claim.curve(run)
    return compare_scales(slice_steps(curve, epoch), slice_steps(curve, first, epoch))


def grow_with_rate(
    claim: Claim, name: str = "", first: int = 1, last: int | None = None
) -> Condition:
    """Condition that variability between two epochs grows with the rates of `RAISED`."""
    return above(
        f"exponent of variability over rate{name}",
        lambda *runs: fit_exponent(
            list(RAISED), [slice_steps(claim.curve(run), first, last) for run in runs]
        ),
        claim.threshold,
        claim.equivalence,
    )
