"""How large a sample a test needs."""

import math

from scipy import stats

from maxgain.statistics.decisions import FEWEST_TRAININGS, LEVEL

POWER = 0.8
"""Probability with which a test of the sample shows what is there."""

LARGEST = 1000
"""Sample beyond which nobody is going to train."""


def find_needed_count(distance: float, deviation: float, level: float = LEVEL) -> int | None:
    """Smallest sample of which Student's one-sided t test shows a mean beyond its bound.

    With a probability of `POWER`, by the noncentral t distribution; at least `FEWEST_TRAININGS`,
    as fewer decide nothing.

    Parameters
    ----------
    distance
        From the bound to the mean, on the side that is to be shown.
    deviation
        Standard deviation of the values.

    Returns
    -------
    int or None
        None where `LARGEST` values would not do.

    Examples
    --------
    >>> find_needed_count(1.0, 1.0), find_needed_count(0.01, 1.0)
    (8, None)
    """
    if distance <= 0 or not _is_enough(LARGEST, distance, deviation, level):
        return None
    fewest, enough = FEWEST_TRAININGS - 1, LARGEST
    while enough - fewest > 1:
        middle = (fewest + enough) // 2
        if _is_enough(middle, distance, deviation, level):
            enough = middle
        else:
            fewest = middle
    return enough


def _is_enough(count: int, distance: float, deviation: float, level: float) -> bool:
    shift = math.inf if deviation == 0 else distance / deviation * math.sqrt(count)
    quantile = float(stats.t.ppf(1 - level, count - 1))
    # Far beyond the quantile nothing is left to compute, and scipy's tails lose their digits.
    if shift > 3 * quantile + 10:
        return True
    return bool(stats.nct.sf(quantile, count - 1, shift) >= POWER)
