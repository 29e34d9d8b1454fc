"""How much a curve jumps from epoch to epoch, apart from where it is heading.

statsmodels' robust scales (`mad`, `qn_scale`) were weighed: `scale_of` says why not the median's;
Qn would be a new dependency for a scale that is no easier to explain.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

MINIMUM_DIFFERENCES = 5

"""Fewer finite differences than this have no scale worth the name (its error exceeds 50 %)."""

START_STEPS = 3

"""The first steps of a training are left out where a short curve is split: in its first epochs a
network leaves its random state, and that jump says nothing about the epochs after it."""

QUANTILE = 0.75

"""The share of absolute differences that `scale_of` reads its quantile at."""

NORMAL_QUANTILE = float(stats.norm.ppf(0.5 + QUANTILE / 2))

"""That quantile for a standard normal distribution."""


def detrended_differences(curve: Float[ndarray, " epochs"]) -> Float[ndarray, " steps"]:
    """The differences from epoch to epoch, less a straight line through them.

    Differences turn a slow trend into a small offset, and the line (Theil-Sen, so that a few
    jumps do not bend it) takes away that offset and its slow change: a quadratic trend is removed
    entirely. What is left is the jumping.

    Parameters
    ----------
    curve
        For example a gain in dB, one value an epoch.

    Returns
    -------
    numpy.ndarray
        Element i belongs to the step from epoch i + 1 to epoch i + 2, in the curve's unit. It is
        NaN where one of the two epochs is not finite, and everywhere with fewer than two finite
        differences.
    """
    values = np.asarray(curve, dtype=np.float64)
    # A step to or from a dead (-inf) or diverged (NaN) epoch has no size.
    values = np.where(np.isfinite(values), values, np.nan)
    differences = np.diff(values)
    steps = np.flatnonzero(np.isfinite(differences))
    if steps.size < 2:
        return np.full(differences.shape, np.nan)
    line = stats.theilslopes(differences[steps], steps)
    centred = differences - line.slope * np.arange(differences.size)
    return np.asarray(centred - np.nanmedian(centred))


def scale_of(differences: Float[ndarray, " steps"]) -> float:
    """The scale of differences that are centred on zero, in their own unit.

    It is the 75 % quantile of their absolute values, divided by what that is for a standard normal
    distribution, so that it estimates a normal distribution's standard deviation. Why not the
    standard deviation: one initial drop of 10 dB would dominate it. Why not the median absolute
    deviation: it is blind to jumps that fill less than half of the epochs, and jumps are the
    matter here. This one ignores up to a quarter of odd differences, sees jumps in more than a
    quarter, and has 1.6 times the median's statistical efficiency for normal noise.

    NaN differences are left out; NaN with fewer than 5 others.
    """
    finite = differences[np.isfinite(differences)]
    if finite.size < MINIMUM_DIFFERENCES:
        return float("nan")
    return float(scales_of(finite[None])[0])


def scales_of(samples: Float[ndarray, "samples steps"]) -> Float[ndarray, " samples"]:
    """`scale_of` every row; all differences must be finite."""
    return np.asarray(np.quantile(np.abs(samples), QUANTILE, axis=1) / NORMAL_QUANTILE)


def variability(curve: Float[ndarray, " epochs"]) -> float:
    """The variability of a curve: the robust scale of its detrended first differences.

    In the curve's unit (dB for a gain), as the standard deviation of a step from one epoch to the
    next. Insensitive to slow trends by construction: adding a straight line or a parabola to the
    curve changes nothing. This puts the paper's "variability" (section IV) into a number.

    Epochs that are NaN or infinite are left out together with the steps to and from them; NaN
    with fewer than 5 steps left.
    """
    return scale_of(detrended_differences(curve))


def rolling_variability(
    curve: Float[ndarray, " epochs"], window: int = 10
) -> Float[ndarray, " epochs"]:
    """The variability of the last `window` steps at each epoch.

    The window trails, as somebody who watches a training would see it. It is NaN for the first
    epochs and wherever the window holds fewer than 5 finite steps.

    Parameters
    ----------
    curve
        For example a gain in dB, one value an epoch.
    window
        Length in steps, at least 5.

    Raises
    ------
    ValueError
        The window is shorter than 5 steps.
    """
    if window < MINIMUM_DIFFERENCES:
        raise ValueError(f"window is {window}, must be {MINIMUM_DIFFERENCES} steps or more")
    steps = detrended_differences(curve)
    ends = range(1, len(steps) + 1)
    scales = [scale_of(steps[max(0, end - window) : end]) for end in ends]
    return np.array([np.nan, *scales])[: len(curve)]
