"""What a quantity's function gives: numbers, with a standard error where there is one."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Estimate(NamedTuple):
    """A number and its standard error; NaN where it has none."""

    value: float
    standard_error: float = math.nan


Values = Mapping[str, float | Estimate]
"""A quantity's columns and their numbers. NaN says that there is no number."""


def mean_of(values: Float[Tensor, "samples"]) -> Estimate:
    """Mean with its standard error, the standard deviation over the root of the number.

    One value has no error. Where a value is NaN or infinite so is the mean (NaN where infinities
    of both signs meet), without an error: a quantity that leaves values out does so before. NaN of
    no values.
    """
    exact = values.double()
    if len(exact) < 2 or not exact.isfinite().all():
        return Estimate(float(exact.mean()))
    return Estimate(float(exact.mean()), float(exact.std() / len(exact) ** 0.5))


def ratio(numerator: float, denominator: float) -> float:
    """A quotient, NaN where it would divide by zero."""
    return numerator / denominator if denominator != 0 else math.nan
