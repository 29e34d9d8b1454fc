"""Numbers that figures print, from tables by `maxgain.statistics`: drawing takes them as given."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.statistics.clusters import correlate_clusters
from maxgain.statistics.decisions import hold_draws
from maxgain.statistics.intervals import mean_interval
from maxgain.statistics.variability import START_STEPS, variability
from maxgain.tables.runs import RUN, check_columns
from maxgain.tables.zoo import judged_rows

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


def correlate_sets(
    zoo: DataFrame, missing: Sequence[str] = (), image: str = "impulse"
) -> dict[str, Any]:
    """Rank correlation of gain and error of each judged set, as claim P1 takes it, for figure 7.

    One network is drawn of each architecture; see `maxgain.statistics.clusters`.

    Returns
    -------
    dict
        correlations: set (`maxgain.tables.zoo.JUDGED_SETS`), channel, networks, architectures,
        rho, low and high (90 % interval, NaN: none), p_value (one-sided).
    """
    names = ["set", "channel", "networks", "architectures", "rho", "low", "high", "p_value"]
    rows = [
        (part, channel, *_correlate(networks))
        for (part, channel), networks in judged_rows(zoo, "inverse-score", image).groupby(
            ["set", "channel"], sort=False
        )
    ]
    return {"correlations": DataFrame(rows, columns=names)}


def _correlate(networks: DataFrame) -> tuple[int, int, float, float, float, float]:
    gains, errors = (networks[name].to_numpy(dtype=float) for name in ("gain_db", "top5_error"))
    found = correlate_clusters(gains, errors, networks["architecture"].tolist())
    finding = hold_draws("rho", found.rho, found.draws, "below", 0.0, found.clusters)
    low, high = (math.nan if end is None else end for end in (finding.low, finding.high))
    return found.networks, found.clusters, found.rho, low, high, found.p_value


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
