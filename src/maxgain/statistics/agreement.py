"""Shares of two groups, and agreement of two ways of labelling the same things."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from maxgain.statistics.decisions import LEVEL


def compute_kappa(one: Sequence[str], other: Sequence[str]) -> float:
    """Cohen's kappa of two labellings; NaN where all labels on both sides are one and the same.

    `sklearn.metrics.cohen_kappa_score` gives the same number (a test compares them). It is not
    taken because a command that judges would wait a second for its import, for three lines.

    Examples
    --------
    >>> compute_kappa(["a", "a", "b", "b"], ["a", "b", "b", "b"])
    0.5
    """
    first, second = np.asarray(one), np.asarray(other)
    labels = np.unique(np.concatenate([first, second]))
    chance = sum(float((first == label).mean() * (second == label).mean()) for label in labels)
    if not first.size or chance >= 1:
        return math.nan
    return float(((first == second).mean() - chance) / (1 - chance))


def find_difference_interval(hits: tuple[int, int], counts: tuple[int, int]) -> tuple[float, float]:
    """90 % interval of the difference of two shares, by Agresti and Caffo (2000).

    One success and one failure are added to each group, which holds the level for a handful of
    trainings and for shares of 0 and 1, where the textbook interval has no width. statsmodels has
    it as `confint_proportions_2indep(method="agresti-caffo")`; a dependency for seven lines.
    """
    shares = [(hit + 1) / (count + 2) for hit, count in zip(hits, counts, strict=True)]
    variance = sum(
        share * (1 - share) / (count + 2) for share, count in zip(shares, counts, strict=True)
    )
    half = float(stats.norm.ppf(1 - LEVEL)) * math.sqrt(variance)
    difference = shares[0] - shares[1]
    return max(-1.0, difference - half), min(1.0, difference + half)
