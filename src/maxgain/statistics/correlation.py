"""Rank correlation with a bootstrap interval."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

SIGNIFICANCE = 0.05


_RESAMPLES = 9999


_SEED = 0


_DIGITS = 12  # a perfect correlation is 1, not 1 - 1e-16


#: A bootstrap of fewer networks draws the same few values again and again.
FEWEST_FOR_INTERVAL = 5


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation of gain and top-5 error over networks.

    Attributes
    ----------
    rho
        NaN where one of both does not vary.
    ci_low, ci_high
        95 % bootstrap interval; None with fewer than five networks.
    p_value
        One-sided, for a negative correlation, by permutation.
    networks
        Number of networks.
    """

    rho: float
    ci_low: float | None
    ci_high: float | None
    p_value: float
    networks: int


def correlate_ranks(
    gains: Float[ndarray, "networks"], errors: Float[ndarray, "networks"]
) -> RankCorrelation:
    """Rank correlation of Maximum Gain (dB) and top-5 error (percent) over networks."""
    count = len(gains)
    if count < 2 or np.ptp(gains) == 0 or np.ptp(errors) == 0:
        return RankCorrelation(math.nan, None, None, math.nan, count)
    # A permutation of the gains permutes their ranks, so ranking once is enough.
    gain_ranks, error_ranks = (_standardize_ranks(values) for values in (gains, errors))
    test = stats.permutation_test(
        (gain_ranks,),
        lambda ranks, axis: (ranks * error_ranks).sum(axis),
        permutation_type="pairings",
        alternative="less",
        n_resamples=_RESAMPLES,
        rng=np.random.default_rng(_SEED),
        vectorized=True,
    )
    rho = round(float(test.statistic), _DIGITS)
    low, high = _bootstrap_rank_correlation(gains, errors)
    return RankCorrelation(rho, low, high, float(test.pvalue), count)


def bootstrap_median(values: Float[ndarray, "networks"]) -> tuple[float, float]:
    """95 % bootstrap interval of a median."""
    found = stats.bootstrap(
        (values,),
        np.median,
        n_resamples=_RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return float(found.low), float(found.high)


def _bootstrap_rank_correlation(
    gains: Float[ndarray, "networks"], errors: Float[ndarray, "networks"]
) -> tuple[float | None, float | None]:
    """95 % percentile interval over resampled networks; resamples without variation are left out.

    Ranks are taken anew in each resample, all of them in one go.
    """
    count = len(gains)
    if count < FEWEST_FOR_INTERVAL:
        return None, None
    chosen = np.random.default_rng(_SEED).integers(0, count, (_RESAMPLES, count))
    correlations = (_standardize_ranks(gains[chosen]) * _standardize_ranks(errors[chosen])).sum(1)
    low, high = np.nanquantile(correlations, [0.025, 0.975]).round(_DIGITS)
    return float(low), float(high)


def _standardize_ranks(
    values: Float[ndarray, "*sets networks"],
) -> Float[ndarray, "*sets networks"]:
    """Ranks with mean 0 and square sum 1, so that Spearman's correlation is a sum of products.

    NaN where all values are equal.
    """
    ranks = stats.rankdata(values, axis=-1)
    ranks = ranks - ranks.mean(axis=-1, keepdims=True)
    square_sum = (ranks**2).sum(axis=-1, keepdims=True)
    standardized: ndarray = ranks / np.sqrt(np.where(square_sum > 0, square_sum, np.nan))
    return standardized
