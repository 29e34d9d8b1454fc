"""What is best on other data sets, so that what it costs is not judged where it was chosen."""

from typing import Any

import numpy as np
from pandas import DataFrame

ALL = "all"
"""In place of a data set: the cells of all."""


def best_column(regrets: DataFrame) -> Any:  # of whatever the columns are named by
    """The column of least mean over cells (rows), the first where several are.

    Of those that are NaN in the fewest cells: a mean without the cells that a rule failed in would
    favour it.
    """
    failed = regrets.isna().sum()
    means = regrets.mean().where(failed == failed.min(), np.inf)
    return regrets.columns[int(means.to_numpy().argmin())]


def best_elsewhere(regrets: DataFrame) -> dict[str, Any]:
    """For each data set :func:`best_column` of the cells of the others.

    Empty with one data set alone.

    Parameters
    ----------
    regrets
        A row a cell, "dataset" a level of the index.
    """
    datasets = regrets.index.get_level_values("dataset")
    names = dict.fromkeys(map(str, datasets))
    if len(names) < 2:
        return {}
    return {name: best_column(regrets[datasets != name]) for name in names}
