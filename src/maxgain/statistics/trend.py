"""Whether a curve rises or falls, how fast, and when its rise stops."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pymannkendall
from jaxtyping import Float, Int
from numpy import ndarray
from scipy import stats

from maxgain.statistics.gaps import keep_finite_epochs

MINIMUM_EPOCHS = 5

"""Fewer finite epochs than this have no trend: no test reaches 5 % with fewer than 5 values."""

FLAT_SHARE = 0.25

"""The last part of a curve is flat where its rise (or fall) is at most this share of the whole
rise. Over half of a run, a straight line has 1/2 and a perfect plateau 0: this is midway."""

SIGNIFICANCE = 0.05

"""Significance level of the tests."""


class Line(NamedTuple):
    """A Theil-Sen slope per epoch, its 95 % interval, and the epochs it spans."""

    slope: float
    low: float
    high: float
    span: int


@dataclass(frozen=True)
class Trend:
    """The straight trend of a curve.

    Attributes
    ----------
    slope, slope_low, slope_high
        Theil-Sen slope with its 95 % confidence interval, in the curve's unit per epoch; NaN with
        fewer than 5 finite epochs. The interval takes the residuals as independent.
    p_value
        Of the Mann-Kendall test, corrected for autocorrelation; NaN like the slope.
    direction
        "rising" or "falling" where p is below 0.05, "none" elsewhere.
    span
        Epochs between the first and the last finite one; `slope * span` is the whole change.
    """

    slope: float
    slope_low: float
    slope_high: float
    p_value: float
    direction: Literal["rising", "falling", "none"]
    span: int


def trend(curve: Float[ndarray, " epochs"]) -> Trend:
    """The trend of a curve: Theil-Sen slope and Mann-Kendall test, for jumping curves.

    Both depend on the order of values alone, so single jumps carry little weight. The test's
    variance is corrected for autocorrelation after Hamed and Rao (1998) with the first three
    lags, as these authors propose. Of the alternatives, plain prewhitening loses most of its
    power (in simulations of 20 epochs with independent noise it finds 40 % of the trends that the
    plain test finds with 91 %), trend-free prewhitening finds trends in autocorrelated noise even
    more often than the plain test. The correction may only weaken a finding: where it would
    shrink the variance (or, in short series, make it negative), the plain test's p is taken.

    Epochs that are NaN or infinite are left out; the slope uses the others' true epochs.
    """
    line = fit_line(curve)
    epochs, values = keep_finite_epochs(curve)
    if values.size < MINIMUM_EPOCHS:
        return Trend(line.slope, line.low, line.high, float("nan"), "none", line.span)
    p_value = _test_trend(epochs, values, line.slope)
    direction: Literal["rising", "falling", "none"] = "none"
    # The slope's sign is the test's, but where more than half of the pairs are ties it is 0.
    if p_value < SIGNIFICANCE and line.slope != 0:
        direction = "rising" if line.slope > 0 else "falling"
    return Trend(line.slope, line.low, line.high, p_value, direction, line.span)


def fit_line(curve: Float[ndarray, " epochs"]) -> Line:
    """The Theil-Sen line of a curve without a test (see `trend`); NaN like there."""
    epochs, values = keep_finite_epochs(curve)
    if values.size < MINIMUM_EPOCHS:
        return Line(float("nan"), float("nan"), float("nan"), 0)
    line = stats.theilslopes(values, epochs)
    span = int(epochs[-1] - epochs[0])
    return Line(float(line.slope), float(line.low_slope), float(line.high_slope), span)


def _test_trend(
    epochs: Int[ndarray, " finite"], values: Float[ndarray, " finite"], slope: float
) -> float:
    """The p-value of the autocorrelation-corrected Mann-Kendall test (see `trend`)."""
    if np.ptp(values) == 0:
        return 1.0
    plain = float(pymannkendall.original_test(values).p)
    # On a straight line the detrended ranks are rounding error: they have no autocorrelation.
    residuals = values - slope * epochs
    if np.ptp(residuals) <= 1e-9 * np.ptp(values):
        return plain
    with np.errstate(all="ignore"):
        corrected = float(pymannkendall.hamed_rao_modification_test(values, lag=3).p)
    return plain if np.isnan(corrected) else max(plain, corrected)


def late_share(curve: Float[ndarray, " epochs"], epoch: int) -> tuple[float, float, float]:
    """The share of a curve's change that happens after `epoch`, with its 95 % interval.

    The change after `epoch` is the Theil-Sen slope of the epochs from there on times their span;
    the change up to `epoch` is measured in the same way; the share is the one over the sum of
    both sizes, with the sign of late over early change. 0: all happened before; the late span's
    share of all epochs: a straight line; negative: the curve turns. The interval carries the late
    slope's interval and takes the early change as known.

    NaN where one of the two parts has fewer than 5 finite epochs or nothing changes at all.
    """
    early, late = fit_line(curve[:epoch]), fit_line(curve[epoch - 1 :])
    before = early.slope * early.span
    shares = []
    for slope in (late.slope, late.low, late.high):
        after = slope * late.span
        whole = abs(before) + abs(after)
        sign = -1.0 if before < 0 else 1.0
        shares.append(sign * after / whole if whole > 0 else float("nan"))
    return shares[0], min(shares[1:]), max(shares[1:])


def plateau_epoch(curve: Float[ndarray, " epochs"], flat_share: float = FLAT_SHARE) -> int | None:
    """The epoch (from 1) from which on a rising curve stays flat; None if it never does.

    A broken stick, a straight line up to the epoch and a constant from there, is fitted at every
    epoch by least absolute deviations (the constant is the median, the line ends on it), so
    single jumps carry little weight. The best epoch counts as plateau if the curve rises before
    it, if the rise exceeds the jumping (twice the mean absolute deviation from the stick), and if
    the part after it, a quarter of the epochs or more, is at most `flat_share` (a quarter) as steep
    as the rise. Significance is not asked of the flatness: a smooth curve's remaining tenth of
    a dB would be significant.

    Epochs that are NaN or infinite are left out; None with fewer than 10 finite ones.
    """
    epochs, values = keep_finite_epochs(curve)
    if values.size < 2 * MINIMUM_EPOCHS:
        return None
    # The rise keeps at least 5 epochs with the plateau's first; a short plateau is chance.
    shortest = max(MINIMUM_EPOCHS, values.size // 4)
    breaks = np.arange(MINIMUM_EPOCHS - 1, values.size - shortest + 1)
    fits = [_fit_stick(epochs, values, int(place)) for place in breaks]
    deviation, rise, place = min(
        (deviation, rise, int(place)) for (deviation, rise), place in zip(fits, breaks, strict=True)
    )
    if rise <= 2 * deviation or rise <= 0:
        return None
    steepness = rise / float(epochs[place] - epochs[0])
    if abs(fit_line(values[place:]).slope) > flat_share * steepness:
        return None
    return int(epochs[place])


def _fit_stick(
    epochs: Int[ndarray, " finite"], values: Float[ndarray, " finite"], place: int
) -> tuple[float, float]:
    """Mean absolute deviation and rise of the stick that breaks at index `place`."""
    level = float(np.median(values[place:]))
    before = epochs[place] - epochs[:place]
    slope = float(np.median((level - values[:place]) / before))
    stick = np.concatenate([level - slope * before, np.full(values.size - place, level)])
    return float(np.abs(values - stick).mean()), slope * float(before[0])
