"""All result tables of a results folder, read together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pandas import DataFrame
from pandas.api.types import is_numeric_dtype

from maxgain.errors import InputError
from maxgain.files.csv import read_frame
from maxgain.tables.curves import (
    CURVE_COLUMNS,
    CURVE_NUMBERS,
    RESPONSE_COLUMNS,
    RUN_NUMBERS,
)
from maxgain.tables.toy import TOY_NUMBERS, TOY_TEXTS
from maxgain.tables.zoo import read_zoo


@dataclass(frozen=True)
class ResultTables:
    """The tables of one results folder; what was not run is absent.

    Attributes
    ----------
    curves
        Experiment ("mnist_rates", "cifar_rates", "networks", "capacity") to its tidy table, one
        row per run and epoch.
    toy, zoo
        The tables of figures 1-4 and of figures 5-7.
    """

    curves: Mapping[str, DataFrame] = field(default_factory=dict)
    toy: DataFrame | None = None
    zoo: DataFrame | None = None


def read_result_tables(folder: Path) -> ResultTables:
    """Tables of a results folder: curves/*.csv, toy.csv, zoo.csv, as far as present.

    Raises
    ------
    InputError
        The folder does not exist, or a table cannot be parsed.
    """
    if not folder.is_dir():
        raise InputError(f"results folder {folder} does not exist.")
    curves = {path.stem: read_curve_table(path) for path in sorted(folder.glob("curves/*.csv"))}
    toy, zoo = folder / "toy.csv", folder / "zoo.csv"
    return ResultTables(
        curves,
        read_frame(toy, TOY_TEXTS, TOY_NUMBERS) if toy.exists() else None,
        read_zoo(zoo) if zoo.exists() else None,
    )


def read_curve_table(path: Path) -> DataFrame:
    """Tidy table of an experiment, one row for each run and epoch.

    Raises
    ------
    InputError
        The file is missing, is no table, lacks a column or has text in place of numbers.
    """
    table = read_frame(path, CURVE_COLUMNS, CURVE_NUMBERS, RUN_NUMBERS)
    for name in RESPONSE_COLUMNS:
        if name in table and len(table) and not is_numeric_dtype(table[name]):
            raise InputError(f"{path}: the column '{name}' holds text; it must hold numbers.")
    return table
