"""The EB criterion on trainings without momentum, which it assumes, and on those with it."""

import numpy as np
import pandas as pd
from pandas import DataFrame

from maxgain.config.runs import SGD_MOMENTUM
from maxgain.stopping.registry import RULES
from maxgain.stopping.scoring import by_cell, score_rules
from maxgain.tables.regrets import CELL_COLUMNS
from maxgain.tables.stopping import WITHOUT_MOMENTUM, StudyTables

COMPARED = ("eb-criterion", "eb-criterion-batch", "last", "validation-10-retrain")
"""The rules that assume descent without momentum, and what they are to be read against."""

MOMENTUM_COLUMNS = ("momentum", *CELL_COLUMNS)
"""Columns of momentum.csv, one row for each rule and cell; without rows where every training of a
study has momentum."""

_ALIKE = ("dataset", "plain", "training_images", "noise_rate", "length")


def compare_momentum(tables: StudyTables) -> DataFrame:
    """A row of `MOMENTUM_COLUMNS` for each of `COMPARED`, in cells without momentum and with it.

    The cell with momentum is that of the same data and network whose steps are as long in the end:
    momentum m makes a step 1 / (1 - m) times as long. Cells without momentum stand first.
    """
    runs, rules = _marked(tables.runs), [RULES.find(name) for name in COMPARED]
    keys = runs[list(_ALIKE)].astype(str).agg(" ".join, axis=1)
    chosen = runs[keys.isin(keys[runs["momentum"] == 0])]
    parts = []
    for momentum, alike in chosen.groupby("momentum"):
        table = by_cell(score_rules(rules, tables, alike[list(tables.runs)]))
        parts.append(table.assign(momentum=momentum)[list(MOMENTUM_COLUMNS)])
    if not parts:
        return DataFrame(columns=list(MOMENTUM_COLUMNS))
    return pd.concat(parts, ignore_index=True)


def _marked(runs: DataFrame) -> DataFrame:
    """The runs with their momentum, their network without it, and how long steps are in the end."""
    without = runs["network"].str.endswith(WITHOUT_MOMENTUM)
    momentum = np.where(without, 0.0, SGD_MOMENTUM)
    # Five digits, as the factors of the table have no more than seven.
    lengths = [f"{length:.5g}" for length in runs["rate_factor"] / (1 - momentum)]
    plain = runs["network"].str.removesuffix(WITHOUT_MOMENTUM)
    return runs.assign(momentum=momentum, plain=plain, length=lengths)
