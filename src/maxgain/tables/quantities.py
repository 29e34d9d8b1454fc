"""Columns, reader and writer of quantities.csv: one row for each run, epoch and quantity."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from maxgain.errors import InputError
from maxgain.files.csv import read_frame, write_table

if TYPE_CHECKING:
    from pandas import DataFrame  # Slow to import, and writing does without it.

QUANTITY_COLUMNS = ("run", "epoch", "quantity", "value", "standard_error")
"""Columns of quantities.csv. The quantity is one column of `maxgain.quantities.registry`, its unit
is the row's there; NaN is no number, minus infinity a dead network's gain."""


def write_quantities(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows of the columns above; floats keep every digit."""
    write_table(path, QUANTITY_COLUMNS, rows)


def read_quantities(path: Path) -> "DataFrame":
    """A tidy table of quantities.

    Raises
    ------
    InputError
        The file is missing, is no such table, or holds two values of one run, epoch and quantity.
    """
    table = read_frame(path, QUANTITY_COLUMNS, ("value", "standard_error"), ("epoch",))
    keys = ["run", "epoch", "quantity"]
    if (twice := table.duplicated(keys)).any():
        first = table[twice].iloc[0]
        raise InputError(
            f"{path} has two values of {first['quantity']} at epoch {first['epoch']} of the run "
            f"{first['run']}; there must be one."
        )
    return table


def signals_of(quantities: "DataFrame") -> "DataFrame":
    """Tidy quantities as one row a run and epoch and one column a quantity; errors are left out.

    This is what stop rules see. A quantity that was not measured at an epoch is NaN there.
    """
    wide = quantities.pivot(index=["run", "epoch"], columns="quantity", values="value")
    wide.columns.name = None
    return wide.reset_index()
