"""Columns, reader and writer of verdicts.csv."""

from pathlib import Path

from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.files.csv import read_frame
from maxgain.statistics.decisions import VERDICTS

#: Columns of verdicts.csv, in this order.
VERDICT_COLUMNS = (
    "id",
    "verdict",
    "effect",
    "ci_low",
    "ci_high",
    "threshold",
    "seeds",
    "statistic",
    "numbers",
    "data",
    "statement",
    "figure",
    "section",
)


_NUMBERS = ("effect", "ci_low", "ci_high", "threshold")


def read_verdicts(path: Path) -> DataFrame:
    """Return a verdict table as `maxgain.claims.judge.judge` made it.

    Raises
    ------
    InputError
        The file is missing, or is no verdict table.
    """
    table = read_frame(path, as_text=True)
    if tuple(table.columns) != VERDICT_COLUMNS:
        raise InputError(
            f"{path} has the columns {', '.join(table.columns)}; a verdict table has "
            f"{', '.join(VERDICT_COLUMNS)}."
        )
    unknown = sorted(set(table["verdict"]) - set(VERDICTS))
    if unknown:
        raise InputError(
            f"{path} has the verdict {unknown[0]!r}; allowed are {', '.join(VERDICTS)}."
        )
    try:
        return table.astype(dict.fromkeys(_NUMBERS, float) | {"seeds": int})
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path} has text in place of a number: {error}.") from error


def write_verdicts_csv(verdicts: DataFrame, path: Path) -> None:
    """Write verdicts.csv; floats in full precision, NaN as "nan"."""
    with atomic_path(path) as temporary:
        verdicts.to_csv(temporary, index=False, na_rep="nan", lineterminator="\n")
