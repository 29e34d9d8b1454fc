"""Scores rules on the stored tables of a study: no training, no networks."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Shaped
from numpy import ndarray
from pandas import DataFrame, Series

from maxgain.stopping.comparison import Interval, interval_of_mean
from maxgain.stopping.registry import RULES
from maxgain.stopping.regret import best_epoch, score
from maxgain.stopping.replay import bound_rules, replay_row
from maxgain.stopping.row import StopRule
from maxgain.tables.regrets import CELL_COLUMNS, SCORE_COLUMNS, SUMMARY_COLUMNS, read_summary
from maxgain.tables.stopping import CELL, GROUP, StudyTables, cell_name, read_study

LAST = "last"
"""The rule whose regret tells whether a table of regrets is of these trainings: it is cheap."""


def score_folder(rules: Sequence[str], folder: Path) -> tuple[DataFrame, DataFrame]:
    """Scores and summary of rules on the tables of a folder.

    Parameters
    ----------
    rules
        Names of `maxgain.stopping.registry.RULES`, or "package.module:function".
    folder
        With runs.csv, signals.csv and outcomes.csv (`maxgain.tables.stopping.read_study`).

    Returns
    -------
    tuple
        A row for each rule, run and draw, and a row for each rule.

    Raises
    ------
    InputError
        A rule is not known or cannot be imported, or a table is missing or damaged. A rule that
        raises is no error: its row says so.
    """
    rows = [RULES.find(name) for name in rules]
    for row in rows:
        bound_rules(row)  # Names of functions that do not exist are found before work starts.
    scores = score_rules(rows, read_study(folder))
    return scores, summarise(scores)


def summarise_beside(rules: Sequence[str], folder: Path) -> DataFrame:
    """Summary of rules, and beside them of every registered one as the folder's regret.csv has it.

    That takes seconds where replaying them all takes minutes. Registered rules that the table lacks
    are replayed; and all are where it is not there, or is of other trainings: where the regret of
    the last epoch is another one.

    Parameters
    ----------
    rules, folder
        As of :func:`score_folder`.

    Raises
    ------
    InputError
        As of :func:`score_folder`, or regret.csv is damaged.
    """
    names = list(dict.fromkeys([*rules, *RULES.names()]))
    stored = read_summary(folder)
    kept = stored[stored["rule"].isin(set(RULES.names()) - set(rules))]
    if LAST not in set(stored["rule"]):
        return score_folder(names, folder)[1]
    replayed = [name for name in names if name not in set(kept["rule"])]
    _, scored = score_folder(list(dict.fromkeys([*replayed, LAST])), folder)
    if not _of_the_same_trainings(stored, scored):
        return score_folder(names, folder)[1]
    new = scored[scored["rule"].isin(replayed)]
    return pd.concat([new, kept]).set_index("rule").loc[names].reset_index()


def _of_the_same_trainings(summary: DataFrame, other: DataFrame) -> bool:
    columns = ["cells", "mean_regret", "worst_regret", "mean_error_regret"]
    one, two = (table.set_index("rule").loc[LAST, columns] for table in (summary, other))
    return np.allclose(one.astype(float), two.astype(float), equal_nan=True)


def score_rules(
    rules: Sequence[StopRule], tables: StudyTables, runs: DataFrame | None = None
) -> DataFrame:
    """A row of `SCORE_COLUMNS` for each rule, run and draw.

    Parameters
    ----------
    runs
        Rows of the table of runs; without them those that are ranked. Others have no constant
        epoch.
    """
    told = any("constant_epoch" in (row.columns or ()) for row in rules)
    constants = constant_epochs(tables) if told else {}
    stored = []
    for run in (tables.ranked if runs is None else runs).to_dict("records"):
        named = {str(column): value for column, value in run.items()}
        context = {
            "planned_epochs": float(named["epochs"]),
            "noise_rate": float(named["noise_rate"]),
            "constant_epoch": constants.get(named["run"], math.nan),
        }
        stored.append((named, *tables.of_run(named["run"]), context))
    found = [
        {"rule": row.name} | run | asdict(score(row, replayed, outcomes, run))
        for row in rules
        for run, signals, outcomes, context in stored
        for replayed in replay_row(row, signals, outcomes, context)
    ]
    return DataFrame(found, columns=list(SCORE_COLUMNS))


def constant_epochs(tables: StudyTables) -> dict[str, float]:
    """For each run the median best epoch of other data sets' runs with as many training images.

    NaN where there are none.
    """
    ranked = tables.ranked
    runs = ranked.assign(best=[best_epoch(tables.of_run(str(run))[1]) for run in ranked["run"]])
    constants = {}
    for _, run in runs.iterrows():
        alike = runs["training_images"] == run["training_images"]
        others = runs[alike & (runs["dataset"] != run["dataset"])]["best"].dropna()
        constants[str(run["run"])] = float(others.median()) if len(others) else math.nan
    return constants


def cell_means(scores: DataFrame, column: str = "loss_regret") -> DataFrame:
    """Means over draws and seeds: a row a cell, a column a rule; NaN where a run has none.

    A cell in which one run of a rule failed is not compared for that rule.
    """
    whole = scores.groupby(["rule", *CELL], sort=False)[column].agg(
        lambda values: values.mean(skipna=False)
    )
    return whole.unstack("rule")


def by_cell(scores: DataFrame) -> DataFrame:
    """A row of `CELL_COLUMNS` for each rule and cell, in the order of the scores.

    Where one run of a rule failed its numbers are NaN, as the mean of the others would favour it.
    """
    marked = scores.assign(
        never_fired=~scores["fired"].astype(bool), failed=scores["failure"] != ""
    )
    measured = [name for name in CELL_COLUMNS if name in marked and name not in ("rule", *CELL)]
    cells = marked.groupby(["rule", *CELL], sort=False)
    table = cells[measured].mean()
    table["worst_regret"] = cells["loss_regret"].max()
    judged = table.where(table["failed"] == 0)
    judged = judged.assign(failed=table["failed"], seeds=cells["seed"].nunique())
    return judged.reset_index()[list(CELL_COLUMNS)]


def summarise(scores: DataFrame) -> DataFrame:
    """A row of `SUMMARY_COLUMNS` for each rule, in the order of the scores."""
    lines = [_summary(str(rule), rows) for rule, rows in scores.groupby("rule", sort=False)]
    return DataFrame(lines, columns=list(SUMMARY_COLUMNS))


def _summary(rule: str, scores: DataFrame) -> dict[str, object]:
    means = cell_means(scores)[rule]
    cells = means.dropna()
    interval = interval_of_cells(cells)
    failures = scores["failure"][scores["failure"] != ""]
    return {
        "rule": rule,
        "decides": RULES.find(rule).decides,
        "cells": len(cells),
        "failed_cells": len(means) - len(cells),
        "mean_regret": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "median_regret": cells.median(),
        "worst_regret": cells.max(),
        "worst_cell": cell_name(cells.index[int(cells.argmax())]) if len(cells) else "",
        **_run_means(scores),
        "failure": failures.iloc[0] if len(failures) else "",
    }


def _run_means(scores: DataFrame) -> dict[str, float]:
    """Means over runs of what is measured and counted beside the loss, by columns of the summary.

    Over the draws of a run first: a rule that takes each epoch has more of them in a longer run.
    Of what failed the share alone is known.
    """
    failed = scores["failure"] != ""
    measured = ["error_regret", "recovered_share", "epochs_used", "work", "epoch_error"]
    counted = scores[["too_early", "costly"]].assign(never_fired=~scores["fired"].astype(bool))
    judged = scores[["run", *measured]].join(counted.astype(float))[~failed]
    means = judged.rename(columns={"error_regret": "mean_error_regret"}).groupby("run").mean()
    share = failed.groupby(scores["run"]).mean().mean()
    return {str(name): float(mean) for name, mean in means.mean().items()} | {"failed": share}


def interval_of_cells(cells: Series) -> Interval:
    """Mean over cells, none of them NaN, with its interval over their groups."""
    return interval_of_mean(cells.to_numpy(), _groups_of(cells))


def _groups_of(cells: Series) -> Shaped[ndarray, " cells"]:
    """Name of each cell's group, for the bootstrap."""
    levels = [cells.index.get_level_values(name) for name in GROUP]
    names = [" ".join(map(str, values)) for values in zip(*levels, strict=True)]
    return np.array(names, dtype=str)
