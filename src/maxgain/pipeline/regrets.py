"""What comes out of the stopping study: regrets, tests, ranks and the claim, from its tables."""

import json
from pathlib import Path

import pandas as pd
from pandas import DataFrame

from maxgain.config.stopping import Stopping, study_cells
from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.files.csv import read_frame
from maxgain.stopping.declaration import RANKED, REFERENCES, family
from maxgain.stopping.descriptions import describe_runs, signal_agreement
from maxgain.stopping.families import compare_rules, rank_rules
from maxgain.stopping.momentum import compare_momentum
from maxgain.stopping.rates import judge_rates
from maxgain.stopping.recommended import recommend
from maxgain.stopping.registry import RULES
from maxgain.stopping.scoring import by_cell, interval_of_cells, score_rules, summarise
from maxgain.stopping.study_page import StudyOutcome, render_study
from maxgain.stopping.tuned import tune_rules
from maxgain.stopping.verdict import StudyVerdict, judge_study
from maxgain.tables.stopping import (
    CELL,
    DATA_COLUMNS,
    HELD_OUT,
    StudyTables,
    read_study,
    write_frame,
)


def write_regrets(study: Path) -> StudyVerdict:
    """Score every registered rule on a study's tables and write `STUDY_OUTPUTS`.

    A rule that fails is reported in regret.csv and hinders no other.

    Parameters
    ----------
    study
        Folder of runs.csv, signals.csv, outcomes.csv and data.csv. If it has provenance.json, the
        page says how many of the cells that are declared there the tables hold.

    Raises
    ------
    InputError
        A table is missing or damaged, or provenance.json is damaged.
    """
    tables = read_study(study)
    declared = declared_cells(study / "provenance.json")
    data = read_frame(study / "data.csv", DATA_COLUMNS, ())
    scores = score_rules(RULES.rows(), tables)
    summary = summarise(scores)
    summary.insert(1, "kind", [RULES.find(rule).kind for rule in summary["rule"]])
    comparisons = _comparisons(scores, summary)
    primary = comparisons[comparisons["family"] == "primary"]
    shares = sorted(set(tables.ranked[HELD_OUT]))
    verdict = judge_study(scores, summary, primary, shares)
    write_frame(summary, study / "regret.csv")
    by_noise = _by_noise(scores)
    write_frame(by_noise, study / "regret_by_noise.csv")
    write_frame(by_cell(scores), study / "regret_by_cell.csv", "%.7g")
    write_frame(comparisons, study / "comparisons.csv")
    ranks = _ranks(scores, summary)
    write_frame(ranks, study / "ranks.csv")
    recommended = recommend(scores)
    write_frame(recommended, study / "recommended.csv")
    write_frame(_agreements(tables), study / "agreement.csv")
    marks = describe_runs(tables)
    write_frame(marks, study / "marks.csv")
    write_frame(_examples(tables, scores, verdict), study / "examples.csv", "%.6g")
    rates = judge_rates(tables)
    write_frame(rates, study / "rates.csv")
    write_frame(tune_rules(tables), study / "tuned.csv")
    momentum = compare_momentum(tables)
    write_frame(momentum, study / "momentum.csv", "%.7g")
    made = (summary, by_noise, comparisons, ranks, recommended, marks, rates, momentum)
    page = render_study(StudyOutcome(tables.ranked, declared, data, *made, verdict))
    with atomic_path(study / "verdict.md") as temporary:
        temporary.write_text(page, encoding="utf-8")
    return verdict


def declared_cells(provenance: Path) -> int | None:
    """Cells that rules are to be ranked on by the protocol of a study; None where nothing tells.

    Blocks that were left out (`stopping.only`) count: they are declared.

    Parameters
    ----------
    provenance
        File that `maxgain pipeline provenance` wrote; it need not be there.

    Raises
    ------
    InputError
        The file is damaged.
    """
    if not provenance.exists():
        return None
    try:
        content = json.loads(provenance.read_text(encoding="utf-8"))
        told = content["settings"]["protocol"].get("stopping")
        if told is None:
            return None
        cells = list(study_cells(Stopping.model_validate(told | {"only": None})))
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise InputError(f"{provenance} is not the provenance of a study: {said}.") from error
    return sum(len(cell.experiment.rate_factors) for cell in cells if cell.ranked)


