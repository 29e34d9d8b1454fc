"""Types of single configuration values, each with its own check."""

import re
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

Role = Literal["mnist", "cifar10"]


Network = Literal["lenet", "nin"]


Precision = Literal["fp32", "tf32", "bf16"]


Device = Literal["auto", "cpu", "cuda"]


FigureFormat = Literal["svg", "png", "pdf"]


# No count here comes near the limit; beyond it, sizes no longer fit the integers of libraries.
Count = Annotated[int, Field(strict=True, gt=0, lt=2**31)]


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


Flag = Annotated[bool, Field(strict=True)]


_NO_FRACTION = "must be a number or a fraction such as '1/3'"


# "1e999999999" is short and its integer is not.
_ABSURD_EXPONENT = re.compile(r"[eE][+-]?[0-9_]{4,}")


_SMALLEST, _LARGEST = Fraction(1, 10**12), Fraction(10**12)


def _as_fraction(value: object) -> Fraction:
    """Read 4, 0.25 or "1/4"; decimals are taken as written, so that 0.05 x "1/10" is 0.005."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        raise ValueError(_NO_FRACTION)
    text = str(value)
    if len(text) > 100 or _ABSURD_EXPONENT.search(text):
        raise ValueError(_NO_FRACTION)
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(_NO_FRACTION) from error


def _positive(value: Fraction) -> Fraction:
    if value <= 0:
        raise ValueError("must be greater than 0")
    if not _SMALLEST <= value <= _LARGEST:
        raise ValueError("must lie between 1e-12 and 1e12")
    return value


def printable(text: str) -> str:
    """Text of one line, unchanged; ValueError for any other."""
    if not text.isprintable():
        raise ValueError("must be printable text of one line")
    return text


def without_repeats(values: list[Any]) -> list[Any]:
    """The values, unchanged; ValueError if one stands twice."""
    if len(set(values)) != len(values):
        raise ValueError("must not name a value twice")
    return values


Factor = Annotated[Fraction, BeforeValidator(_as_fraction), AfterValidator(_positive)]


Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]


class Section(BaseModel):
    """A section of the configuration: frozen, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
