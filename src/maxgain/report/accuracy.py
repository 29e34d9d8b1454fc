"""The accuracy checks as the page shows them: each error beside the published one."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

from maxgain.files.csv import read_frame, texts_of
from maxgain.tables.accuracy import ACCURACY_COLUMNS, ACCURACY_NUMBERS
from maxgain.tables.flags import read_flags


@dataclass(frozen=True)
class CheckView:
    """One accuracy check.

    Attributes
    ----------
    error
        The error with its interval, percent, and how many trainings diverged, in words.
    published
        The error that the source states, percent, in words.
    """

    name: str
    network: str
    learning_rates: str
    seeds: int
    error: str
    published: str
    source: str
    data: str
    stand_in: bool


def read_accuracy(path: Path) -> list[CheckView]:
    """The checks of a table, in its order; none where there is no such file.

    Raises
    ------
    InputError
        The table lacks a column, or has text in place of a number.
    """
    if not path.exists():
        return []
    table = read_frame(path, ACCURACY_COLUMNS, ACCURACY_NUMBERS, ("seeds", "diverged"))
    table["stand_in"] = read_flags(table["stand_in"])
    table["data"] = texts_of(table, ["data"])
    return [_view(row) for row in table.to_dict("records")]


def _view(row: Mapping[Hashable, object]) -> CheckView:
    capacity, published = _number(row["capacity"]), _number(row["published_error"])
    return CheckView(
        name=str(row["check"]),
        network=f"{row['network']}" + (f" ×{capacity:g}" if capacity != 1 else ""),
        learning_rates=str(row["learning_rates"]),
        seeds=int(_number(row["seeds"])),
        error=_describe_error(row),
        published="none stated" if math.isnan(published) else f"{published:g} %",
        source=str(row["source"]),
        data=str(row["data"]),
        stand_in=bool(row["stand_in"]),
    )


def _describe_error(row: Mapping[Hashable, object]) -> str:
    if not row["seeds"]:
        return "not run"
    error, low, high, diverged = (
        _number(row[name])
        for name in (
            "validation_error",
            "validation_error_low",
            "validation_error_high",
            "diverged",
        )
    )
    text = "no value" if math.isnan(error) else f"{error:.4g} %"
    if not math.isnan(low + high):
        text += f" [{low:.4g}, {high:.4g}]"
    return f"{text}; {diverged:.0f} diverged" if diverged else text


def _number(value: object) -> float:
    return float(value)  # type: ignore[arg-type]
