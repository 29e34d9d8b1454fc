"""Epochs without a finite value: NaN where a network diverged, minus infinity where it is dead.

Neither is ever replaced by a number. Every estimator of this package leaves such epochs out,
keeps the other epochs at their true place in time, and gives NaN or None where too little is left.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray


def keep_finite_epochs(
    curve: Float[ndarray, " epochs"],
) -> tuple[Int[ndarray, " finite"], Float[ndarray, " finite"]]:
    """The epochs (from 1) at which the curve is finite, and its values there."""
    values = np.asarray(curve, dtype=np.float64)
    finite = np.isfinite(values)
    return np.flatnonzero(finite) + 1, values[finite]


def first_diverged_epoch(curve: Float[ndarray, " epochs"]) -> int | None:
    """The first epoch (from 1) whose value is NaN; None where there is none."""
    diverged = np.flatnonzero(np.isnan(np.asarray(curve, dtype=np.float64)))
    return int(diverged[0]) + 1 if diverged.size else None
