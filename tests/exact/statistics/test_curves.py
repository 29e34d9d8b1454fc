"""Estimators of a curve's variability, trend, plateau and onset, where their answer is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maxgain.statistics.gaps import first_diverged_epoch
from maxgain.statistics.onset import variability_onset
from maxgain.statistics.trend import late_share, plateau_epoch, trend
from maxgain.statistics.variability import (
    detrended_differences,
    rolling_variability,
    scale_of,
    variability,
)

TIME = np.arange(1, 46, dtype=float)


def draw_noise(seed: int, size: int = 45) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size)


# --- variability ----------------------------------------------------------------------------------


def test_scale_of_normal_noise_is_its_standard_deviation() -> None:
    assert scale_of(3 * draw_noise(0, 20000)) == pytest.approx(3, rel=0.03)


def test_variability_of_white_noise_is_that_of_its_differences() -> None:
    assert variability(2 * draw_noise(1, 1500)) == pytest.approx(2 * math.sqrt(2), rel=0.08)


@given(st.floats(-5, 5), st.floats(-0.5, 0.5), st.floats(-90, 0))
@settings(max_examples=30, deadline=None)
def test_variability_ignores_lines_and_parabolas(slope: float, bend: float, level: float) -> None:
    noise = draw_noise(2)
    moved = level + slope * TIME + bend * TIME**2 + noise
    assert variability(moved) == pytest.approx(variability(noise), rel=1e-6)


@given(st.floats(0.01, 100))
@settings(max_examples=20, deadline=None)
def test_variability_scales_with_the_curve(factor: float) -> None:
    noise = draw_noise(3)
    assert variability(factor * noise) == pytest.approx(factor * variability(noise))


def test_variability_ignores_one_drop_but_not_jumps_in_every_third_epoch() -> None:
    smooth = 0.1 * draw_noise(4)
    dropped = smooth - 10 * (TIME > 3)
    assert variability(dropped) == pytest.approx(variability(smooth), rel=0.2)
    jumping = smooth + np.where(TIME % 3 == 0, 5 * draw_noise(5), 0)
    assert variability(jumping) > 10 * variability(smooth)


def test_steps_at_undefined_epochs_are_undefined_and_no_others() -> None:
    curve = draw_noise(6)
    curve[[10, 20]] = math.nan, -math.inf
    undefined = np.flatnonzero(np.isnan(detrended_differences(curve)))
    assert undefined.tolist() == [9, 10, 19, 20]


def test_variability_needs_five_steps() -> None:
    assert math.isnan(variability(draw_noise(7, 5)))
    assert variability(draw_noise(7, 6)) > 0


def test_rolling_variability_follows_the_change() -> None:
    curve = np.where(TIME < 25, 0.2, 4.0) * draw_noise(8)
    rolling = rolling_variability(curve, window=10)
    assert rolling.shape == curve.shape
    assert np.isnan(rolling[:5]).all()
    assert np.isfinite(rolling[5:]).all()
    assert rolling[40] > 5 * rolling[20]
    with pytest.raises(ValueError, match="window is 4"):
        rolling_variability(curve, window=4)


def test_rolling_variability_trails() -> None:
    """What comes later does not change what was shown before, but for the common detrending."""
    curve = 0.1 * draw_noise(9)
    later = curve.copy()
    later[30:] += 20 * (-1.0) ** np.arange(15)
    before, after = rolling_variability(curve)[:30], rolling_variability(later)[:30]
    np.testing.assert_allclose(after[10:], before[10:], atol=0.15)


# --- trend ----------------------------------------------------------------------------------------


def test_trend_of_a_line_is_its_slope() -> None:
    result = trend(-30 + 0.25 * TIME)
    assert (result.slope, result.slope_low, result.slope_high) == pytest.approx((0.25, 0.25, 0.25))
    assert result.direction == "rising"
    assert result.span == 44
    assert trend(30 - 0.25 * TIME).direction == "falling"


def test_trend_of_a_constant_is_none() -> None:
    result = trend(np.full(20, -30.0))
    assert (result.slope, result.p_value, result.direction) == (0.0, 1.0, "none")


def test_trend_uses_the_true_epochs_across_gaps() -> None:
    curve = -30 + 0.5 * TIME
    curve[5:20] = math.nan
    curve[30] = -math.inf
    assert trend(curve).slope == pytest.approx(0.5)


def test_trend_interval_covers_the_truth() -> None:
    results = [trend(0.1 * TIME + draw_noise(seed)) for seed in range(100, 160)]
    assert np.mean([r.slope_low < 0.1 < r.slope_high for r in results]) > 0.85


def test_noise_has_no_trend_and_autocorrelation_is_allowed_for() -> None:
    white = [trend(draw_noise(seed)).direction != "none" for seed in range(200)]
    assert np.mean(white) < 0.1

    def correlate(seed: int) -> np.ndarray:
        noise = draw_noise(seed, 100)
        for place in range(1, 100):
            noise[place] += 0.5 * noise[place - 1]
        return noise

    correlated = [trend(correlate(seed)).direction != "none" for seed in range(100)]
    # The uncorrected test finds a trend in about a fifth of such series.
    assert np.mean(correlated) < 0.17


@pytest.mark.parametrize("size", [0, 1, 4])
def test_trend_of_too_few_epochs_is_undefined(size: int) -> None:
    result = trend(np.arange(size, dtype=float))
    assert math.isnan(result.slope)
    assert result.direction == "none"


def test_late_share() -> None:
    line = 2.0 * np.arange(21.0)
    assert late_share(line, 11)[0] == pytest.approx(0.5)
    assert late_share(np.minimum(line, 20), 11)[0] == pytest.approx(0)
    assert late_share(-line, 11)[0] == pytest.approx(0.5)
    assert late_share(-np.abs(line - 20), 11)[0] == pytest.approx(-0.5)
    assert math.isnan(late_share(line[:6], 3)[0])
    assert math.isnan(late_share(np.zeros(20), 10)[0])


@pytest.mark.parametrize("epoch", [6, 10, 20, 30])
def test_plateau_is_found_where_the_rise_stops(epoch: int) -> None:
    curve = np.minimum(TIME, epoch) * 8 / epoch
    assert plateau_epoch(curve) == epoch
    noisy = [plateau_epoch(curve + 0.3 * draw_noise(seed)) for seed in range(10)]
    assert np.median([found or math.nan for found in noisy]) == pytest.approx(epoch, abs=2)


@pytest.mark.parametrize(
    "curve",
    [
        np.zeros(45),
        0.2 * TIME,
        -np.minimum(TIME, 10.0),
        draw_noise(10),
        np.minimum(TIME, 42.0),
        np.full(45, math.nan),
        np.arange(9.0),
    ],
)
def test_no_plateau_without_a_rise_that_stops(curve: np.ndarray) -> None:
    assert plateau_epoch(curve) is None


# --- onset ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("epoch", [15, 27, 35])
def test_onset_is_found_where_the_jumps_start(epoch: int) -> None:
    level = np.where(TIME < 4, -25 - 4 * TIME, -37)
    onsets = [
        variability_onset(level + np.where(epoch > TIME, 0.3, 4.0) * draw_noise(seed))
        for seed in range(20)
    ]
    found = [onset for onset in onsets if onset is not None]
    assert len(found) >= 19
    assert np.median([onset.epoch for onset in found]) == pytest.approx(epoch, abs=2)
    assert np.mean([onset.low <= epoch <= onset.high for onset in found]) >= 0.7
    assert all(onset.low <= onset.epoch <= onset.high for onset in found)
    assert all(onset.before < onset.after for onset in found)


@pytest.mark.parametrize("size", [20, 45])
def test_homogeneous_curves_have_no_onset(size: int) -> None:
    found = [variability_onset(draw_noise(seed, size)) is not None for seed in range(150)]
    assert np.mean(found) < 0.1


def test_decreasing_variability_has_no_onset() -> None:
    noise = np.where(TIME < 20, 4.0, 0.3)
    assert all(variability_onset(noise * draw_noise(seed)) is None for seed in range(10))


def test_onset_keeps_its_epoch_across_gaps() -> None:
    curve = np.where(TIME < 27, 0.1, 5.0) * draw_noise(11)
    whole = variability_onset(curve)
    curve[[8, 9]] = math.nan, -math.inf
    gapped = variability_onset(curve)
    assert whole is not None
    assert gapped is not None
    assert gapped.epoch == pytest.approx(whole.epoch, abs=1)


@pytest.mark.parametrize("curve", [np.zeros(45), np.arange(45.0), draw_noise(0, 9), np.zeros(0)])
def test_smooth_or_short_curves_have_no_onset(curve: np.ndarray) -> None:
    assert variability_onset(curve) is None


def test_first_diverged_epoch() -> None:
    assert first_diverged_epoch(np.array([1.0, math.nan, 2.0])) == 2
    assert first_diverged_epoch(np.array([1.0, -math.inf])) is None
