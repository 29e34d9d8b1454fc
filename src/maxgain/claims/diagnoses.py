"""Claims D1-D5: what the gain alone says of each run, against settings and losses (IV-C1).

The settings are the paper's own design and not a sample of settings, so the trainings are what is
random. D1 to D4 compare shares of trainings, and their interval covers two: Agresti and Caffo's
over trainings, which knows that few of them say little even where all agree (that they are of
several settings only makes a share vary less, Hoeffding 1956), and Student's over the seeds'
differences, which knows that trainings of one seed, begun alike, may be alike.
"""

from collections.abc import Callable, Sequence
from statistics import mean

import numpy as np

from maxgain.claims.conditions import (
    Block,
    above,
    count_epochs,
    describe_finding,
    judge_runs,
)
from maxgain.claims.diagnosed_runs import (
    diagnose_by_gain,
    diagnose_by_losses,
    diagnose_by_sensitivity,
    gather_runs,
    gather_sweeps,
    leave_single_rates_out,
    name_sweeps,
)
from maxgain.claims.evidence import Evidence, add_note, make_evidence
from maxgain.claims.registry import Claim
from maxgain.diagnosis.verdicts import DiagnosisVerdict
from maxgain.statistics.agreement import compute_kappa, find_difference_interval
from maxgain.statistics.decisions import (
    FEWEST_TRAININGS,
    decide,
    find_mean_interval,
    hold_interval,
)
from maxgain.statistics.intervals import Statistic
from maxgain.tables.curves import SENSITIVITY_COLUMNS
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves


def judge_d1(tables: ResultTables, claim: Claim) -> Evidence:
    """Runs with raised rates are diagnosed "learning rate too high" more often than others.

    The settings are the truth here: rates x2 and above of the sweeps against x1 and below.
    Diverged runs are left out. For D1 to D4 a difference of shares below one run in five is
    equivalent to none: a rule that is right so rarely tells a user nothing.
    """
    return _compare_shares(
        gather_sweeps(tables, claim),
        claim,
        DiagnosisVerdict.LEARNING_RATE_TOO_HIGH,
        lambda run: run.rate_factor > 1.5,
        ("raised rates", "other rates"),
    )


def judge_d2(tables: ResultTables, claim: Claim) -> Evidence:
    """Runs with lowered rates are diagnosed "too low, or train longer" more often than others.

    The settings are the truth here: x1/3 and x1/10 of the sweeps against x1 and above. Diverged
    runs are left out.
    """
    return _compare_shares(
        gather_sweeps(tables, claim),
        claim,
        DiagnosisVerdict.LEARNING_RATE_TOO_LOW,
        lambda run: run.rate_factor < 0.75,
        ("lowered rates", "other rates"),
    )


def judge_d3(tables: ResultTables, claim: Claim) -> Evidence:
    """Runs that converge by their losses are diagnosed "converging" more often than others."""
    return _compare_shares(
        gather_runs(tables, claim),
        claim,
        DiagnosisVerdict.CONVERGING,
        lambda run: diagnose_by_losses(run) == DiagnosisVerdict.CONVERGING,
        ("converging by the losses", "others"),
    )


def judge_d4(tables: ResultTables, claim: Claim) -> Evidence:
    """Runs that overfit by their losses are diagnosed "overfitting" more often than others."""
    return _compare_shares(
        gather_runs(tables, claim),
        claim,
        DiagnosisVerdict.OVERFITTING,
        lambda run: diagnose_by_losses(run) == DiagnosisVerdict.OVERFITTING,
        ("overfitting by the losses", "others"),
    )


def judge_d5(tables: ResultTables, claim: Claim) -> Evidence:
    """Diagnoses from the gain and from the losses agree beyond chance: Cohen's kappa above 0.4.

    0.4 is where agreement begins to be called moderate (Landis and Koch 1977); less would not do
    as a stand-in. Every seed gives one kappa over the settings trained with it, seeds left out that
    some rates of a sweep lack; Student's interval over seeds. The cost needs no measurement: a gain
    is one forward and one backward pass on one image whatever the validation set's size.
    """
    runs = leave_single_rates_out(gather_runs(tables, claim), name_sweeps(tables))
    blocks = [
        tuple(run for run in runs if run.seed == seed) for seed in sorted({r.seed for r in runs})
    ]
    evidence = judge_runs(
        blocks,
        [
            above(
                "kappa",
                lambda *block: Statistic(_measure_agreement(claim, block)),
                claim.threshold,
                claim.equivalence,
            )
        ],
        count_epochs(runs),
    )
    agree = mean(float(diagnose_by_gain(claim, run) == diagnose_by_losses(run)) for run in runs)
    settings = len({run.setting for run in runs})
    return add_note(
        _add_rules_on_sensitivity(claim, evidence, blocks),
        f"{len(runs)} runs of {settings} settings: same diagnosis in {agree:.0%}; cost by "
        "construction one forward and backward pass on one image instead of a validation set",
    )