def _judged(summary: DataFrame) -> set[str]:
    return set(summary[summary["cells"] > 0]["rule"])


def _comparisons(scores: DataFrame, summary: DataFrame) -> DataFrame:
    """Both families of tests against the references that could be judged."""
    judged = _judged(summary)
    references = [rule for rule in REFERENCES if rule in judged]
    parts = []
    for name in ("primary", "wrappers"):
        rules = {*family(name), *references} & judged
        table = compare_rules(scores[scores["rule"].isin(rules)], references)
        table.insert(0, "family", name)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _by_noise(scores: DataFrame) -> DataFrame:
    """The summary of the cells of each noise rate: without noise "never stop" is rewarded."""
    parts = []
    for noise, rows in scores.groupby("noise_rate"):
        table = summarise(rows)
        table.insert(0, "noise_rate", noise)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _ranks(scores: DataFrame, summary: DataFrame) -> DataFrame:
    """Mean ranks of the declared rules that were judged, the best first."""
    judged = _judged(summary)
    rules = [rule for rule in RANKED if rule in judged]
    found = rank_rules(scores, rules)
    table = DataFrame({"rule": rules, "mean_rank": found.mean_ranks})
    for name in ("kind", "decides"):
        table[name] = [getattr(RULES.find(rule), name) for rule in rules]
    failed = summary.set_index("rule")["failed_cells"]
    table = table.assign(
        cells=found.cells,
        failed_cells=failed[rules].to_numpy(),
        p_value=found.p_value,
        critical_difference=found.critical_difference,
    )
    return table.sort_values("mean_rank", kind="stable")


def _agreements(tables: StudyTables) -> DataFrame:
    """For each signal Kendall's tau with the test loss: mean over cells with its interval."""
    ranked = StudyTables(tables.ranked, tables.signals, tables.outcomes)
    tau = signal_agreement(ranked).merge(tables.ranked[["run", *CELL]], on="run")
    lines = []
    for quantity, rows in tau.groupby("quantity"):
        cells = rows.groupby(list(CELL))["tau"].mean().dropna()
        interval = interval_of_cells(cells)
        lines.append(
            {
                "quantity": quantity,
                "cells": len(cells),
                "mean_tau": interval.mean,
                "low": interval.low,
                "high": interval.high,
            }
        )
    return DataFrame(lines)


def _examples(tables: StudyTables, scores: DataFrame, verdict: StudyVerdict) -> DataFrame:
    """Test losses of the runs in which the best gain rule did best, middling and worst.

    Chosen by its regret: the least, the median (the lower of two), the upper quartile and the
    most. Columns run, place, regret, epoch, test_loss, selected_by: the rules whose selected epoch
    it is, "best" among them, separated by semicolons.
    """
    rules = [verdict.gain, REFERENCES[0], verdict.rival]
    own = scores[(scores["rule"] == verdict.gain) & scores["loss_regret"].notna()]
    regrets = own.groupby("run")["loss_regret"].mean().sort_values(kind="stable")
    lines: list[dict[str, object]] = []
    last = len(regrets) - 1
    places = {"best": 0, "median": last // 2, "upper quartile": 3 * last // 4, "worst": last}
    for name, place in places.items() if len(regrets) else ():
        run, regret = str(regrets.index[place]), float(regrets.iloc[place])
        chosen = scores[(scores["run"] == run) & (scores["draw"] == 0)].set_index("rule")
        outcomes = tables.of_run(run)[1]
        epochs = chosen["selected"].to_dict()
        marks = {rule: epochs[rule] for rule in rules if rule in epochs}
        marks["best"] = round(chosen["best_epoch"].to_dict()[verdict.gain])
        losses = outcomes[["test_loss_a", "test_loss_b"]].mean(axis=1, skipna=False)
        for epoch, loss in zip(outcomes["epoch"], losses, strict=True):
            by = ";".join(rule for rule, selected in marks.items() if selected == epoch)
            line = {"run": run, "place": name, "regret": regret, "epoch": epoch}
            lines.append({**line, "test_loss": loss, "selected_by": by})
    columns = ["run", "place", "regret", "epoch", "test_loss", "selected_by"]
    return DataFrame(lines, columns=columns)
