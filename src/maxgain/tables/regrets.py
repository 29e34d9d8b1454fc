"""What the study's tables of regrets hold: how each rule did, in a run, in a cell and over all."""

from pathlib import Path

from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.files.csv import read_frame, texts_of
from maxgain.tables.stopping import CELL, STUDY_RUN_COLUMNS

ONLINE, POST_HOC = "online", "post-hoc"
"""In the column `decides`: of a rule that sees the epochs until now alone, which needs no mark, and
of one that chooses from the whole training."""

SCORE_COLUMNS = (
    "rule",
    *STUDY_RUN_COLUMNS[:8],
    "draw",
    "halt",
    "selected",
    "fired",
    "reason",
    "failure",
    "best_epoch",
    "loss_regret",
    "error_regret",
    "recovered_share",
    "epochs_used",
    "work",
    "epoch_error",
    "too_early",
    "costly",
)
"""Columns of scores.csv, one row for each rule, run and draw: `maxgain.stopping.regret.Score`."""

SUMMARY_COLUMNS = (
    "rule",
    "decides",
    "cells",
    "failed_cells",
    "mean_regret",
    "low",
    "high",
    "median_regret",
    "worst_regret",
    "worst_cell",
    "mean_error_regret",
    "recovered_share",
    "epochs_used",
    "work",
    "epoch_error",
    "never_fired",
    "too_early",
    "costly",
    "failed",
    "failure",
)
"""Columns of regret.csv, one row a rule: how it decides (`maxgain.stopping.row.StopRule.decides`),
the cells in which all its runs could be judged, which the means are over, and those in which one
failed. Shares of runs from `never_fired` to `failed`."""


BEST_FIRST = ["failed_cells", "mean_regret"]
"""What rules are sorted by: a mean over fewer cells does not put a rule before others."""


def marked(rule: str, decides: str) -> str:
    """A rule's name with how it decides, where that is not online.

    Examples
    --------
    >>> marked("alignment", "post-hoc"), marked("label-wave-3", "online")
    ('alignment (post-hoc)', 'label-wave-3')
    """
    return rule if decides == ONLINE else f"{rule} ({decides})"


def read_summary(folder: Path) -> DataFrame:
    """The rows of a study's regret.csv, of the columns `SUMMARY_COLUMNS`; no row without the file.

    Raises
    ------
    InputError
        The table is damaged, or has a rule twice.
    """
    path = folder / "regret.csv"
    if not path.exists():
        return DataFrame(columns=list(SUMMARY_COLUMNS))
    texts = ["rule", "decides", "worst_cell", "failure"]
    numbers = [name for name in SUMMARY_COLUMNS if name not in texts]
    table = read_frame(path, SUMMARY_COLUMNS, numbers)
    if (twice := table["rule"].duplicated()).any():
        raise InputError(f"{path} lists the rule {table['rule'][twice].iloc[0]} twice.")
    table[texts] = texts_of(table, texts)
    return table[list(SUMMARY_COLUMNS)]


CELL_COLUMNS = (
    "rule",
    *CELL,
    "seeds",
    "halt",
    "loss_regret",
    "worst_regret",
    "error_regret",
    "epochs_used",
    "work",
    "never_fired",
    "too_early",
    "costly",
    "failed",
)
"""Columns of regret_by_cell.csv, one row a rule and cell: means over seeds and draws, worst_regret
the most of them; shares of runs from `never_fired` to `failed`."""
