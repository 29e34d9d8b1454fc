"""From an effect, its interval and a threshold to a verdict."""

import math
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

Verdict = Literal["reproduced", "not reproduced", "inconclusive", "not run"]


#: From best to worst: what the trend regression compares by.
VERDICTS: tuple[Verdict, ...] = ("reproduced", "inconclusive", "not reproduced", "not run")


def decide(effect: float, ci_low: float | None, ci_high: float | None, threshold: float) -> Verdict:
    """Return the verdict on "effect is above threshold" from a 95 % confidence interval.

    "reproduced" where the whole interval is above the threshold, "not reproduced" where it is
    below or touches it from below, "inconclusive" where it straddles the threshold, or where
    there is no interval or effect (None or NaN): an estimate without an uncertainty decides
    nothing.
    """
    if ci_low is None or ci_high is None or math.isnan(effect + ci_low + ci_high):
        # Infinite effects of opposite sign add to NaN as well: they decide nothing either.
        return "inconclusive"
    if ci_low > threshold:
        return "reproduced"
    return "not reproduced" if ci_high <= threshold else "inconclusive"


def mean_with_interval(
    values: Float[ndarray, "seeds"], confidence: float = 0.95
) -> tuple[float, float | None, float | None]:
    """Return mean, and lower and upper end of Student's t interval, of one value a seed.

    Student's t rather than a bootstrap: with the three to five seeds of these experiments a
    bootstrap resamples so few values that its intervals are far too narrow. The ends are None
    with a single seed.
    """
    if values.size == 0:
        return math.nan, None, None
    mean = float(values.mean())
    if values.size == 1 or not np.isfinite(values).all():
        return mean, None, None
    half = float(stats.t.ppf(0.5 + confidence / 2, values.size - 1) * stats.sem(values))
    return mean, mean - half, mean + half
