"""Read and write result tables as CSV whose numbers survive the round trip unchanged.

Python's `csv` writes and reads; pandas, which also could, takes longer to import than most tables
need to be read, and guesses types.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path

if TYPE_CHECKING:
    from pandas import DataFrame  # Slow to import, and not all tables need it.


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows under the given columns; floats keep every digit, NaN is "nan"."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with atomic_path(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8", newline="")


def read_table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a table, every value as text.

    Raises
    ------
    InputError
        The file is missing, cut off, not a table, or without one of the columns.
    """
    try:
        reader = csv.DictReader(io.StringIO(_read_text(path), newline=""), strict=True)
        found = list(reader.fieldnames or [])
        rows = list(reader)
    except csv.Error as error:
        raise InputError(f"{path} is not a table: {error}.") from error
    if not found:
        raise InputError(f"{path} is empty; a table with {', '.join(columns)} is needed.")
    _check_header(path, found)
    if missing := [column for column in columns if column not in found]:
        raise InputError(f"{path} has no column '{missing[0]}'; it has {', '.join(found)}.")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise InputError(f"{path}, line {number}: the number of values is not {len(found)}.")
    return rows


def read_frame(
    path: Path,
    columns: Sequence[str] = (),
    numbers: Sequence[str] = (),
    finite: Sequence[str] = (),
    as_text: bool = False,
    optional: Sequence[str] = (),
) -> "DataFrame":
    """A table as a data frame.

    Parameters
    ----------
    columns, numbers, finite
        Columns that must be there; that must hold numbers, NaN and infinities among them; and
        that must hold finite numbers.
    as_text
        Leave every value the text that it is.
    optional
        Those of the columns that need not be there.

    Raises
    ------
    InputError
        The file is missing, cut off or not a table, or a column is not what it must be.
    """
    import pandas as pd

    text = io.StringIO(_read_text(path))
    # pandas would call the second of two equal columns by another name.
    _check_header(path, next(csv.reader(text), []))
    text.seek(0)
    try:
        if as_text:
            table = pd.read_csv(text, dtype=str, keep_default_na=False)
        else:
            table = pd.read_csv(text)
    except ValueError as error:  # pandas' own errors among them
        raise InputError(f"{path} is not a table: {' '.join(str(error).split())}.") from error
    for name in (*columns, *numbers, *finite):
        if name not in table and name not in optional:
            raise InputError(f"{path} has no column '{name}'; it has {', '.join(map(str, table))}.")
    there = [name for name in (*numbers, *finite) if name in table]
    for name in there if len(table) else ():
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise InputError(f"{path}: the column '{name}' holds text; it must hold numbers.")
        if name in finite and not table[name].abs().lt(float("inf")).all():
            raise InputError(f"{path}: the column '{name}' must hold finite numbers.")
    return table


def texts_of(table: "DataFrame", names: Sequence[str]) -> "DataFrame":
    """Columns of text, "" where nothing stands: one without any text was read as numbers."""
    columns = table[list(names)]
    return columns.astype(object).where(columns.notna(), "").astype(str)


def _check_header(path: Path, columns: Sequence[str]) -> None:
    if repeated := [name for number, name in enumerate(columns) if name in columns[:number]]:
        raise InputError(f"{path} has the column '{repeated[0]}' twice; allowed is once.")


def _read_text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; a table is needed.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a table: {error}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    # Half a number is a number too: only the missing end of its line tells.
    if text and not text.endswith("\n"):
        raise InputError(f"{path} is cut off: its last line has no end.")
    return text
