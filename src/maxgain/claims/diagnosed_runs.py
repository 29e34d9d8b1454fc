"""The trainings that claims D1-D5 count, and what gain, sensitivity and losses say of each.

Several claims ask the same of the same runs, some of them twice: the answers are remembered.
"""

from collections.abc import Hashable, Sequence
from functools import lru_cache

import numpy as np

from maxgain.claims.evidence import NotRun
from maxgain.claims.registry import Claim
from maxgain.diagnosis.losses import diagnose_losses, overfitting_onset
from maxgain.diagnosis.rules import diagnose
from maxgain.diagnosis.sensitivity import diagnose_sensitivity
from maxgain.diagnosis.verdicts import DiagnosisVerdict
from maxgain.tables.curves import SENSITIVITY_COLUMNS
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves, is_rate_sweep, read_runs


def gather_runs(tables: ResultTables, claim: Claim) -> list[RunCurves]:
    """All runs that are long enough, each training once.

    One training may serve several experiments, whole or its first epochs. It is then counted as
    part of the learning-rate sweep, where its rate factor tells raised from lowered rates. Others
    of the same setting and seed, such as with a schedule or in another precision, count themselves.
    """
    kept: dict[Hashable, list[RunCurves]] = {}
    sweeps = name_sweeps(tables)
    for name in sorted(tables.curves, key=lambda name: (name not in sweeps, name)):
        for run in read_runs(tables.curves[name]):
            alike = kept.setdefault((run.setting, run.seed), [])
            if not any(_are_one_training(run, other) for other in alike):
                alike.append(run)
    runs = [run for alike in kept.values() for run in alike if run.epochs >= claim.epochs]
    if not runs:
        raise NotRun(f"needs a run of {claim.epochs:.0f} epochs or more, there is none")
    return runs


def _are_one_training(one: RunCurves, other: RunCurves) -> bool:
    """Whether two runs are the same as far as both go: a training is the same bytes each time."""
    common = min(one.epochs, other.epochs)
    own, others = (run["training_loss"][:common] for run in (one, other))
    return np.array_equal(own, others, equal_nan=True)


def gather_sweeps(tables: ResultTables, claim: Claim) -> list[RunCurves]:
    """Runs of the learning-rate sweeps that have not diverged.

    A diverged run needs no diagnosis: it says itself that its rate is too high.
    """
    sweeps = name_sweeps(tables)
    runs = [run for run in gather_runs(tables, claim) if run.experiment in sweeps]
    if not runs:
        raise NotRun(f"needs a run of a learning-rate sweep with {claim.epochs:.0f} epochs or more")
    return [run for run in runs if diagnose_by_gain(claim, run) != DiagnosisVerdict.DIVERGED]


def leave_single_rates_out(runs: Sequence[RunCurves], sweeps: set[str]) -> list[RunCurves]:
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


def name_sweeps(tables: ResultTables) -> set[str]:
    """Names of the experiments, as their rows have them, that vary the learning rate."""
    return {
        str(table["experiment"].iloc[0]) for table in tables.curves.values() if is_rate_sweep(table)
    }


def diagnose_by_gain(claim: Claim, run: RunCurves) -> DiagnosisVerdict:
    """What the paper's rules say of a run's gain (section IV-C1)."""
    verdict = _diagnose_once(claim.curve(run).tobytes())
    # The losses know no dead networks: their loss is finite and constant.
    return DiagnosisVerdict.UNDECIDED if verdict == DiagnosisVerdict.DEAD else verdict


def diagnose_by_sensitivity(run: RunCurves) -> DiagnosisVerdict:
    """What the rules on sensitivity and saturation, averaged over impulses, say of a run."""
    return _diagnose_sensitivity_once(*(run[name].tobytes() for name in SENSITIVITY_COLUMNS))


def diagnose_by_losses(run: RunCurves) -> DiagnosisVerdict:
    """What training and validation loss say of a run; the truth of D3 to D5."""
    return _diagnose_losses_once(run["training_loss"].tobytes(), run["validation_loss"].tobytes())


def find_overfitting(run: RunCurves) -> int | None:
    """The epoch from which on a run overfits by its losses; None where it does not."""
    return _find_overfitting_once(run["training_loss"].tobytes(), run["validation_loss"].tobytes())


# Bytes are what an array can be remembered by.
@lru_cache(maxsize=1024)
def _diagnose_once(gain: bytes) -> DiagnosisVerdict:
    return diagnose(np.frombuffer(gain)).verdict


@lru_cache(maxsize=1024)
def _diagnose_losses_once(training_loss: bytes, validation_loss: bytes) -> DiagnosisVerdict:
    return diagnose_losses(np.frombuffer(training_loss), np.frombuffer(validation_loss))


@lru_cache(maxsize=1024)
def _find_overfitting_once(training_loss: bytes, validation_loss: bytes) -> int | None:
    return overfitting_onset(np.frombuffer(validation_loss), np.frombuffer(training_loss))


@lru_cache(maxsize=1024)
def _diagnose_sensitivity_once(
    sensitivity: bytes, error: bytes, saturation: bytes, saturation_error: bytes
) -> DiagnosisVerdict:
    curves = [np.frombuffer(part) for part in (sensitivity, saturation)]
    parts = [np.frombuffer(part) for part in (error, saturation_error)]
    errors = [np.where(part >= 0, part, np.nan) for part in parts]
    if not np.isfinite(errors[0]).any():
        return DiagnosisVerdict.UNDECIDED
    verdict = diagnose_sensitivity(curves[0], errors[0], curves[1], errors[1]).verdict
    return DiagnosisVerdict.UNDECIDED if verdict == DiagnosisVerdict.DEAD else verdict
