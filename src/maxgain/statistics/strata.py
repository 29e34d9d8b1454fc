"""Rank correlation within strata: what is compared shares a stratum, as a resolution or a design.

Strata that differ in level then neither make a trend nor hide one. The test permutes within strata
(van Elteren's idea of a stratified rank test, for correlations); scipy's permutation test knows no
strata.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from maxgain.statistics.correlation import DIGITS, RESAMPLES, SEED, standardize_ranks

MOST_ORDERS = 50_000
"""Up to so many orders within strata all are counted, and the p-value is exact."""


@dataclass(frozen=True)
class StratifiedCorrelation:
    """Spearman's rank correlation of gain and top-5 error within strata.

    Attributes
    ----------
    rho
        Mean over strata, weighted by their numbers of pairs; NaN where none has a correlation.
    p_value
        One-sided, for a negative correlation, by permutation within strata; NaN like `rho`.
    smallest
        The smallest p-value that these strata can give (with equal ranks rarely reached).
    by_stratum
        Correlation of each stratum that has one: two or more networks that vary in both.
    networks
        How many these strata hold.
    """

    rho: float
    p_value: float
    smallest: float
    by_stratum: dict[Hashable, float]
    networks: int


def correlate_within(
    gains: Float[ndarray, "networks"],
    errors: Float[ndarray, "networks"],
    strata: Sequence[Hashable],
) -> StratifiedCorrelation:
    """Rank correlation of gain (dB) and top-5 error (percent) within strata.

    Exact where there are at most `MOST_ORDERS` orders; else 9,999 orders are drawn, and the
    observed one counts as one more.

    Examples
    --------
    >>> found = correlate_within(
    ...     np.array([3.0, 2.0, 1.0, 30.0, 20.0, 10.0]), np.array([1.0, 2.0, 3.0] * 2), [*"aaabbb"]
    ... )
    >>> found.rho, round(found.p_value * 36)
    (-1.0, 1)
    """
    parts = _ranks_by_stratum(gains, errors, strata)
    if not parts:
        return StratifiedCorrelation(math.nan, math.nan, math.nan, {}, 0)
    pairs = np.array([math.comb(len(x), 2) for x, _ in parts.values()], dtype=np.float64)
    weights = pairs / pairs.sum()
    # Adding 0 makes -0.0 a zero without a sign.
    rhos = {name: round(float(x @ y), DIGITS) + 0.0 for name, (x, y) in parts.items()}
    rho = round(float(weights @ np.array(list(rhos.values()))), DIGITS)
    # Equal sums in another order differ in their last bits.
    bound = rho + 10.0 ** (3 - DIGITS)
    orders = math.prod(math.factorial(len(x)) for x, _ in parts.values())
    ranks = list(parts.values())
    if orders <= MOST_ORDERS:
        p_value = float((_count_all(ranks, weights) <= bound).mean())
    else:
        below = int((_draw(ranks, weights) <= bound).sum())
        p_value = (1 + below) / (1 + RESAMPLES)
    smallest = 1 / (orders if orders <= MOST_ORDERS else 1 + RESAMPLES)
    return StratifiedCorrelation(rho, p_value, smallest, rhos, sum(len(x) for x, _ in ranks))


Ranks = tuple[Float[ndarray, "_"], Float[ndarray, "_"]]
"""Of the gains and of the errors of one stratum, standardised."""


def _ranks_by_stratum(
    gains: Float[ndarray, "networks"],
    errors: Float[ndarray, "networks"],
    strata: Sequence[Hashable],
) -> dict[Hashable, Ranks]:
    """Standardised ranks of gains and errors of the strata in which both vary."""
    members: dict[Hashable, list[int]] = {}
    for position, stratum in enumerate(strata):
        members.setdefault(stratum, []).append(position)
    return {
        name: (standardize_ranks(gains[part]), standardize_ranks(errors[part]))
        for name, part in members.items()
        if np.ptp(gains[part]) > 0 and np.ptp(errors[part]) > 0
    }


def _count_all(
    parts: Sequence[Ranks], weights: Float[ndarray, " strata"]
) -> Float[ndarray, " orders"]:
    """The weighted correlation of every order within strata."""
    sums = np.zeros(1)
    for (x, y), weight in zip(parts, weights, strict=True):
        orders: Int[ndarray, "_ _"] = np.array(list(permutations(range(len(x)))))
        sums = np.add.outer(sums, weight * (x[orders] @ y)).ravel()
    return sums


def _draw(parts: Sequence[Ranks], weights: Float[ndarray, " strata"]) -> Float[ndarray, " orders"]:
    """The weighted correlation of orders drawn at random within strata."""
    random = np.random.default_rng(SEED)
    sums = np.zeros(RESAMPLES)
    for (x, y), weight in zip(parts, weights, strict=True):
        sums += weight * (random.permuted(np.tile(x, (RESAMPLES, 1)), axis=1) @ y)
    return sums
