"""Claims D1-D5: what the gain alone says of each run, against settings and losses (IV-C1).

The settings are the paper's own design and not a sample of settings, so the trainings are what is
random. D1 to D4 compare shares of trainings, and their interval covers two: Agresti and Caffo's
over trainings, which knows that few of them say little even where all agree (that they are of
several settings only makes a share vary less, Hoeffding 1956), and Student's over the seeds'
differences, which knows that trainings of one seed, begun alike, may be alike.
"""

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from statistics import mean

import numpy as np

from maxgain.claims.conditions import (
    Block,
    above,
    count_epochs,
    describe_finding,
    judge_runs,
)
from maxgain.claims.evidence import Evidence, NotRun, add_note, make_evidence
from maxgain.claims.registry import Claim
from maxgain.diagnosis.losses import diagnose_losses
from maxgain.diagnosis.rules import diagnose
from maxgain.diagnosis.sensitivity import diagnose_sensitivity
from maxgain.diagnosis.verdicts import DiagnosisVerdict
from maxgain.statistics.agreement import compute_kappa, find_difference_interval
from maxgain.statistics.decisions import (
    FEWEST_TRAININGS,
    decide,
    find_mean_interval,
    hold_interval,
)
from maxgain.statistics.intervals import Statistic
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves, is_rate_sweep, read_runs

SENSITIVITY = (
    "sensitivity_mean_db",
    "sensitivity_error_db",
    "saturation_mean_db",
    "saturation_error_db",
)
"""Columns that the rules on sensitivity read, in the order in which they take them."""


def judge_d1(tables: ResultTables, claim: Claim) -> Evidence:
    """Runs with raised rates are diagnosed "learning rate too high" more often than others.

    The settings are the truth here: rates x2 and above of the sweeps against x1 and below.
    Diverged runs are left out. For D1 to D4 a difference of shares below one run in five is
    equivalent to none: a rule that is right so rarely tells a user nothing.
    """
    return _compare_shares(
        _gather_sweeps(tables, claim),
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
        _gather_sweeps(tables, claim),
        claim,
        DiagnosisVerdict.LEARNING_RATE_TOO_LOW,
        lambda run: run.rate_factor < 0.75,
        ("lowered rates", "other rates"),
    )


def judge_d3(tables: ResultTables, claim: Claim) -> Evidence:
    """Runs that converge by their losses are diagnosed "converging" more often than others."""
    return _compare_shares(
        _gather_runs(tables, claim),
        claim,
        DiagnosisVerdict.CONVERGING,
        lambda run: _diagnose_by_losses(run) == DiagnosisVerdict.CONVERGING,
        ("converging by the losses", "others"),
    )


def judge_d4(tables: ResultTables, claim: Claim) -> Evidence:
    """Runs that overfit by their losses are diagnosed "overfitting" more often than others."""
    return _compare_shares(
        _gather_runs(tables, claim),
        claim,
        DiagnosisVerdict.OVERFITTING,
        lambda run: _diagnose_by_losses(run) == DiagnosisVerdict.OVERFITTING,
        ("overfitting by the losses", "others"),
    )


def judge_d5(tables: ResultTables, claim: Claim) -> Evidence:
    """Diagnoses from the gain and from the losses agree beyond chance: Cohen's kappa above 0.4.

    0.4 is where agreement begins to be called moderate (Landis and Koch 1977); less would not do
    as a stand-in. Every seed gives one kappa over the settings trained with it, seeds left out that
    some rates of a sweep lack; Student's interval over seeds. The cost needs no measurement: a gain
    is one forward and one backward pass on one image whatever the validation set's size.
    """
    runs = _leave_single_rates_out(_gather_runs(tables, claim), _name_sweeps(tables))
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
    agree = mean(float(_diagnose_by_gain(claim, run) == _diagnose_by_losses(run)) for run in runs)
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
        tuple(run for run in block if set(SENSITIVITY) <= run.curves.keys()) for block in blocks
    ]
    measured = [block for block in both if block]
    if not measured:
        return evidence

    def kappa(*block: RunCurves) -> float:
        by_losses = [_diagnose_by_losses(run) for run in block]
        return compute_kappa([_diagnose_by_sensitivity(run) for run in block], by_losses)

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
        [_diagnose_by_gain(claim, run) for run in runs],
        [_diagnose_by_losses(run) for run in runs],
    )


