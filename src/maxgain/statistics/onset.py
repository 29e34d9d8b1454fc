"""When a curve that was steady starts to jump."""

from dataclasses import dataclass

import numpy as np
import ruptures
from jaxtyping import Float
from numpy import ndarray

from maxgain.statistics.trend import SIGNIFICANCE
from maxgain.statistics.variability import (
    MINIMUM_DIFFERENCES,
    START_STEPS,
    detrended_differences,
    scale_of,
)

PERMUTATIONS = 999

"""Drawn orders of the permutation test, the observed one not counted."""

LIKELIHOOD_RATIO = 7.35

"""95 % quantile of the likelihood ratio of a change point (Hansen 2000, Econometrica 68:575)."""


@dataclass(frozen=True)
class Onset:
    """The epoch from which on a curve is more variable than before.

    Attributes
    ----------
    epoch
        The first epoch (from 1) that is reached by a jump of the new size.
    low, high
        The epochs that fit nearly as well: an approximate 95 % confidence interval
        (likelihood ratio after Hansen 2000).
    before, after
        Variability of the stretches on both sides, in the curve's unit.
    p_value
        Of the permutation test against one and the same variability on both sides.
    """

    epoch: int
    low: int
    high: int
    before: float
    after: float
    p_value: float


def variability_onset(
    curve: Float[ndarray, " epochs"], significance: float = SIGNIFICANCE
) -> Onset | None:
    """Where a curve's variability rises; None where it does not rise significantly.

    The logarithm of the detrended differences' size turns a change of scale into a change of mean
    and keeps single jumps from deciding. First the guard: the largest standardised step up of the
    mean over all cuts into two parts of at least 5 steps, against the same in 999 random orders of
    the steps (fixed seed, so the answer is repeatable), moved in pairs because one odd epoch makes
    two neighbouring steps large. A homogeneous curve gives None, but for the share `significance`
    of cases. Then the place: the cut of least squared error (package
    ruptures); where the size steps down there, as after a steep start, the search goes on behind
    the cut.

    The first three steps, and epochs that are NaN or infinite with the steps to and from them, are
    left out; None with fewer than 10 steps left.
    """
    differences = detrended_differences(curve)
    differences[:START_STEPS] = np.nan
    steps = np.flatnonzero(np.isfinite(differences))
    if steps.size < 2 * MINIMUM_DIFFERENCES:
        return None
    sizes = _log_sizes(differences[steps])
    p_value = _test_step_up(sizes)
    if p_value > significance:
        return None
    cuts = _find_step_up(sizes)
    if cuts is None:
        return None
    start, cut = cuts
    low, high = _bracket_cut(sizes[start:], cut - start)
    # Step i leads from epoch i + 1 to epoch i + 2.
    low_epoch, epoch, high_epoch = (int(steps[c]) + 2 for c in (start + low, cut, start + high))
    return Onset(
        epoch,
        low_epoch,
        high_epoch,
        scale_of(differences[steps[start:cut]]),
        scale_of(differences[steps[cut:]]),
        p_value,
    )


def _log_sizes(differences: Float[ndarray, " steps"]) -> Float[ndarray, " steps"]:
    """The logarithm of the differences' sizes, floored softly near zero.

    A difference that happens to be near zero says little about the scale, yet its logarithm would
    be huge: a quarter of the median size is added first.
    """
    sizes = np.abs(differences)
    floor = np.median(sizes) / 4
    # More than half of the steps are exactly zero: any positive floor separates them from jumps.
    floor = floor if floor > 0 else max(float(sizes.max()) / 100, 1e-12)
    return np.asarray(np.log(sizes + floor))


def _find_step_up(sizes: Float[ndarray, " steps"]) -> tuple[int, int] | None:
    """Start and cut of the two stretches [start, cut) and [cut, end) with the step up.

    None where all that is found are steps down.
    """
    start = 0
    while sizes.size - start >= 2 * MINIMUM_DIFFERENCES:
        part = sizes[start:]
        search = ruptures.Dynp(model="l2", min_size=MINIMUM_DIFFERENCES, jump=1).fit(part)
        cut = int(search.predict(n_bkps=1)[0])
        if part[cut:].mean() > part[:cut].mean():
            return start, start + cut
        start += cut
    return None


def _steps_up(orders: Float[ndarray, "orders steps"]) -> Float[ndarray, "orders cuts"]:
    """The standardised step up of the mean at every allowed cut, of every row."""
    steps = orders.shape[1]
    cuts = np.arange(MINIMUM_DIFFERENCES, steps - MINIMUM_DIFFERENCES + 1)
    sums = np.cumsum(orders, axis=1)
    before = sums[:, cuts - 1] / cuts
    after = (sums[:, -1:] - sums[:, cuts - 1]) / (steps - cuts)
    return np.asarray((after - before) * np.sqrt(cuts * (steps - cuts) / steps))


def _test_step_up(sizes: Float[ndarray, " steps"]) -> float:
    """The permutation p-value of the largest standardised step up.

    `scipy.stats.permutation_test` was weighed: it moves single values, so that the statistic would
    have to unfold the pairs and an odd last step, is no faster, and draws other orders (or all, up
    to 12 steps), which would change every p-value a little.
    """
    pair = np.arange(sizes.size) // 2
    keys = np.random.default_rng(0).random((PERMUTATIONS, int(pair[-1]) + 1))
    orders = sizes[np.argsort(keys[:, pair], axis=1, kind="stable")]
    # An order that gives the same step adds its sums in another order: rounding must not decide.
    observed = float(_steps_up(sizes[None]).max())
    least = observed - 1e-9 * abs(observed)
    return float((1 + (_steps_up(orders).max(axis=1) >= least).sum()) / (1 + PERMUTATIONS))


def _bracket_cut(sizes: Float[ndarray, " steps"], cut: int) -> tuple[int, int]:
    """The first and last cut that `LIKELIHOOD_RATIO` does not rule out."""
    cuts = np.arange(MINIMUM_DIFFERENCES, sizes.size - MINIMUM_DIFFERENCES + 1)
    errors = np.array(
        [sizes[:c].var() * c + sizes[c:].var() * (sizes.size - c) for c in (*cuts, cut)]
    )
    errors = np.maximum(errors, np.finfo(np.float64).tiny)
    near = cuts[sizes.size * np.log(errors[:-1] / errors[-1]) <= LIKELIHOOD_RATIO]
    return int(near.min(initial=cut)), int(near.max(initial=cut))
