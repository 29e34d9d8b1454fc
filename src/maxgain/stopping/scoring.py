"""Scores rules on the stored tables of a study: no training, no networks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame

from maxgain.stopping.comparison import interval_of_mean
from maxgain.stopping.registry import RULES
from maxgain.stopping.regret import agreement, best_epoch, score
from maxgain.stopping.replay import bound_rules, replay_row
from maxgain.stopping.row import StopRule
from maxgain.tables.stopping import (
    CELL,
    GROUP,
    SCORE_COLUMNS,
    SUMMARY_COLUMNS,
    StudyTables,
    cell_name,
    read_study,
)


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


def score_rules(rules: Sequence[StopRule], tables: StudyTables) -> DataFrame:
    """A row of `SCORE_COLUMNS` for each rule, run and draw."""
    constants = constant_epochs(tables)
    found = [line for row in rules for line in _scores_of(row, tables, constants)]
    return DataFrame(found, columns=list(SCORE_COLUMNS))


def _scores_of(
    row: StopRule, tables: StudyTables, constants: Mapping[str, float]
) -> Iterator[dict[str, object]]:
    for run in tables.runs.to_dict("records"):
        signals, outcomes = tables.of_run(str(run["run"]))
        context = {
            "planned_epochs": float(run["epochs"]),
            "noise_rate": float(run["noise_rate"]),
            "constant_epoch": constants[str(run["run"])],
        }
        for replayed in replay_row(row, signals, outcomes, context):
            named = {str(name): value for name, value in run.items()}
            yield {"rule": row.name} | named | asdict(score(row, replayed, outcomes, named))


def constant_epochs(tables: StudyTables) -> dict[str, float]:
    """For each run the median best epoch of other data sets' runs with as many training images.

    NaN where there are none.
    """
    runs = tables.runs.assign(
        best=[best_epoch(tables.of_run(str(run))[1]) for run in tables.runs["run"]]
    )
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


def summarise(scores: DataFrame) -> DataFrame:
    """A row of `SUMMARY_COLUMNS` for each rule, in the order of the scores."""
    lines = [_summary(str(rule), rows) for rule, rows in scores.groupby("rule", sort=False)]
    return DataFrame(lines, columns=list(SUMMARY_COLUMNS))


def _summary(rule: str, scores: DataFrame) -> dict[str, object]:
    cells = cell_means(scores)[rule].dropna()
    groups = np.array([_group(place, cells.index.names) for place in cells.index], dtype=str)
    interval = interval_of_mean(cells.to_numpy(), groups)
    judged = scores[scores["failure"] == ""]
    failures = scores["failure"][scores["failure"] != ""]
    means = judged[["error_regret", "recovered_share", "epochs_used", "work", "epoch_error"]].mean()
    return {
        "rule": rule,
        "cells": len(cells),
        "mean_regret": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "median_regret": cells.median(),
        "worst_regret": cells.max(),
        "worst_cell": cell_name(cells.index[int(cells.argmax())]) if len(cells) else "",
        "mean_error_regret": means["error_regret"],
        "recovered_share": means["recovered_share"],
        "epochs_used": means["epochs_used"],
        "work": means["work"],
        "epoch_error": means["epoch_error"],
        "never_fired": float((~judged["fired"].astype(bool)).mean()),
        "too_early": float(judged["too_early"].mean()),
        "costly": float(judged["costly"].mean()),
        "failed": len(failures) / len(scores),
        "failure": failures.iloc[0] if len(failures) else "",
    }


def _group(place: tuple[object, ...], names: Sequence[object]) -> str:
    named = dict(zip(names, place, strict=True))
    return " ".join(str(named[name]) for name in GROUP)


def signal_agreement(tables: StudyTables) -> DataFrame:
    """Kendall's tau of each quantity and the test loss over the epochs of each run.

    Columns run, quantity, tau: a good signal with a bad threshold shows here.
    """
    lines = []
    quantities = [name for name in tables.signals if name not in ("run", "epoch")]
    for run in tables.runs["run"]:
        signals, outcomes = tables.of_run(str(run))
        loss = outcomes[["test_loss_a", "test_loss_b"]].mean(axis=1, skipna=False).to_numpy()
        for name in quantities:
            tau = agreement(signals[name].to_numpy(dtype=np.float64), loss)
            lines.append({"run": run, "quantity": name, "tau": tau})
    return pd.DataFrame(lines, columns=["run", "quantity", "tau"])
