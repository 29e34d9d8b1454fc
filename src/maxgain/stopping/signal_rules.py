"""Stop rules of signals that have none of their own: the same wrappers for all, and ours."""

from typing import Literal

import numpy as np
from pandas import DataFrame

from maxgain.diagnosis import DiagnosisVerdict, diagnose
from maxgain.diagnosis.thresholds import FLAT_DB, SMOOTH_DB
from maxgain.statistics.onset import variability_onset
from maxgain.statistics.trend import FLAT_SHARE, plateau_epoch
from maxgain.stopping.rules import epoch_of_row, trailing_mean
from maxgain.stopping.stop import Stop


def variability(table: DataFrame, column: str) -> Stop | None:
    """Stop where a signal has started to jump; the epoch at which it did is used.

    `maxgain.statistics.onset.variability_onset` on the signal so far.
    """
    onset = variability_onset(table[column].to_numpy(dtype=np.float64))
    if onset is None:
        return None
    said = f"{column} jumps since epoch {epoch_of_row(table, onset.epoch)}"
    return Stop(len(table), onset.epoch, said)


def plateau(
    table: DataFrame,
    column: str,
    direction: Literal["rising", "falling"] = "rising",
    flat_share: float = FLAT_SHARE,
) -> Stop | None:
    """Stop where a signal's rise (or fall) has ended; the epoch at which it did is used.

    `maxgain.statistics.trend.plateau_epoch` on the signal so far.

    Parameters
    ----------
    flat_share
        How steep what is flat may be, as a share of the rise before it.
    """
    values = table[column].to_numpy(dtype=np.float64)
    flat = plateau_epoch(values if direction == "rising" else -values, flat_share)
    if flat is None:
        return None
    return Stop(len(table), flat, f"{column} is flat since epoch {epoch_of_row(table, flat)}")


def diagnosis(
    table: DataFrame, column: str = "gain_db", smooth_db: float = SMOOTH_DB
) -> Stop | None:
    """Stop where the gain's diagnosis is overfitting or converging.

    `maxgain.diagnosis.rules.diagnose` on the gain so far (section IV-C1 of the paper). The epoch
    used is that at which the gain started to jump, or became flat.
    """
    found = diagnose(table[column].to_numpy(dtype=np.float64), smooth_db)
    halt = len(table)
    if found.verdict is DiagnosisVerdict.OVERFITTING and found.onset is not None:
        return Stop(halt, found.onset.epoch, found.verdict.value)
    if found.verdict is DiagnosisVerdict.CONVERGING:
        return Stop(halt, found.plateau or halt, found.verdict.value)
    return None


def sensitivity_plateau(table: DataFrame, flat_share: float = FLAT_SHARE) -> Stop | None:
    """Stop where the rise of the sensitivity S, mean over impulses, has ended. Ours."""
    return plateau(table, "sensitivity_mean_db", flat_share=flat_share)


def saturation_fall(
    table: DataFrame, drop_db: float = FLAT_DB, window: int = 3, lasting: int = 3
) -> Stop | None:
    """Stop where the saturation C, mean over impulses, has begun to fall. Ours.

    The fall begins at the first of `lasting` epochs running at which the moving average of C lies
    more than `drop_db` below its highest value until then; that epoch is used.
    """
    start = _start_of_fall(table, drop_db, window, lasting)
    if start is None:
        return None
    said = f"the saturation falls since epoch {epoch_of_row(table, start)}"
    return Stop(len(table), start, said)


def plateau_and_fall(
    table: DataFrame, drop_db: float = FLAT_DB, window: int = 3, lasting: int = 3
) -> Stop | None:
    """Stop where both `sensitivity_plateau` and `saturation_fall` hold; the later epoch is used."""
    start = _start_of_fall(table, drop_db, window, lasting)
    flat = sensitivity_plateau(table) if start is not None else None
    if start is None or flat is None:
        return None
    return Stop(len(table), max(start, flat.selected), f"{flat.reason}, saturation falls")


def _start_of_fall(table: DataFrame, drop_db: float, window: int, lasting: int) -> int | None:
    # Minus infinity, a score of exactly 1, is as low as can be; NaN is neither high nor low.
    smooth = trailing_mean(table["saturation_mean_db"].to_numpy(dtype=np.float64), window)
    low = smooth < np.fmax.accumulate(smooth) - drop_db
    for first in range(low.size - lasting + 1):
        if low[first : first + lasting].all():
            return first + 1
    return None
