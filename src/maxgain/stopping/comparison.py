"""Statistics of rules over cells: intervals, paired tests, ranks."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray
from scipy import stats

DRAWS = 10_000
"""Draws of the bootstrap."""


@dataclass(frozen=True)
class Interval:
    """A mean over cells and its 95 % interval; NaN ends with fewer than two groups."""

    mean: float
    low: float
    high: float


def interval_of_mean(
    values: Float[ndarray, " cells"], groups: Shaped[ndarray, " cells"]
) -> Interval:
    """Mean over cells, with a bootstrap that draws whole groups of cells.

    Cells of one data set and noise rate depend on each other. For two rules the values are their
    differences in each cell, which pairs them. Percentile interval, fixed seed.
    """
    if values.size == 0:
        return Interval(math.nan, math.nan, math.nan)
    places = np.unique(groups.astype(str), return_inverse=True)[1]
    sums, counts = np.bincount(places, values), np.bincount(places).astype(float)
    mean = float(values.mean())
    if counts.size < 2:
        return Interval(mean, math.nan, math.nan)
    found = stats.bootstrap(
        (sums, counts),
        lambda totals, numbers, axis: totals.sum(axis) / numbers.sum(axis),
        paired=True,
        vectorized=True,
        n_resamples=DRAWS,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Interval(mean, float(found.low), float(found.high))


def signed_rank_p(differences: Float[ndarray, " cells"]) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test; 1 where no cell differs.

    Infinite differences are the largest: they count by their sign.
    """
    if differences.size == 0:
        return math.nan
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences).pvalue)


def rank_balance(differences: Float[ndarray, " cells"]) -> float:
    """Which way the signed-rank test points: 1 where all differences are positive, -1 negative.

    The sum of signed ranks over that of all ranks (the matched-pairs rank-biserial correlation,
    Kerby 2014, Comprehensive Psychology 3:1). Other than the mean it is there for infinite
    differences. NaN where no cell differs.
    """
    nonzero = differences[differences != 0]
    if not nonzero.size:
        return math.nan
    ranks = stats.rankdata(np.abs(nonzero))
    return float((np.sign(nonzero) * ranks).sum() / ranks.sum())


def holm(p_values: Float[ndarray, " tests"]) -> Float[ndarray, " tests"]:
    """p-values of one family, adjusted after Holm (1979).

    scipy has no adjustment for the family-wise error; statsmodels, which has, was weighed and is
    large for these lines. NaN belongs to no family.
    """
    adjusted = np.full(p_values.shape, np.nan)
    known: Bool[ndarray, " tests"] = ~np.isnan(p_values)
    order: Int[ndarray, " known"] = np.flatnonzero(known)[np.argsort(p_values[known])]
    factors = np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * p_values[order]))
    return adjusted


@dataclass(frozen=True)
class Ranking:
    """Mean ranks of rules over cells, 1 the lowest regret, and what difference is critical.

    Attributes
    ----------
    cells
        How many they are.
    mean_ranks
        Of each rule.
    p_value
        Of Friedman's test that all rules rank alike; NaN with fewer than three.
    critical_difference
        Ranks that two rules must lie apart to differ at 5 % (Nemenyi).
    """

    cells: int
    mean_ranks: Float[ndarray, " rules"]
    p_value: float
    critical_difference: float


def rank(regrets: Float[ndarray, "cells rules"]) -> Ranking:
    """Friedman's test and Nemenyi's critical difference (Demšar 2006, JMLR 7:1, section 3.2.2).

    An infinite regret is the last; several share their mean rank.
    """
    cells, rules = regrets.shape
    ranks = stats.rankdata(regrets, axis=1).mean(axis=0)
    varies = rules > 2 and cells > 1 and np.ptp(regrets, axis=1).any()
    p_value = float(stats.friedmanchisquare(*regrets.T).pvalue) if varies else math.nan
    return Ranking(cells, ranks, p_value, critical_difference(rules, cells))


def critical_difference(rules: int, cells: int, significance: float = 0.05) -> float:
    """Nemenyi's critical difference of mean ranks, q sqrt(k (k + 1) / (6 N)).

    q is the quantile of the studentised range over the root of 2. scikit-posthocs, which tests
    pairs by the same quantile but gives no critical difference, was weighed.
    """
    quantile = stats.studentized_range.ppf(1 - significance, rules, np.inf) / math.sqrt(2)
    return float(quantile * math.sqrt(rules * (rules + 1) / (6 * cells)))
