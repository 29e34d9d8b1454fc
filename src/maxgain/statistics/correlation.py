"""Rank correlation with a permutation test and a bootstrap distribution."""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from maxgain.statistics.decisions import FEWEST_TRAININGS

RESAMPLES = 9999
"""Draws, resamples and permutations; less where all of them are fewer."""

SEED = 0
"""Of every draw."""

DIGITS = 12
"""Of what is computed: a perfect correlation is 1, not 1 - 1e-16."""


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation of gain and top-5 error over networks.

    Attributes
    ----------
    rho
        NaN where one of both does not vary.
    draws
        Its bootstrap distribution over networks, resamples without variation left out; empty with
        fewer than five networks.
    p_value
        One-sided, for a negative correlation, by permutation.
    networks
        Number of networks.
    clusters
        Number of clusters that they come in (`maxgain.statistics.clusters`); 0 where each is
        taken for independent.
    """

    rho: float
    draws: Float[ndarray, " draws"]
    p_value: float
    networks: int
    clusters: int = 0

    @property
    def ci_low(self) -> float | None:
        """Lower end of the 95 % interval that figures show; None with fewer than five networks."""
        return self._quantile(0.025)

    @property
    def ci_high(self) -> float | None:
        """Upper end, like `ci_low`."""
        return self._quantile(0.975)

    def _quantile(self, share: float) -> float | None:
        return float(np.quantile(self.draws, share).round(DIGITS)) if self.draws.size else None


def correlate_ranks(
    gains: Float[ndarray, "networks"], errors: Float[ndarray, "networks"]
) -> RankCorrelation:
    """Rank correlation of Maximum Gain (dB) and top-5 error (percent) over networks.

    `scipy.stats.spearmanr` has no vectorised form, which 9,999 draws need: the correlation is
    taken as the product of standardised ranks.
    """
    count = len(gains)
    if count < 2 or np.ptp(gains) == 0 or np.ptp(errors) == 0:
        return RankCorrelation(math.nan, np.empty(0), math.nan, count)
    # A permutation of the gains permutes their ranks, so ranking once is enough.
    gain_ranks, error_ranks = (standardize_ranks(values) for values in (gains, errors))
    test = stats.permutation_test(
        (gain_ranks,),
        lambda ranks, axis: (ranks * error_ranks).sum(axis).round(DIGITS),
        permutation_type="pairings",
        alternative="less",
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(SEED),
        vectorized=True,
    )
    draws = np.empty(0)
    if count >= FEWEST_TRAININGS:
        draws = _bootstrap_rank_correlation(gains, errors)
    return RankCorrelation(round(float(test.statistic), DIGITS), draws, float(test.pvalue), count)


def _bootstrap_rank_correlation(
    gains: Float[ndarray, "networks"], errors: Float[ndarray, "networks"]
) -> Float[ndarray, " draws"]:
    """Correlations of resampled networks; ranks are taken anew in each resample."""
    with warnings.catch_warnings():
        # A resample of one network alone has no correlation; it is left out below.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (gains, errors),
            lambda x, y, axis: (standardize_ranks(x) * standardize_ranks(y)).sum(axis),
            n_resamples=RESAMPLES,
            paired=True,
            vectorized=True,
            method="percentile",
            rng=np.random.default_rng(SEED),
        )
    draws = np.asarray(found.bootstrap_distribution)
    return np.asarray(draws[np.isfinite(draws)].round(DIGITS))


def standardize_ranks(
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
