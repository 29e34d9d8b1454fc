"""Types of single configuration values, each with its own check."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

Precision = Literal["fp32", "tf32", "bf16"]
Device = Literal["auto", "cpu", "cuda"]
FigureFormat = Literal["svg", "png", "pdf"]

Count = Annotated[int, Field(strict=True, gt=0, lt=2**31)]
"""No count here comes near the limit; beyond it, sizes no longer fit the integers of libraries."""

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=100)]
"""What becomes the name of a file or folder."""

_NO_FRACTION = "must be a number or a fraction such as '1/3'"
_ABSURD_EXPONENT = re.compile(r"[eE][+-]?[0-9_]{4,}")
"""'1e999999999' is short and its integer is not."""

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


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("must be printable text of one line")
    return text


def _without_repeats(values: list[Any]) -> list[Any]:
    if any(value in values[:number] for number, value in enumerate(values)):
        raise ValueError("must not name a value twice")
    return values


def _expanded(path: Path) -> Path:
    """A path with the home folder for `~`, that no program takes for an option."""
    try:
        path = path.expanduser()
    except RuntimeError as error:
        raise ValueError("names a home folder that is not known") from error
    return path.absolute() if str(path).startswith("-") else path


Factor = Annotated[
    Fraction,
    BeforeValidator(_as_fraction),
    AfterValidator(_positive),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]}),
]
Label = Annotated[str, AfterValidator(_printable)]
UserPath = Annotated[Path, AfterValidator(_expanded)]
Unique = AfterValidator(_without_repeats)
"""Of a list: no value stands twice."""


class Section(BaseModel):
    """A section of the configuration: frozen, and unknown keys are refused.

    A text below a field describes it: for the reference of the configuration and for editors.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
        populate_by_name=True,
    )
