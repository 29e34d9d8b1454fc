"""Claims D1-D5: what the gain alone says of each run, against settings and losses (IV-C1)."""

import math
from collections.abc import Callable, Hashable
from functools import lru_cache
from statistics import mean
from typing import TypeVar

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from maxgain.claims.evidence import Claim, Evidence, NotRun
from maxgain.diagnosis.losses import diagnose_losses
from maxgain.diagnosis.rules import DiagnosisVerdict, diagnose
from maxgain.statistics.decisions import decide
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import Run, read_runs

Item = TypeVar("Item")


#: Draws of the bootstrap over settings.
DRAWS = 1000


def judge_d1(tables: ResultTables, claim: Claim) -> Evidence:
    """Runs with raised rates are diagnosed "learning rate too high" more often than others.

    The settings are the truth here: rates x2 and above of both sweeps against x1 and below.
    Diverged runs are left out.
    """
    runs = _gather_sweeps(tables, claim)
    return _compare_shares(
        runs,
        claim,
        DiagnosisVerdict.LEARNING_RATE_TOO_HIGH,
        lambda run: run.rate_factor > 1.5,
        ("raised rates", "other rates"),
    )


def judge_d2(tables: ResultTables, claim: Claim) -> Evidence:
    """Runs with lowered rates are diagnosed "too low, or train longer" more often than others.

    The settings are the truth here: x1/3 and x1/10 of both sweeps against x1 and above.
    Diverged runs are left out.
    """
    runs = _gather_sweeps(tables, claim)
    return _compare_shares(
        runs,
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
    as a stand-in. The interval is a bootstrap over settings, not runs, because seeds of one
    setting are alike. The cost needs no measurement: a gain is one forward and one backward pass
    on one image whatever the validation set's size.
    """
    runs = _gather_runs(tables, claim)
    pairs = [(_diagnose_by_gain(run), _diagnose_by_losses(run)) for run in runs]
    groups = _group_by_setting(runs, pairs)
    counts = np.array([_count_pairs(group) for group in groups])
    kappa = _compute_kappa(counts.sum(axis=0))
    chosen = np.random.default_rng(0).integers(len(groups), size=(DRAWS, len(groups)))
    draws = np.array([_compute_kappa(counts[places].sum(axis=0)) for places in chosen])
    finite = draws[np.isfinite(draws)] if len(groups) > 1 else np.empty(0)
    low, high = (
        (float(end) for end in np.quantile(finite, (0.025, 0.975)))
        if finite.size > DRAWS // 2
        else (None, None)
    )
    agree = mean(float(a == b) for a, b in pairs)
    return Evidence(
        decide(kappa, low, high, claim.threshold),
        None if math.isnan(kappa) else kappa,
        low,
        high,
        len({run.seed for run in runs}),
        f"{len(runs)} runs of {len(groups)} settings: same diagnosis in {agree:.0%}, kappa "
        f"{kappa:.2f} (bound above {claim.threshold:g}); cost by construction one forward and "
        f"backward pass on one image instead of a validation set",
    )


def _gather_runs(tables: ResultTables, claim: Claim) -> list[Run]:
    """Return all runs that are long enough, each training once.

    One training may serve several experiments, whole or its first epochs. It is then counted as
    part of the learning-rate sweep, where its rate factor tells raised from lowered rates.
    """
    kept: dict[Hashable, Run] = {}
    names = sorted(tables.curves, key=lambda name: (not _is_sweep(name), name))
    for name in names:
        for run in read_runs(tables.curves[name]):
            kept.setdefault((run.setting, run.seed), run)
    runs = [run for run in kept.values() if run.epochs >= claim.epochs]
    if not runs:
        raise NotRun(f"needs a run of {claim.epochs:.0f} epochs or more, there is none")
    return runs


def _gather_sweeps(tables: ResultTables, claim: Claim) -> list[Run]:
    """Return the runs of the learning-rate sweeps that have not diverged.

    A diverged run needs no diagnosis: it says itself that its rate is too high.
    """
    runs = [run for run in _gather_runs(tables, claim) if _is_sweep(run.experiment)]
    if not runs:
        raise NotRun(f"needs a run of a learning-rate sweep with {claim.epochs:.0f} epochs or more")
    return [run for run in runs if _diagnose_by_gain(run) != DiagnosisVerdict.DIVERGED]


def _is_sweep(experiment: str) -> bool:
    return experiment.endswith("_rates")


def _diagnose_by_gain(run: Run) -> DiagnosisVerdict:
    verdict = _diagnose_once(run.gain.tobytes())
    # The losses know no dead networks: their loss is finite and constant.
    return DiagnosisVerdict.UNDECIDED if verdict == DiagnosisVerdict.DEAD else verdict


def _diagnose_by_losses(run: Run) -> DiagnosisVerdict:
    return _diagnose_losses_once(run.training_loss.tobytes(), run.validation_loss.tobytes())


# The five claims look at the same runs; bytes are what an array can be remembered by.
@lru_cache(maxsize=1024)
def _diagnose_once(gain: bytes) -> DiagnosisVerdict:
    return diagnose(np.frombuffer(gain)).verdict


@lru_cache(maxsize=1024)
def _diagnose_losses_once(training_loss: bytes, validation_loss: bytes) -> DiagnosisVerdict:
    return diagnose_losses(np.frombuffer(training_loss), np.frombuffer(validation_loss))


def _count_pairs(
    pairs: list[tuple[DiagnosisVerdict, DiagnosisVerdict]],
) -> Float[ndarray, "labels labels"]:
    """Return how often each pair of diagnoses (by gain, by losses) occurs."""
    labels = list(DiagnosisVerdict)
    counts = np.zeros((len(labels), len(labels)))
    for by_gain, by_losses in pairs:
        counts[labels.index(by_gain), labels.index(by_losses)] += 1
    return counts


def _compute_kappa(counts: Float[ndarray, "labels labels"]) -> float:
    """Return Cohen's kappa; NaN where all diagnoses on both sides are one and the same."""
    shares = counts / counts.sum()
    chance = float(shares.sum(axis=0) @ shares.sum(axis=1))
    return (float(np.trace(shares)) - chance) / (1 - chance) if chance < 1 else math.nan


def _group_by_setting(runs: list[Run], items: list[Item]) -> list[list[Item]]:
    groups: dict[Hashable, list[Item]] = {}
    for run, item in zip(runs, items, strict=True):
        groups.setdefault(run.setting, []).append(item)
    return list(groups.values())


def _compare_shares(
    runs: list[Run],
    claim: Claim,
    diagnosis: DiagnosisVerdict,
    belongs: Callable[[Run], bool],
    names: tuple[str, str],
) -> Evidence:
    """Return the evidence on "this diagnosis is more frequent among the runs that belong".

    Every setting counts once, with the share of its seeds: seeds of one setting are alike, and
    counting them as independent would make the interval too narrow. The interval of the difference
    is Agresti and Caffo's (2000), which holds its level for a handful of settings and for shares
    of 0 and 1.
    """
    groups = [run for run in runs if belongs(run)], [run for run in runs if not belongs(run)]
    texts, shares, counts = [], [], []
    for name, group in zip(names, groups, strict=True):
        hits = [float(_diagnose_by_gain(run) == diagnosis) for run in group]
        settings = [mean(part) for part in _group_by_setting(group, hits)]
        texts.append(f"{name}: {sum(hits):.0f} of {len(group)} runs ({len(settings)} settings)")
        shares.append(sum(settings))
        counts.append(len(settings))
    seeds = len({run.seed for run in runs})
    numbers = f'diagnosed "{diagnosis}": {"; ".join(texts)}'
    if min(counts) == 0:
        empty = names[counts.index(0)]
        return Evidence("inconclusive", seeds=seeds, numbers=f"{numbers}; no run in: {empty}")
    effect = shares[0] / counts[0] - shares[1] / counts[1]
    low, high = _agresti_caffo(shares, counts)
    return Evidence(decide(effect, low, high, claim.threshold), effect, low, high, seeds, numbers)


def _agresti_caffo(successes: list[float], counts: list[int]) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two shares: one success, one failure added."""
    shares = [(s + 1) / (n + 2) for s, n in zip(successes, counts, strict=True)]
    variance = sum(p * (1 - p) / (n + 2) for p, n in zip(shares, counts, strict=True))
    half = float(stats.norm.ppf(0.975)) * math.sqrt(variance)
    difference = shares[0] - shares[1]
    return max(-1.0, difference - half), min(1.0, difference + half)
