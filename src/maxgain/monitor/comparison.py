"""Two followed trainings beside each other."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.monitor.curves import Curves
from maxgain.tables.followed import FOLLOWED_COLUMNS


@dataclass(frozen=True)
class CurveDifference:
    """One quantity of two trainings at the last epoch that both measured, in dB.

    Attributes
    ----------
    quantity
        "gain", "sensitivity" or "saturation", at the centred impulse.
    first, second
        Of the two trainings.
    mean
        Of second - first over all epochs that both measured.
    """

    quantity: str
    first: float
    second: float
    mean: float


def curves_of_table(table: DataFrame) -> Curves:
    """The curves of a table that `maxgain.tables.followed.read_followed` gave."""
    columns = {
        name.removesuffix("_db"): table[name].to_numpy(dtype=np.float64)
        for name in FOLLOWED_COLUMNS[1:]
    }
    return Curves(table["epoch"].to_numpy(dtype=np.int64), **columns)


def compare_curves(first: Curves, second: Curves) -> tuple[int, list[CurveDifference]]:
    """The last epoch that two trainings share, and how their quantities differ.

    Raises
    ------
    InputError
        They share no epoch.
    """
    shared, ours, theirs = np.intersect1d(first.epochs, second.epochs, return_indices=True)
    if not shared.size:
        raise InputError(
            f"the two trainings share no epoch: epochs {_span(first)} and {_span(second)}."
        )
    differences = []
    for name in ("gain", "sensitivity", "saturation"):
        one: Float[np.ndarray, " epochs"] = vars(first)[name][ours]
        other: Float[np.ndarray, " epochs"] = vars(second)[name][theirs]
        with np.errstate(invalid="ignore"):  # minus infinities have no difference
            mean = float(np.mean(other - one))
        differences.append(CurveDifference(name, float(one[-1]), float(other[-1]), mean))
    return int(shared[-1]), differences


def _span(curves: Curves) -> str:
    return f"{curves.epochs[0]} to {curves.epochs[-1]}"