def _gather_runs(tables: ResultTables, claim: Claim) -> list[RunCurves]:
    """All runs that are long enough, each training once.

    One training may serve several experiments, whole or its first epochs. It is then counted as
    part of the learning-rate sweep, where its rate factor tells raised from lowered rates.
    """
    kept: dict[Hashable, RunCurves] = {}
    sweeps = _name_sweeps(tables)
    for name in sorted(tables.curves, key=lambda name: (name not in sweeps, name)):
        for run in read_runs(tables.curves[name]):
            kept.setdefault((run.setting, run.seed), run)
    runs = [run for run in kept.values() if run.epochs >= claim.epochs]
    if not runs:
        raise NotRun(f"needs a run of {claim.epochs:.0f} epochs or more, there is none")
    return runs


def _gather_sweeps(tables: ResultTables, claim: Claim) -> list[RunCurves]:
    """Runs of the learning-rate sweeps that have not diverged.

    A diverged run needs no diagnosis: it says itself that its rate is too high.
    """
    sweeps = _name_sweeps(tables)
    runs = [run for run in _gather_runs(tables, claim) if run.experiment in sweeps]
    if not runs:
        raise NotRun(f"needs a run of a learning-rate sweep with {claim.epochs:.0f} epochs or more")
    return [run for run in runs if _diagnose_by_gain(claim, run) != DiagnosisVerdict.DIVERGED]


def _leave_single_rates_out(runs: Sequence[RunCurves], sweeps: set[str]) -> list[RunCurves]:
    """Runs without those whose seed some rates of their sweep lack (`more_seeds`)."""
    settings: dict[tuple[str, int], set[Hashable]] = {}
    for run in runs:
        settings.setdefault((run.experiment, run.seed), set()).add(run.setting)
    most: dict[str, int] = {}
    for (experiment, _), found in settings.items():
        most[experiment] = max(most.get(experiment, 0), len(found))
    return [
        run
        for run in runs
        if run.experiment not in sweeps
        or len(settings[run.experiment, run.seed]) == most[run.experiment]
    ]


def _name_sweeps(tables: ResultTables) -> set[str]:
    """Names of the experiments, as their rows have them, that vary the learning rate."""
    return {
        str(table["experiment"].iloc[0]) for table in tables.curves.values() if is_rate_sweep(table)
    }


def _diagnose_by_gain(claim: Claim, run: RunCurves) -> DiagnosisVerdict:
    verdict = _diagnose_once(claim.curve(run).tobytes())
    # The losses know no dead networks: their loss is finite and constant.
    return DiagnosisVerdict.UNDECIDED if verdict == DiagnosisVerdict.DEAD else verdict


def _diagnose_by_sensitivity(run: RunCurves) -> DiagnosisVerdict:
    values, error, saturation, saturation_error = (run[name] for name in SENSITIVITY)
    errors = [np.where(part >= 0, part, np.nan) for part in (error, saturation_error)]
    if not np.isfinite(errors[0]).any():
        return DiagnosisVerdict.UNDECIDED
    verdict = diagnose_sensitivity(values, errors[0], saturation, errors[1]).verdict
    return DiagnosisVerdict.UNDECIDED if verdict == DiagnosisVerdict.DEAD else verdict


def _diagnose_by_losses(run: RunCurves) -> DiagnosisVerdict:
    return _diagnose_losses_once(run["training_loss"].tobytes(), run["validation_loss"].tobytes())


# The five claims look at the same runs; bytes are what an array can be remembered by.
@lru_cache(maxsize=1024)
def _diagnose_once(gain: bytes) -> DiagnosisVerdict:
    return diagnose(np.frombuffer(gain)).verdict


@lru_cache(maxsize=1024)
def _diagnose_losses_once(training_loss: bytes, validation_loss: bytes) -> DiagnosisVerdict:
    return diagnose_losses(np.frombuffer(training_loss), np.frombuffer(validation_loss))


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
        [(run.seed, _diagnose_by_gain(claim, run) == diagnosis) for run in group]
        for group in groups
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
