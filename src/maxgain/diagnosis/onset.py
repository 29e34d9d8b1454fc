"""When a curve that was steady starts to jump."""

from dataclasses import dataclass

import numpy as np
import ruptures
from jaxtyping import Float
from numpy import ndarray

from maxgain.diagnosis.trend import SIGNIFICANCE
from maxgain.diagnosis.variability import (
    MINIMUM_DIFFERENCES,
    detrended_differences,
    scale_of,
)

#: Drawn orders of the permutation test, the observed one not counted.
PERMUTATIONS = 999


@dataclass(frozen=True)
class Onset:
    """The epoch from which on a curve is more variable than before.

    Attributes
    ----------
    epoch
        The first epoch (from 1) that is reached by a jump of the new size.
    low, high
        The epochs that fit nearly as well (log-likelihood within 1.92 of the best): an
        approximate 95 % confidence interval.
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
    """Return where a curve's variability rises most; None where it does not rise significantly.

    The logarithm of the detrended differences' size turns a change of scale into a change of mean
    and keeps single jumps from deciding. PELT (Killick et al. 2012, package ruptures) with squared
    error and the BIC penalty cuts it into stretches of at least 5 steps: a steep start makes a
    stretch of its own and does not hide a later onset. The largest step up between neighbouring
    stretches is then tested on these two: the largest standardised step up over all cuts, against
    the same in 999 random orders of the steps (fixed seed, so the answer is repeatable). A
    homogeneous curve gives None, but for the share `significance` of cases.

    Epochs that are NaN or infinite are left out with the steps to and from them; None with fewer
    than 10 steps left.
    """
    differences = detrended_differences(curve)
    steps = np.flatnonzero(np.isfinite(differences))
    if steps.size < 2 * MINIMUM_DIFFERENCES:
        return None
    sizes = _log_sizes(differences[steps])
    if np.ptp(sizes) == 0:
        return None
    start, cut, end = _find_largest_step_up(sizes)
    if cut == 0:
        return None
    stretch = sizes[start:end]
    p_value = _test_step_up(stretch)
    if p_value > significance:
        return None
    low, high = _bracket_cut(stretch, cut - start)
    # Step i leads from epoch i + 1 to epoch i + 2.
    low_epoch, epoch, high_epoch = (int(steps[start + c]) + 2 for c in (low, cut - start, high))
    return Onset(
        epoch,
        low_epoch,
        high_epoch,
        scale_of(differences[steps[start:cut]]),
        scale_of(differences[steps[cut:end]]),
        p_value,
    )


def _log_sizes(differences: Float[ndarray, " steps"]) -> Float[ndarray, " steps"]:
    """Return the logarithm of the differences' sizes, floored softly near zero.

    A difference that happens to be near zero says little about the scale, yet its logarithm would
    be huge: a quarter of the median size is added first.
    """
    sizes = np.abs(differences)
    floor = np.median(sizes) / 4
    # More than half of the steps are exactly zero: any positive floor separates them from jumps.
    floor = floor if floor > 0 else max(float(sizes.max()) / 100, 1e-12)
    return np.asarray(np.log(sizes + floor))


def _find_largest_step_up(sizes: Float[ndarray, " steps"]) -> tuple[int, int, int]:
    """Return start, cut and end of the neighbouring stretches with the largest step up.

    The cut is 0 where no stretch is above its predecessor.
    """
    # Neighbouring values differ by noise alone, whatever steps the mean makes.
    noise = np.median(np.abs(np.diff(sizes))) / (np.sqrt(2) * 0.6745)
    noise = noise if noise > 0 else float(sizes.std())
    search = ruptures.Pelt(model="l2", min_size=MINIMUM_DIFFERENCES, jump=1).fit(sizes)
    # BIC: each cut adds two parameters, its place and a mean.
    cuts = [0, *search.predict(pen=2 * noise**2 * np.log(sizes.size))]
    best = (0.0, 0, 0, 0)
    for start, cut, end in zip(cuts[:-2], cuts[1:-1], cuts[2:], strict=True):
        step = float(sizes[cut:end].mean() - sizes[start:cut].mean())
        best = max(best, (step, start, cut, end))
    return best[1:]


def _steps_up(orders: Float[ndarray, "orders steps"]) -> Float[ndarray, "orders cuts"]:
    """Return the standardised step up of the mean at every allowed cut, of every row."""
    steps = orders.shape[1]
    cuts = np.arange(MINIMUM_DIFFERENCES, steps - MINIMUM_DIFFERENCES + 1)
    sums = np.cumsum(orders, axis=1)
    before = sums[:, cuts - 1] / cuts
    after = (sums[:, -1:] - sums[:, cuts - 1]) / (steps - cuts)
    return np.asarray((after - before) * np.sqrt(cuts * (steps - cuts) / steps))


def _test_step_up(sizes: Float[ndarray, " steps"]) -> float:
    """Return the permutation p-value of the largest standardised step up."""
    generator = np.random.default_rng(0)
    orders = generator.permuted(np.tile(sizes, (PERMUTATIONS, 1)), axis=1)
    observed = _steps_up(sizes[None]).max()
    return float((1 + (_steps_up(orders).max(axis=1) >= observed).sum()) / (1 + PERMUTATIONS))


def _bracket_cut(sizes: Float[ndarray, " steps"], cut: int) -> tuple[int, int]:
    """Return the first and last cut whose log-likelihood is within 1.92 of the one at `cut`."""
    cuts = np.arange(MINIMUM_DIFFERENCES, sizes.size - MINIMUM_DIFFERENCES + 1)
    errors = np.array(
        [sizes[:c].var() * c + sizes[c:].var() * (sizes.size - c) for c in (*cuts, cut)]
    )
    errors = np.maximum(errors, np.finfo(np.float64).tiny)
    drop = sizes.size / 2 * np.log(errors[:-1] / errors[-1])
    near = cuts[drop <= 1.92]
    return int(min(near.min(initial=cut), cut)), int(max(near.max(initial=cut), cut))
