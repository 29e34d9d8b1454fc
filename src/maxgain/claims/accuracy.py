"""Errors of networks trained as public examples train them, beside the published ones.

Nothing is decided here: no threshold was declared for it, and three trainings decide nothing.
"""

import numpy as np
from pandas import DataFrame

from maxgain.config.accuracy import AccuracyCheck
from maxgain.errors import InputError
from maxgain.statistics.decisions import find_mean_interval
from maxgain.tables.runs import read_data_label, select_runs


def summarise_accuracy(name: str, check: AccuracyCheck, table: DataFrame) -> dict[str, object]:
    """A row of accuracy.csv, `maxgain.tables.accuracy.ACCURACY_COLUMNS`.

    Parameters
    ----------
    table
        The check's trainings, one row for each run and epoch
        (`maxgain.tables.results.read_curve_table`); without rows where it was not run.

    Raises
    ------
    InputError
        The table's seeds or epochs are not those of the check.
    """
    runs = select_runs(table, {})
    seeds = [run.seed for run in runs]
    if seeds != sorted(check.seeds):
        raise InputError(
            f"accuracy/{name}.csv has the seeds {_listed(seeds)}; it must have those of the check, "
            f"{_listed(sorted(check.seeds))}."
        )
    for run in runs:
        if run.epochs != check.epochs:
            raise InputError(
                f"accuracy/{name}.csv has {run.epochs} epochs of seed {run.seed}; it must have "
                f"those of the check, {check.epochs}."
            )
    last = np.array([100 * run["validation_error"][-1] for run in runs])
    ended = last[np.isfinite(last)]
    low, high = find_mean_interval(ended)
    data, stand_in = read_data_label(table)
    return {
        "check": name,
        "data": data,
        "stand_in": stand_in,
        "network": check.network,
        "capacity": float(check.capacity),
        "learning_rates": check.rates,
        "epochs": check.epochs,
        "seeds": len(runs),
        "diverged": len(last) - len(ended),
        "validation_error": float(ended.mean()) if ended.size else np.nan,
        "validation_error_low": np.nan if low is None else low,
        "validation_error_high": np.nan if high is None else high,
        "published_error": np.nan if check.published_error is None else check.published_error,
        "source": check.source,
    }


def _listed(seeds: list[int]) -> str:
    return ", ".join(map(str, seeds)) or "none"
