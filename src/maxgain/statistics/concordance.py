"""Concordance of curves: Kendall's tau of two, and what is left of it where a third is held."""

import math

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats


def concordance(first: Float[ndarray, " epochs"], second: Float[ndarray, " epochs"]) -> float:
    """Kendall's tau-b of two curves over the epochs in which both are finite; NaN without any."""
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < 2:
        return math.nan
    return float(stats.kendalltau(first[both], second[both]).statistic)


def partial_concordance(
    first: Float[ndarray, " epochs"],
    second: Float[ndarray, " epochs"],
    held: Float[ndarray, " epochs"],
) -> float:
    """Kendall's partial tau of two curves with a third held fixed (Kendall 1942, Biometrika 32).

    NaN where the third orders one of them without exception, so that nothing is left to say.
    """
    tau = concordance(first, second)
    one, other = concordance(first, held), concordance(second, held)
    left = (1 - one**2) * (1 - other**2)
    return (tau - one * other) / math.sqrt(left) if left > 1e-12 else math.nan
