"""Columns of true and false, however a table wrote them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import Series


def read_flags(column: "Series") -> "Series[bool]":
    """Whether each value of a column means true: pandas writes "True", other tools "true".

    `pandas.read_csv(true_values=...)` was weighed: a column with one empty cell then stays text.
    """
    return column.map(lambda value: str(value).strip().lower() == "true").astype(bool)
