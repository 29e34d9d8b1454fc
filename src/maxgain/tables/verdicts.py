"""Columns, reader and writer of verdicts.csv."""

from pathlib import Path

from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.files.csv import read_frame
from maxgain.statistics.decisions import VERDICTS

VERDICT_COLUMNS = (
    "id",
    "origin",
    "verdict",
    "stand_in",
    "effect",
    "ci_low",
    "ci_high",
    "threshold",
    "equivalence",
    "seeds",
    "short",
    "statistic",
    "numbers",
    "findings",
    "data",
    "statement",
    "figure",
    "section",
)
"""Columns of verdicts.csv, in this order."""

VERDICT_NUMBERS = ("effect", "ci_low", "ci_high", "threshold", "equivalence")
"""Those that hold numbers, NaN where there is none."""

_FLAGS = {"True": True, "False": False}


def read_verdicts(path: Path) -> DataFrame:
    """Verdict table as `maxgain.claims.judge.judge` made it.

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
    for name, allowed in (("verdict", VERDICTS), ("stand_in", tuple(_FLAGS))):
        unknown = sorted(set(table[name]) - set(allowed))
        if unknown:
            raise InputError(
                f"{path} has the {name} {unknown[0]!r}; allowed are {', '.join(allowed)}."
            )
    table["stand_in"] = table["stand_in"].map(_FLAGS).astype(bool)
    try:
        return table.astype(dict.fromkeys(VERDICT_NUMBERS, float) | {"seeds": int})
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path} has text in place of a number: {error}.") from error


def write_verdicts_csv(verdicts: DataFrame, path: Path) -> None:
    """Write verdicts.csv; floats in full precision, NaN as "nan"."""
    with atomic_path(path) as temporary:
        verdicts.to_csv(temporary, index=False, na_rep="nan", lineterminator="\n")
