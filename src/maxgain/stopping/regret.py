"""What a stop costs: test loss lost against the best epoch, work, and how it failed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame

from maxgain.quantities.registry import snapshot_cost
from maxgain.statistics.concordance import concordance
from maxgain.statistics.gaps import keep_finite_epochs
from maxgain.stopping.replay import Replayed
from maxgain.stopping.row import StopRule
from maxgain.tables.stopping import HELD_OUT, HELD_OUT_COLUMNS, HELD_OUT_SHARE

LEAST_LOSS_OF_LAST = 0.05
"""Regret of the last epoch, in nats, from which on a share of it can be recovered."""

LARGE_REGRET = 0.1
"""Regret, in nats, that makes a stop before half of the best epoch a failure."""

COSTLY_POINTS = 1.0
"""Regret of the error, in percentage points, that counts as a failure."""


@dataclass(frozen=True)
class Score:
    """How a rule did on one training.

    Attributes
    ----------
    draw
        Of a rule with chance in it.
    halt, selected
        Epochs; the last one where the rule never fired, 0 where it failed.
    fired
        Whether the rule stopped the training.
    reason, failure
        Its own words, and why it could not be judged: empty where it could.
    best_epoch
        Mean of the best epochs of both halves of the test images.
    loss_regret, error_regret
        In nats and in percentage points; negative where chance made the selected epoch better.
    recovered_share
        Of the last epoch's regret; NaN where that is at most 0.05 nats.
    epochs_used
        Share of the planned epochs.
    work
        Training and signals, in forward and backward passes of one image; NaN for a rule that does
        not say which signals it sees.
    epoch_error
        Selected less best epoch.
    too_early
        Stopped before half of the best epoch at a regret above 0.1 nats.
    costly
        Regret of the error above 1 point.
    """

    draw: int
    halt: int
    selected: int
    fired: bool
    reason: str
    failure: str
    best_epoch: float = math.nan
    loss_regret: float = math.nan
    error_regret: float = math.nan
    recovered_share: float = math.nan
    epochs_used: float = math.nan
    work: float = math.nan
    epoch_error: float = math.nan
    too_early: bool = False
    costly: bool = False


def score(
    row: StopRule, replayed: Replayed, outcomes: DataFrame, run: Mapping[str, object]
) -> Score:
    """Judge what a rule did on one training.

    Parameters
    ----------
    outcomes
        Of the run, one row an epoch from 1 on.
    run
        The run's row of runs.csv.
    """
    if replayed.failure:
        return Score(replayed.draw, 0, 0, False, "", replayed.failure)
    last = len(outcomes)
    fired = replayed.stop is not None
    halt, selected, reason = replayed.stop or (last, last, "never fired")
    best = best_epoch(outcomes)
    loss = regret(outcomes, selected, "loss", row.weights)
    error = 100 * regret(outcomes, selected, "error", row.weights)
    failure = ""
    if not math.isfinite(loss):
        loss, failure = math.nan, _reason_for_none(outcomes, best)
    whole = regret(outcomes, last, "loss")
    return Score(
        replayed.draw,
        halt,
        selected,
        fired,
        reason,
        failure,
        best,
        loss,
        error,
        1 - loss / whole if whole > LEAST_LOSS_OF_LAST else math.nan,
        halt / last,
        work(row, halt, selected, run),
        selected - best,
        fired and halt < best / 2 and loss > LARGE_REGRET,
        error > COSTLY_POINTS,
    )


def _reason_for_none(outcomes: DataFrame, best: float) -> str:
    if math.isnan(best):
        return "fewer than 3 epochs of the training have a finite test loss."
    return "the test loss of the selected epoch is not finite."


def regret(
    outcomes: DataFrame,
    selected: int,
    measure: Literal["loss", "error"],
    weights: Literal["run", "twin"] = "run",
) -> float:
    """What an epoch's test loss (nats) or error (share) exceeds the best epoch's by.

    The best epoch is chosen on one half of the test images (`best_on_half`) and both are read on
    the other; mean of both ways. So chance does not favour the best epoch, and a regret may be
    negative. NaN or infinite where a loss is.

    Parameters
    ----------
    weights
        Whether the selected epoch is the run's or its twin's; the best one is always the run's.
    """
    of = "twin_" if weights == "twin" else ""
    values = []
    for half, other in ("ab", "ba"):
        best = best_on_half(outcomes[f"test_{measure}_{half}"].to_numpy(dtype=np.float64))
        if best is None:
            return math.nan
        found = outcomes[f"{of}test_{measure}_{other}"].iloc[selected - 1]
        values.append(float(found) - float(outcomes[f"test_{measure}_{other}"].iloc[best - 1]))
    return sum(values) / 2


def best_on_half(curve: Float[ndarray, " epochs"]) -> int | None:
    """The epoch (from 1) at which the median of it and its two neighbours is lowest.

    So neither the first nor the last epoch is one. Triples that share two epochs often share their
    median: of several such epochs it is that of the lowest loss, the first of equal ones. Epochs
    that are not finite are left out; None where fewer than 3 are left.

    Examples
    --------
    >>> best_on_half(np.array([2.0, 0.9, 0.5, 0.6, 0.8, 1.0, 0.1, 1.5]))
    3
    """
    # Not `maxgain.diagnosis.losses.loss_minimum`, which the paper's claims use: that takes the
    # lowest epoch of the best triple, whatever the median around it.
    epochs, values = keep_finite_epochs(curve)
    if values.size < 3:
        return None
    medians = np.median(np.lib.stride_tricks.sliding_window_view(values, 3), axis=1)
    centres = 1 + np.flatnonzero(medians == medians.min())
    return int(epochs[centres[np.argmin(values[centres])]])


def best_epoch(outcomes: DataFrame) -> float:
    """Mean of the best epochs by test loss of both halves; NaN where one has none."""
    halves = (outcomes[f"test_loss_{half}"].to_numpy(dtype=np.float64) for half in "ab")
    found = [best_on_half(curve) for curve in halves]
    return math.nan if None in found else sum(found) / 2  # type: ignore[arg-type]


def work(row: StopRule, halt: int, selected: int, run: Mapping[str, object]) -> float:
    """Training, signals and held-out losses of a rule, in forward and backward passes of an image.

    A rule with held-out data trains the twin, and the run beside it where that is what it uses.
    NaN for a rule that does not say which quantities it sees, as their cost is not known.
    """
    if row.columns is None:
        return math.nan
    images, impulses, classes = (
        int(run[name])  # type: ignore[call-overload]
        for name in ("training_images", "impulses", "classes")
    )
    signals = halt * snapshot_cost(row.columns, images, impulses, classes)
    if not set(row.columns) & set(HELD_OUT_COLUMNS):
        return float(halt * images + signals)
    share = float(run.get(HELD_OUT, HELD_OUT_SHARE))  # type: ignore[arg-type]
    held_out = share * images
    twin = halt * (images - held_out + held_out / 3)
    return float(signals + twin + (selected * images if row.weights == "run" else 0))


def agreement(signal: Float[ndarray, " epochs"], test_loss: Float[ndarray, " epochs"]) -> float:
    """Kendall's tau of a signal and the test loss over the epochs at which both are finite.

    NaN with fewer than 5 of them, and where one does not vary.
    """
    both = np.isfinite(signal) & np.isfinite(test_loss)
    if both.sum() < 5 or np.ptp(signal[both]) == 0 or np.ptp(test_loss[both]) == 0:
        return math.nan
    return concordance(signal[both], test_loss[both])
