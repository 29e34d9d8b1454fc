"""The table of a followed training: one row a measured epoch."""

from pathlib import Path
from typing import TYPE_CHECKING

from maxgain.errors import InputError
from maxgain.files.csv import read_frame
from maxgain.tables.curves import RESPONSE_COLUMNS

if TYPE_CHECKING:
    from pandas import DataFrame

FOLLOWED_COLUMNS = ("epoch", "gain_db", *RESPONSE_COLUMNS)
"""Columns of the table that `maxgain follow` and `GainMonitor.to_frame` write, dB, at the centred
impulse and as means over impulses with their standard errors; the first of `maxgain follow`'s is
`checkpoint`, the file that was measured."""


def read_followed(path: Path) -> "DataFrame":
    """The table of one followed training.

    Raises
    ------
    InputError
        The file is missing, is no such table, has no row, or its epochs do not rise.
    """
    table = read_frame(path, FOLLOWED_COLUMNS, FOLLOWED_COLUMNS[1:], ("epoch",))
    if table.empty:
        raise InputError(f"{path} has no row; there must be one a measured epoch.")
    if not table["epoch"].is_monotonic_increasing or table["epoch"].duplicated().any():
        raise InputError(f"{path}: the column 'epoch' must rise from row to row.")
    return table
