"""Rules with values chosen on other data sets: what their authors' values cost them here.

Secondary to the declared values. Each rule has a grid of five, the declared value among them, so
that none gains by having more to choose from.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from pandas import DataFrame, Series

from maxgain.stopping.elsewhere import ALL, best_elsewhere
from maxgain.stopping.registry import RULES
from maxgain.stopping.scoring import cell_means, interval_of_cells, score_rules
from maxgain.tables.stopping import StudyTables

_PATIENCE = ("patience", (1, 3, 5, 10, 20))
_INCREASES = ("patience", (2, 3, 5, 8, 12))
_DROP = ("drop_db", (1.0, 2.0, 3.0, 4.5, 6.0))

GRIDS: Mapping[str, tuple[str, tuple[float, ...]]] = {
    "eb-criterion": ("threshold", (-1.0, -0.3, 0.0, 0.3, 0.6)),
    "credibility-half": ("level", (0.05, 0.25, 0.5, 0.75, 0.95)),
    "disparity-consecutive": _INCREASES,
    "disparity-cumulative": _INCREASES,
    "alignment-online": _PATIENCE,
    "nnk-error": _PATIENCE,
    "local-dimension": ("deviations", (1.0, 1.5, 2.0, 3.0, 4.0)),
    "label-wave-3": ("patience", (1, 2, 3, 5, 8)),
    "optimisation-variance": _PATIENCE,
    "training-loss-0.1": ("threshold", (0.01, 0.03, 0.1, 0.3, 1.0)),
    "training-loss-patience-3": _PATIENCE,
    "gradient-noise": ("threshold", (0.25, 0.5, 1.0, 2.0, 4.0)),
    "spectral-alpha": ("threshold", (1.5, 1.75, 2.0, 2.5, 3.0)),
    "mastered": ("threshold", (0.5, 0.8, 0.9, 0.95, 0.99)),
    "gain-diagnosis": ("smooth_db", (0.25, 0.5, 1.0, 2.0, 4.0)),
    "sensitivity-plateau": ("flat_share", (0.05, 0.1, 0.25, 0.5, 1.0)),
    "saturation-fall": _DROP,
    "plateau-and-fall": _DROP,
    "gain-db-maximum": _PATIENCE,
    "sensitivity-mean-db-maximum": _PATIENCE,
    "saturation-mean-db-minimum": _PATIENCE,
    "validation-10-retrain": _PATIENCE,
}
"""The value of a rule that is tuned, and its grid. Rules without such a value are as they are
declared."""

TUNED_COLUMNS = (
    "rule",
    "parameter",
    "dataset",
    "value",
    "cells",
    "failed_cells",
    "mean_regret",
    "low",
    "high",
    "declared_regret",
)
"""Columns of tuned.csv: value is NaN for all data sets together, cells those that could be judged
with it, failed_cells those in which it failed and another value of the grid did not;
declared_regret the mean over the same cells with the declared value; low and high are ends of the
95 % interval over groups."""


@dataclass(frozen=True)
class _Chosen:
    """The value for a data set's cells, and their regrets with it and with the declared one."""

    dataset: str
    value: float
    tuned: Series
    declared: Series


def tune_rules(tables: StudyTables) -> DataFrame:
    """Rows of `TUNED_COLUMNS`: each rule on each data set with its best value on the others.

    Best is the least mean regret over the other data sets' cells, the first of the grid where
    several are, of the values that failed in the fewest of them. Empty with one data set alone.
    """
    if tables.ranked["dataset"].nunique() < 2:
        return DataFrame(columns=list(TUNED_COLUMNS))
    lines: list[dict[str, Any]] = []
    for rule, (parameter, grid) in GRIDS.items():
        row = RULES.find(rule)
        regrets = DataFrame(
            {
                value: cell_means(
                    score_rules(
                        [replace(row, parameters={**row.parameters, parameter: value})], tables
                    )
                )[rule]
                for value in grid
            }
        )
        declared = declared_value(rule)
        chosen = _leave_one_out(regrets.dropna(how="all"), declared)
        lines += [_line(rule, parameter, one.dataset, one.value, one) for one in chosen]
        if chosen:
            whole = _Chosen(
                ALL,
                float("nan"),
                pd.concat([one.tuned for one in chosen]),
                pd.concat([one.declared for one in chosen]),
            )
            lines.append(_line(rule, parameter, ALL, whole.value, whole))
    return DataFrame(lines, columns=list(TUNED_COLUMNS))


def declared_value(rule: str) -> float:
    """The declared value of what is tuned: the row's, else the function's default."""
    parameter = GRIDS[rule][0]
    given = RULES.find(rule).parameters.get(parameter)
    if given is None:
        given = inspect.signature(RULES.load(rule)).parameters[parameter].default
    return float(given)


def _leave_one_out(regrets: DataFrame, declared: float) -> list[_Chosen]:
    datasets = regrets.index.get_level_values("dataset")
    return [
        _Chosen(
            name, float(best), regrets[datasets == name][best], regrets[datasets == name][declared]
        )
        for name, best in best_elsewhere(regrets).items()
    ]


def _line(rule: str, parameter: str, dataset: str, value: float, one: _Chosen) -> dict[str, Any]:
    judged = one.tuned.dropna()
    interval = interval_of_cells(judged)
    return {
        "rule": rule,
        "parameter": parameter,
        "dataset": dataset,
        "value": value,
        "cells": len(judged),
        "failed_cells": len(one.tuned) - len(judged),
        "mean_regret": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "declared_regret": float(one.declared[judged.index].mean()),
    }
