"""Read and write result tables as CSV whose numbers survive the round trip unchanged."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from maxgain.atomic import atomic_path
from maxgain.errors import InputError


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
        The file is missing, not a table, or without one of the columns.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            found = list(reader.fieldnames or [])
            rows = list(reader)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; a table is needed.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a table: {error}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    if not found:
        raise InputError(f"{path} is empty; a table with {', '.join(columns)} is needed.")
    if missing := [column for column in columns if column not in found]:
        raise InputError(f"{path} has no column '{missing[0]}'; it has {', '.join(found)}.")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise InputError(f"{path}, line {number}: the number of values is not {len(found)}.")
    return rows