def _add_rules_on_sensitivity(
    claim: Claim, evidence: Evidence, blocks: Sequence[Block]
) -> Evidence:
    """The evidence with what the rules on sensitivity give in place of the paper's on the gain.

    Their kappa and its excess over the gain's, seed by seed, over the runs that have both.
    """
    both = [
        tuple(run for run in block if set(SENSITIVITY_COLUMNS) <= run.curves.keys())
        for block in blocks
    ]
    measured = [block for block in both if block]
    if not measured:
        return evidence

    def kappa(*block: RunCurves) -> float:
        by_losses = [diagnose_by_losses(run) for run in block]
        return compute_kappa([diagnose_by_sensitivity(run) for run in block], by_losses)

    name = "kappa of the rules on sensitivity"
    found = judge_runs(
        measured,
        [
            above(name, lambda *block: Statistic(kappa(*block)), claim.threshold),
            above(
                "its excess over the gain's in these runs",
                lambda *block: Statistic(kappa(*block) - _measure_agreement(claim, block)),
                0.0,
            ),
        ],
    )
    texts = [describe_finding(finding) for finding in found.findings]
    return add_note(evidence, f"{len(measured)} seeds with sensitivity: {', '.join(texts)}")


def _measure_agreement(claim: Claim, runs: Sequence[RunCurves]) -> float:
    return compute_kappa(
        [diagnose_by_gain(claim, run) for run in runs],
        [diagnose_by_losses(run) for run in runs],
    )


def _compare_shares(
    runs: Sequence[RunCurves],
    claim: Claim,
    diagnosis: DiagnosisVerdict,
    belongs: Callable[[RunCurves], bool],
    names: tuple[str, str],
) -> Evidence:
    """Evidence on "this diagnosis is more frequent among the runs that belong".

    The interval is as this module's first lines say; there is none with fewer than five seeds that
    have runs on both sides.
    """
    groups = [run for run in runs if belongs(run)], [run for run in runs if not belongs(run)]
    found = [
        [(run.seed, diagnose_by_gain(claim, run) == diagnosis) for run in group] for group in groups
    ]
    hits = [sum(hit for _, hit in group) for group in found]
    counts = [len(group) for group in found]
    seeds = len({run.seed for run in runs})
    texts = [
        f"{name}: {hit} of {count} runs ({len({run.setting for run in group})} settings)"
        for name, hit, count, group in zip(names, hits, counts, groups, strict=True)
    ]
    numbers = f'{seeds} seeds, diagnosed "{diagnosis}": {"; ".join(texts)}'
    if min(counts) == 0:
        empty = names[counts.index(0)]
        return Evidence("inconclusive", seeds=seeds, numbers=f"{numbers}; no run in: {empty}")
    finding = hold_interval(
        "difference of shares",
        hits[0] / counts[0] - hits[1] / counts[1],
        _cover_intervals(found, (hits[0], hits[1]), (counts[0], counts[1])),
        "above",
        claim.threshold,
        len(runs),
        claim.equivalence,
    )
    return make_evidence(decide([finding]), (finding,), seeds, numbers)


def _cover_intervals(
    found: list[list[tuple[int, bool]]], hits: tuple[int, int], counts: tuple[int, int]
) -> tuple[float, float] | None:
    """Interval that covers the one over trainings and the one over seeds."""
    shares: list[dict[int, float]] = []
    for group in found:
        by_seed: dict[int, list[bool]] = {}
        for seed, hit in group:
            by_seed.setdefault(seed, []).append(hit)
        shares.append({seed: mean(map(float, part)) for seed, part in by_seed.items()})
    common = sorted(shares[0].keys() & shares[1].keys())
    if len(common) < FEWEST_TRAININGS:
        return None
    low, high = find_mean_interval(np.array([shares[0][s] - shares[1][s] for s in common]))
    least, most = find_difference_interval(hits, counts)
    return (least, most) if low is None or high is None else (min(low, least), max(high, most))
