"""Statistics of networks that come in architectures: networks of one are not independent.

The estimate is the mean of a statistic over draws of one member from each cluster (within-cluster
resampling: Hoffman, Sen and Weinberg 2001, Biometrika 88, 1121), so that every cluster weighs the
same. Bootstraps draw clusters with replacement and one member of each. scipy's bootstrap and
permutation test know no clusters; the permutations of whole clusters are its own all the same.
"""

import itertools
import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy import stats

from maxgain.statistics.correlation import (
    DIGITS,
    RESAMPLES,
    SEED,
    RankCorrelation,
    standardize_ranks,
)
from maxgain.statistics.decisions import FEWEST_TRAININGS

RowStatistic = Callable[[Int[ndarray, "draws clusters"]], Float[ndarray, " draws"]]
"""A statistic of each row of members, given by their positions."""


def correlate_clusters(
    gains: Float[ndarray, "networks"],
    errors: Float[ndarray, "networks"],
    clusters: Sequence[Hashable],
) -> RankCorrelation:
    """Spearman's correlation of gain (dB) and top-5 error (percent), one member of each cluster.

    The p-value is one-sided, for a negative correlation: what belongs to the gains of a cluster is
    permuted over what belongs to its errors, whole clusters at a time and in all draws alike.
    """
    members = _find_members(clusters)
    count, size = len(gains), len(members)
    if size < 2:
        return RankCorrelation(math.nan, np.empty(0), math.nan, count, size)
    drawn = _draw_of_each(members)
    gain_ranks, error_ranks = (standardize_ranks(values[drawn]) for values in (gains, errors))
    varying = np.isfinite(gain_ranks).all(1) & np.isfinite(error_ranks).all(1)
    if not varying.any():
        return RankCorrelation(math.nan, np.empty(0), math.nan, count, size)
    # Mean over draws of a sum over clusters of products: of a permutation, a sum of this table.
    products = gain_ranks[varying].T @ error_ranks[varying] / varying.sum()
    test = stats.permutation_test(
        (np.arange(size),),
        # Rounded, so that permutations of equal sums tie whatever the order of adding.
        lambda order, axis: (
            products[np.moveaxis(order, axis, -1), np.arange(size)].sum(-1).round(DIGITS)
        ),
        permutation_type="pairings",
        alternative="less",
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(SEED),
        vectorized=True,
    )
    return RankCorrelation(
        round(float(test.statistic), DIGITS),
        bootstrap_clusters(
            lambda rows: (standardize_ranks(gains[rows]) * standardize_ranks(errors[rows])).sum(1),
            clusters,
        ),
        float(test.pvalue),
        count,
        size,
    )


def mean_over_clusters(statistic: RowStatistic, clusters: Sequence[Hashable]) -> float:
    """Mean of a statistic over draws of one member from each cluster."""
    return float(statistic(_draw_of_each(_find_members(clusters))).mean().round(DIGITS))


def bootstrap_clusters(
    statistic: RowStatistic, clusters: Sequence[Hashable]
) -> Float[ndarray, " draws"]:
    """Bootstrap distribution of a statistic; resamples without a value are left out.

    Empty with fewer than five clusters.
    """
    members = _find_members(clusters)
    if len(members) < FEWEST_TRAININGS:
        return np.empty(0)
    random = np.random.default_rng(SEED)
    chosen = random.integers(len(members), size=(RESAMPLES, len(members)))
    found = statistic(_draw_members(members, chosen, random))
    return np.asarray(found[np.isfinite(found)].round(DIGITS))


def _find_members(clusters: Sequence[Hashable]) -> list[Int[ndarray, "_"]]:
    """Positions of the members of each cluster, clusters in the order in which they come."""
    positions: dict[Hashable, list[int]] = {}
    for position, cluster in enumerate(clusters):
        positions.setdefault(cluster, []).append(position)
    return [np.array(part) for part in positions.values()]


def _draw_of_each(members: Sequence[Int[ndarray, "_"]]) -> Int[ndarray, "draws clusters"]:
    """Every way to take one member of each cluster, or that many at random where there are more."""
    if math.prod(len(part) for part in members) <= RESAMPLES:
        return np.array(list(itertools.product(*members)))
    chosen = np.tile(np.arange(len(members)), (RESAMPLES, 1))
    return _draw_members(members, chosen, np.random.default_rng(SEED))


def _draw_members(
    members: Sequence[Int[ndarray, "_"]],
    chosen: Int[ndarray, "draws clusters"],
    random: np.random.Generator,
) -> Int[ndarray, "draws clusters"]:
    """One member at random of each chosen cluster."""
    sizes = np.array([len(part) for part in members])
    first = np.concatenate([[0], sizes.cumsum()[:-1]])
    places = first[chosen] + (random.random(chosen.shape) * sizes[chosen]).astype(int)
    return np.asarray(np.concatenate(members)[places])
