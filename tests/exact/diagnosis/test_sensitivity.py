"""Rules on sensitivity and saturation, in units of their own standard error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maxgain.diagnosis.rules import diagnose
from maxgain.diagnosis.sensitivity import diagnose_sensitivity
from maxgain.diagnosis.verdicts import DiagnosisVerdict
from maxgain.errors import InputError

TIME = np.arange(1, 46, dtype=float)


def draw_noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=TIME.size)


PLATEAU = 7 * (1 - np.exp(-TIME / 4))
LEVEL = np.full(45, -4.0)
TURNS = LEVEL - 0.2 * np.maximum(TIME - 25, 0)

# Sensitivity relative to a standard error of 1, and saturation.
CURVES = {
    "learning-rate-too-high": (4 * draw_noise(1), LEVEL),
    "learning-rate-too-low-or-train-longer": (20 * TIME / 45 + 0.3 * draw_noise(2), LEVEL),
    "converging": (PLATEAU + 0.3 * draw_noise(3), LEVEL),
    "overfitting": (PLATEAU + 0.3 * draw_noise(4), TURNS),
    "diverged": (np.where(TIME > 30, np.nan, PLATEAU), LEVEL),
    "dead": (np.where(TIME > 30, -np.inf, PLATEAU), LEVEL),
    "undecided": (np.zeros(45), LEVEL),
}


@pytest.mark.parametrize("verdict", CURVES)
@pytest.mark.parametrize("error", [0.05, 1.0, 20.0])
def test_typical_curves_are_diagnosed_at_any_size_of_the_error(verdict: str, error: float) -> None:
    sensitivity, saturation = CURVES[verdict]
    result = diagnose_sensitivity(
        -30 + error * sensitivity,
        np.full(45, error),
        error * saturation + 0.05 * error * draw_noise(5),
        np.full(45, 0.3 * error),
    )
    assert result.verdict == verdict, result.sentence
    assert result.sentence.endswith(".")


def test_every_verdict_occurs_above() -> None:
    assert set(CURVES) == set(DiagnosisVerdict)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 500), factor=st.sampled_from([0.125, 0.5, 2.0, 16.0]))
def test_units_do_not_matter(seed: int, factor: float) -> None:
    random = np.random.default_rng(seed)
    curve = random.normal(size=45) * random.choice([0.3, 1, 3]) + random.normal() * TIME / 10
    saturation = -4 + random.normal(size=45) * 0.3 - random.random() * TIME / 10
    error = random.uniform(0.5, 1.5, size=45)
    once = diagnose_sensitivity(curve, error, saturation, error)
    scaled = diagnose_sensitivity(
        factor * curve, factor * error, factor * saturation, factor * error
    )
    assert scaled.verdict == once.verdict


def test_two_networks_of_different_noise_are_told_apart_by_their_error() -> None:
    curve = -30 + 2 * PLATEAU + 1.2 * draw_noise(6)
    assert diagnose(curve).verdict == DiagnosisVerdict.LEARNING_RATE_TOO_HIGH
    noisy = diagnose_sensitivity(curve, np.full(45, 3.0))
    assert noisy.verdict == DiagnosisVerdict.CONVERGING
    quiet = diagnose_sensitivity(curve, np.full(45, 0.1))
    assert quiet.verdict == DiagnosisVerdict.LEARNING_RATE_TOO_HIGH


@pytest.mark.parametrize("error", [0.0, 1e-9])
def test_error_of_zero_makes_no_jumps_of_rounding(error: float) -> None:
    result = diagnose_sensitivity(-30 + TIME / 10 + 1e-6 * draw_noise(9), np.full(45, error))
    assert result.verdict != DiagnosisVerdict.LEARNING_RATE_TOO_HIGH


def test_saturation_that_falls_evenly_or_within_its_error_is_no_overfitting() -> None:
    error, curve = np.full(45, 0.5), -30 + PLATEAU + 0.1 * draw_noise(7)
    even = LEVEL - 0.1 * TIME + 0.02 * draw_noise(8)
    assert diagnose_sensitivity(curve, error, even, error).verdict == "converging"
    small = TURNS + 0.02 * draw_noise(9)
    assert diagnose_sensitivity(curve, error, small, error * 10).verdict == "converging"
    assert diagnose_sensitivity(curve, error, small, error).verdict == "overfitting"


def test_start_of_the_fall_is_named() -> None:
    result = diagnose_sensitivity(-30 + PLATEAU, np.full(45, 0.5), TURNS, np.full(45, 0.5))
    assert "falls by 4.4 dB since epoch 25" in result.sentence


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((PLATEAU[None], PLATEAU), r"sensitivity has the shape \(1, 45\)"),
        ((PLATEAU, PLATEAU[:9]), "error has 9 epochs and its curve 45"),
        ((PLATEAU, -PLATEAU), "error holds -.*; a standard error must not be negative"),
        ((PLATEAU, PLATEAU * np.nan), "error holds no finite value; .* two impulses or more"),
        ((PLATEAU, PLATEAU, LEVEL[:9]), "saturation has 9 epochs and sensitivity 45"),
        ((PLATEAU, PLATEAU, LEVEL, LEVEL + 5 - PLATEAU), "saturation_error holds"),
    ],
)
def test_curves_that_do_not_fit_are_refused(arguments: tuple[object, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        diagnose_sensitivity(*arguments)  # type: ignore[arg-type]
