"""Numbers that figures print, from tables by `maxgain.statistics`: drawing takes them as given."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.figures.probes import trained_rows
from maxgain.statistics.correlation import correlate_ranks
from maxgain.statistics.intervals import mean_interval
from maxgain.statistics.variability import START_STEPS, variability
from maxgain.tables.runs import RUN, check_columns

ESTIMATORS = {
    "gain_db": "G, one impulse (the paper's)",
    "sensitivity_db": "S, one impulse",
    "sensitivity_mean_db": "S, mean over impulses",
}
"""Columns of a table of curves that estimate how a network responds, and what figures call them."""


def check_numbers(table: DataFrame, names: Iterable[str]) -> None:
    """Raise InputError if one of the columns that a table has, of those named, holds text."""
    for name in names:
        if name in table and not pd.api.types.is_numeric_dtype(table[name]) and len(table):
            raise InputError(
                f"the table of curves has text in the column '{name}'; it must hold numbers."
            )


def interval_of_seeds(values: "pd.Series[float]") -> tuple[float, float]:
    """95 % confidence interval of a mean over seeds, by Student's t; NaN with one seed."""
    return mean_interval(values.to_numpy(dtype=np.float64))


def correlate_families(
    zoo: DataFrame, missing: Sequence[str] = (), image: str = "impulse"
) -> dict[str, Any]:
    """Rank correlation of gain and error in each family and channel, for figure 7.

    Returns
    -------
    dict
        correlations: family, channel, networks, rho, ci_low, ci_high (NaN: no interval).
    """
    rows = [
        {
            "family": family,
            "channel": channel,
            "networks": found.networks,
            "rho": found.rho,
            "ci_low": np.nan if found.ci_low is None else found.ci_low,
            "ci_high": np.nan if found.ci_high is None else found.ci_high,
        }
        for (family, channel), networks in trained_rows(zoo, image).groupby(
            ["family", "channel"], sort=False
        )
        for found in [
            correlate_ranks(
                networks["gain_db"].to_numpy(dtype=np.float64),
                networks["top5_error"].to_numpy(dtype=np.float64),
            )
        ]
    ]
    names = ["family", "channel", "networks", "rho", "ci_low", "ci_high"]
    return {"correlations": DataFrame(rows, columns=names)}


def measure_variabilities(*tables: DataFrame) -> dict[str, Any]:
    """Variability of each run by each estimator that its table has, without the first epochs.

    Returns
    -------
    dict
        variabilities: table (its position), learning_rate, seed, estimator, value in dB.
    """
    rows = []
    for position, table in enumerate(tables):
        check_columns(table)
        check_numbers(table, ESTIMATORS)
        for (_, _, rate, seed), run in table.groupby(list(RUN), sort=True):
            run = run.sort_values("epoch", kind="stable")
            for column, name in ESTIMATORS.items():
                if column in run:
                    curve = run[column].to_numpy(dtype=np.float64)[START_STEPS:]
                    value = variability(curve)
                    rows.append((position, rate, seed, name, value))
    columns = ["table", "learning_rate", "seed", "estimator", "value"]
    return {"variabilities": pd.DataFrame(rows, columns=columns).dropna(subset=["value"])}
