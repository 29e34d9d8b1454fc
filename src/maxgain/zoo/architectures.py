"""Which design a network is of, told by its name: networks of one design are not independent."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from maxgain.errors import InputError
from maxgain.files.csv import read_table

COLUMNS = ("architecture", "year", "normalisation")
"""Columns by which a manifest may say what `architectures.csv` would."""


@dataclass(frozen=True)
class Architecture:
    """A design.

    Attributes
    ----------
    name
        Designs of one parent or of one group's recipe share it.
    year
        In which it was first published; NaN where not known.
    normalisation
        Of its hidden layers, "batch norm", "LRN", "none"; empty where not known.
    """

    name: str
    year: float = math.nan
    normalisation: str = ""


def find_architecture(name: str) -> Architecture:
    """Architecture of a network by the first row of `architectures.csv` that fits its name.

    Where none fits, it is the letters that the name begins with: that may join designs that are
    independent, and seldom parts those that are not.

    Examples
    --------
    >>> find_architecture("mobilenet_v1_0.25_224_int8").name
    'MobileNet V1'
    >>> find_architecture("mine_2").name
    'mine'
    """
    for pattern, architecture in _read_patterns():
        if fnmatchcase(name.lower(), pattern):
            return architecture
    letters = re.match(r"[^\W\d_]+", name)
    return Architecture(letters.group() if letters else name)


def parse_architecture(row: Mapping[str, str], place: str) -> Architecture | None:
    """Architecture that a row of a table says; None where it says none.

    Raises
    ------
    InputError
        The year is none.
    """
    name, year, normalisation = ((row.get(column) or "").strip() for column in COLUMNS)
    if not name:
        return None
    if year and not re.fullmatch(r"(19|20)\d\d", year):
        raise InputError(f"{place}, year is '{year}'; it must be four digits or empty.")
    return Architecture(name, float(year or math.nan), normalisation)


@cache
def _read_patterns() -> tuple[tuple[str, Architecture], ...]:
    table = Path(__file__).with_name("architectures.csv")
    patterns = []
    for row in read_table(table, ("pattern", *COLUMNS)):
        architecture = parse_architecture(row, f"zoo/{table.name}, pattern '{row['pattern']}'")
        assert architecture is not None
        patterns.append((row["pattern"], architecture))
    return tuple(patterns)
