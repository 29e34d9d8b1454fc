"""The declared claims: the rows of `table.csv` beside this module."""

import csv
import math
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from maxgain.registry import Registry, Row

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray

    from maxgain.tables.runs import RunCurves


@dataclass(frozen=True)
class Claim(Row):
    """One row of `claims/table.csv`: a statement and by what measure it is judged.

    Attributes
    ----------
    name
        For example "M1".
    function
        The function that judges it, as "package.module:function".
    origin
        "paper", or "this project" for what the paper does not say.
    short
        The statement in a few words, for the terminal.
    statement
        What is claimed, in our words.
    figure
        Number of the paper's figure(s), for example "8" or "6, 7"; empty where there is none.
    table
        The result tables it is judged from: names of experiments, "toy", "zoo" or "curves" (all
        experiments).
    quantity
        The table's columns that stand for the response, `gain_db` where the paper speaks.
    statistic
        What `threshold` is compared with, and in what unit; what `margin` means.
    threshold
        The bound of `statistic`, in the statistic's unit.
    equivalence
        How far beyond `threshold` the statistic must lie to matter: shown to stay below that, it
        is *equivalent* to none and the claim fails; shown to lie beyond `threshold`, it is a
        *difference*. 0 where the threshold itself parts what matters from what does not.
    margin
        A second bound, in the unit that `statistic` says; NaN where the claim needs none.
    epoch
        The epoch the claim names; NaN where it names none.
    tolerance
        How many epochs away from `epoch` still count as that epoch; NaN like `epoch`.
    epochs
        The fewest epochs of a run that the claim can be judged from; NaN where there are none.
    section
        Section of the paper; empty where the claim is not the paper's.
    """

    origin: str
    short: str
    statement: str
    figure: str
    table: str
    quantity: str
    statistic: str
    threshold: float
    equivalence: float
    margin: float
    epoch: float
    tolerance: float
    epochs: float
    section: str

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables it is judged from."""
        return tuple(self.table.split())

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of the columns it reads."""
        return tuple(self.quantity.split())

    def curve(self, run: "RunCurves") -> "Float[ndarray, ' epochs']":
        """The run's curve of the claim's (first) quantity, dB."""
        return run[self.quantities[0]]


NUMBERS = ("threshold", "equivalence", "margin", "epoch", "tolerance", "epochs")
"""Columns of the table that hold numbers; an empty cell is NaN."""


def _read_table() -> list[Claim]:
    text = files("maxgain.claims").joinpath("table.csv").read_text(encoding="utf-8")
    claims = []
    for row in csv.DictReader(text.splitlines(), strict=True):
        numbers = {name: float(row.pop(name) or math.nan) for name in NUMBERS}
        claims.append(Claim(**row, **numbers))  # type: ignore[arg-type]
    return claims


CLAIMS: Registry[Claim] = Registry("claims", _read_table())
"""Every claim by name, those of installed packages (entry points of `maxgain.claims`) last."""
