"""Statistics of single curves, each with an interval from within its own curve.

The intervals say how well the one curve determines the statistic, not how it would vary from
training to training. They are printed where there is one training alone, and decide nothing: a
verdict rests on the statistics' spread over trainings (`maxgain.statistics.decisions`).

The block bootstrap is ours because scipy's `bootstrap` draws single values; `arch` has one, at the
price of statsmodels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from maxgain.statistics.trend import fit_line, late_share
from maxgain.statistics.variability import detrended_differences, scale_of, scales_of

BLOCK = 3
"""Steps in a block of the bootstrap: one odd epoch makes two neighbouring steps large."""

DRAWS = 400
"""Draws of the bootstrap; its standard errors are then known to 5 %."""


@dataclass(frozen=True)
class Statistic:
    """A statistic of one run and its 95 % interval from within the curve (NaN where undefined)."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


UNDEFINED = Statistic(float("nan"))


def average(values: Sequence[float]) -> Statistic:
    """Mean of the finite values, without an interval; undefined without any."""
    finite = [value for value in values if np.isfinite(value)]
    return Statistic(float(np.mean(finite))) if finite else UNDEFINED


def measure_mean(values: Float[ndarray, " epochs"]) -> Statistic:
    """Mean over epochs with Student's t interval; non-finite epochs are left out."""
    finite = values[np.isfinite(values)]
    if finite.size < 3:
        return UNDEFINED
    return Statistic(float(finite.mean()), *mean_interval(finite))


def mean_interval(values: Float[ndarray, " samples"]) -> tuple[float, float]:
    """95 % confidence interval of a mean, by Student's t; NaN with one value.

    `scipy.stats.ttest_1samp(...).confidence_interval()` was weighed: it warns of single and of
    constant values, which are no news here.

    Examples
    --------
    >>> low, high = mean_interval(np.array([1.0, 2.0, 3.0]))
    >>> round(low, 2), round(high, 2)
    (-0.48, 4.48)
    """
    if len(values) < 2:
        return float("nan"), float("nan")
    half = float(stats.t.ppf(0.975, len(values) - 1)) * float(stats.sem(values))
    return float(values.mean() - half), float(values.mean() + half)


def measure_change(curve: Float[ndarray, " epochs"]) -> Statistic:
    """Change over a stretch of a curve: Theil-Sen slope times span, in its unit."""
    line = fit_line(curve)
    return Statistic(line.slope * line.span, line.low * line.span, line.high * line.span)


def measure_late_share(curve: Float[ndarray, " epochs"], epoch: int) -> Statistic:
    """Share of a curve's change that happens after `epoch`."""
    return Statistic(*late_share(curve, epoch))


def measure_order(curve: Float[ndarray, " epochs"]) -> Statistic:
    """Kendall's tau of values and epochs: 1 rises always, -1 falls always.

    NaN epochs (diverged) count as larger than any number, which is what a diverged loss is. The
    interval uses Kendall's bound on tau's variance, 2 (1 - tau^2) / n.
    """
    values = np.where(np.isnan(curve), np.inf, curve)
    if values.size < 5 or np.unique(values).size < 2 or not np.isfinite(curve).any():
        return UNDEFINED
    tau = float(stats.kendalltau(np.arange(values.size), stats.rankdata(values)).statistic)
    tau = round(tau, 12)
    half = 1.96 * np.sqrt(2 * max(0.0, 1 - tau**2) / values.size)
    return Statistic(tau, max(-1.0, tau - half), min(1.0, tau + half))


def measure_distance(
    one: int | None, other: int | None, epochs: int, tolerance: float
) -> Statistic:
    """Epochs between two events of one run, of which either may not have come (None).

    An event that did not come lies beyond the last epoch: the distance is then at least that to
    the epoch after it, and undefined where this alone is within the tolerance, or where neither
    came.
    """
    if one is None and other is None:
        return UNDEFINED
    distance = abs((one or epochs + 1) - (other or epochs + 1))
    if (one is None or other is None) and distance <= tolerance:
        return UNDEFINED
    return Statistic(float(distance))


def slice_steps(
    curve: Float[ndarray, " epochs"], first: int, last: int | None = None
) -> Float[ndarray, " steps"]:
    """Detrended steps between the epochs `first` and `last` (from 1, inclusive)."""
    end = None if last is None else last - 1
    return detrended_differences(curve)[first - 1 : end]


def measure_scale(steps: Float[ndarray, " steps"]) -> Statistic:
    """Scale of steps (a variability); the interval is a bootstrap on a log axis."""
    scale = scale_of(steps)
    if not scale > 0:
        return Statistic(scale, scale, scale)
    half = _t_quantile(steps) * float(np.std(_draw_log_scales(steps), ddof=1))
    return Statistic(scale, scale * 2**-half, scale * 2**half)


def compare_scales(
    steps: Float[ndarray, " steps"], reference: Float[ndarray, " others"]
) -> Statistic:
    """Base-2 logarithm of the ratio of two scales: 1 is twice the variability, 0 the same."""
    scales = scale_of(steps), scale_of(reference)
    if not (scales[0] > 0 and scales[1] > 0):
        return UNDEFINED
    ratio = float(np.log2(scales[0] / scales[1]))
    spread = np.hypot(
        np.std(_draw_log_scales(steps), ddof=1), np.std(_draw_log_scales(reference), ddof=1)
    )
    half = max(_t_quantile(steps), _t_quantile(reference)) * float(spread)
    return Statistic(ratio, ratio - half, ratio + half)


def fit_exponent(factors: list[float], steps: list[Float[ndarray, " steps"]]) -> Statistic:
    """Exponent b of scale = a * factor^b by least squares on logarithms.

    Curves without a scale (diverged too early, or constant) are left out; undefined with fewer
    than three others.
    """
    pairs = [
        (factor, part) for factor, part in zip(factors, steps, strict=True) if scale_of(part) > 0
    ]
    if len(pairs) < 3:
        return UNDEFINED
    abscissa = np.log2([factor for factor, _ in pairs])
    weights = (abscissa - abscissa.mean()) / ((abscissa - abscissa.mean()) ** 2).sum()
    exponent = float(weights @ np.log2([scale_of(part) for _, part in pairs]))
    errors = np.array([np.std(_draw_log_scales(part), ddof=1) for _, part in pairs])
    half = max(_t_quantile(part) for _, part in pairs) * float(np.linalg.norm(weights * errors))
    return Statistic(exponent, exponent - half, exponent + half)


def _t_quantile(steps: Float[ndarray, " steps"]) -> float:
    return float(stats.t.ppf(0.975, np.isfinite(steps).sum() - 1))


def _draw_log_scales(steps: Float[ndarray, " steps"]) -> Float[ndarray, " draws"]:
    """Base-2 logarithms of the scales of circular block bootstrap samples, with a fixed seed."""
    finite = steps[np.isfinite(steps)]
    generator = np.random.default_rng(0)
    starts = generator.integers(finite.size, size=(DRAWS, -(-finite.size // BLOCK)))
    places = (starts[..., None] + np.arange(BLOCK)) % finite.size
    samples = finite[places.reshape(DRAWS, -1)[:, : finite.size]]
    scales = scales_of(samples)
    # A sample may consist of zero steps alone; such draws have no logarithm.
    return np.asarray(np.log2(scales[scales > 0])) if (scales > 0).sum() > 1 else np.zeros(2)
