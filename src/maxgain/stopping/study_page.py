"""The page that says what came out of the stopping study."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pandas import DataFrame

from maxgain.stopping.declaration import RANKED, REFERENCES
from maxgain.stopping.regret import COSTLY_POINTS, LARGE_REGRET
from maxgain.stopping.verdict import LEVEL, MARGIN, StudyVerdict
from maxgain.tables.regrets import BEST_FIRST, marked
from maxgain.tables.stopping import CELL, cell_name

SHOWN = 12
"""Rules of least regret in the table, besides the ranked ones."""

_MEASURED = ("rule", "decides", "cells", "mean [95 %]", "median", "worst")
"""Heads of the columns that the tables of rules begin with."""

_SHARES = {
    "no stop": "never_fired",
    "too early": "too_early",
    "costly": "costly",
    "failed": "failed",
}


@dataclass(frozen=True)
class StudyOutcome:
    """What the page is made from.

    Attributes
    ----------
    runs
        Those that rules are compared on, as in runs.csv.
    declared
        Cells that rules are to be compared on when the study is complete; None if not known.
    data
        As in data.csv.
    summary, by_noise, comparisons, ranks, recommended, marks, rates, momentum
        As in regret.csv, regret_by_noise.csv, comparisons.csv, ranks.csv, recommended.csv,
        marks.csv, rates.csv and momentum.csv.
    verdict
        On the claim.
    """

    runs: DataFrame
    declared: int | None
    data: DataFrame
    summary: DataFrame
    by_noise: DataFrame
    comparisons: DataFrame
    ranks: DataFrame
    recommended: DataFrame
    marks: DataFrame
    rates: DataFrame
    momentum: DataFrame
    verdict: StudyVerdict


def render_study(outcome: StudyOutcome) -> str:
    """The page as Markdown."""
    return "\n".join(_lines(outcome)) + "\n"


def _lines(outcome: StudyOutcome) -> Iterator[str]:
    yield from _opening(outcome)
    yield from _table(outcome)
    yield from _families(outcome)
    yield from _ranks(outcome.ranks)
    yield from ("", f"A rule that loses less than {MARGIN:g} nats more than validation could")
    yield "stand in for it."
    yield from _without_noise(outcome)
    if len(outcome.recommended):
        yield from _recommended(outcome.recommended)
    if len(outcome.rates):
        yield from _rates(outcome.rates)
    if len(outcome.momentum):
        yield from _momentum(outcome.momentum)
    failed = outcome.summary[outcome.summary["failed"] > 0]
    if len(failed):
        yield from ("", "Rules that failed somewhere, and why first:", "")
    for row in failed.to_dict("records"):
        cells = row["cells"] + row["failed_cells"]
        yield (
            f"- {row['rule']}, in {row['failed_cells']} of {cells} cells "
            f"({100 * row['failed']:.2g} % of its runs): {row['failure']}"
        )


def _opening(outcome: StudyOutcome) -> Iterator[str]:
    yield from ("# Stopping without validation data", "", f"**{outcome.verdict.sentence}**", "")
    if outcome.data["stand_in"].astype(bool).any():
        yield from ("**On stand-in data**: not the data sets that the study is about.", "")
    cells = len(outcome.runs[list(CELL)].drop_duplicates())
    labels = zip(outcome.data["dataset"], outcome.data["label"], strict=True)
    said = "; ".join(f"{dataset}: {label}" for dataset, label in labels)
    of_declared = ""
    if outcome.declared is not None:
        of_declared = f" of the {outcome.declared} that are declared"
        if cells < outcome.declared:
            yield f"**The study is not complete**: {outcome.declared - cells} cells are to come."
    yield f"{len(outcome.runs)} trainings in {cells} cells{of_declared}. {said}."
    marks = outcome.marks[outcome.marks["run"].isin(outcome.runs["run"])]
    yield (
        f"In {int(marks['late_best'].sum())} of them the best epoch lies in the last tenth, in "
        f"{int(marks['descends_twice'].sum())} the test error descends twice."
    )


def _table(outcome: StudyOutcome) -> Iterator[str]:
    yield from ("", "Regret in test loss against the best epoch, nats; against validation and the")
    yield "constant epoch: mean difference, and its p-value, adjusted within its family."
    yield "Cells: those that the mean is over. Work: forward and backward passes of one image."
    yield f"Too early: stopped before half of the best epoch at a regret above {LARGE_REGRET:g}"
    yield f"nats; costly: a regret of the error above {COSTLY_POINTS:g} point."
    yield ""
    yield "Rules that do not decide online have an advantage: post-hoc, a rule chooses from the"
    yield "whole training after its end; others know that end, or are told what users may not know"
    yield "(the share of wrong labels, the best epoch of other data)."
    yield ""
    compared = ("against validation", "against constant")
    heads = (*_MEASURED, *compared, "epochs used", "work", *_SHARES)
    yield from _head(*heads)
    # Tests of the references against each other stand in both families.
    once = outcome.comparisons.drop_duplicates(["rule", "reference"])
    against = once.set_index(["rule", "reference"]).to_dict("index")
    for row in _shown(outcome.summary).to_dict("records"):
        # A rule that does not say what it sees has no work.
        work = "" if math.isnan(row["work"]) else f"{row['work']:,.0f}"
        tests = (_against(against.get((row["rule"], name))) for name in REFERENCES)
        cells = (*_measured(row), *tests, _percent(row, "epochs_used"), work, *_shares(row))
        yield f"| {' | '.join(cells)} |"


def _families(outcome: StudyOutcome) -> Iterator[str]:
    """Which rules are shown to be better than the constant epoch, and which are not tested."""
    table, constant = outcome.comparisons, REFERENCES[1]
    shown = table[
        (table["reference"] == constant)
        & (table["p_adjusted"] <= LEVEL)
        & (table["rank_balance"] < 0)
        & ~table["rule"].isin(REFERENCES)
    ]
    decides = outcome.summary.set_index("rule")["decides"]
    better = [marked(rule, decides[rule]) for rule in dict.fromkeys(shown["rule"])]
    yield ""
    yield f"A rule that does not beat the same epoch for all ({constant}) has shown nothing."
    yield f"Shown to lose less, without validation data (adjusted p of at most {LEVEL:g}):"
    yield f"{', '.join(better) or 'none'}."
    untested = outcome.summary[~outcome.summary["rule"].isin({*table["rule"], *table["reference"]})]
    for judged, said in ((True, "In no family of tests"), (False, "Judged in no cell")):
        rules = untested[(untested["cells"] > 0) == judged]["rule"]
        if len(rules):
            yield f"{said}: {', '.join(rules)}."


def _ranks(ranks: DataFrame) -> Iterator[str]:
    first = ranks.iloc[0]
    yield ""
    yield f"Mean ranks over {int(first['cells'])} cells; where a rule failed it is the last:"
    names = map(marked, ranks["rule"], ranks["decides"])
    yield ", ".join(f"{n} {r:.1f}" for n, r in zip(names, ranks["mean_rank"], strict=True)) + "."
    yield (
        f"Friedman's test: p = {first['p_value']:.2g}; two rules differ at 5 % where their ranks "
        f"lie {first['critical_difference']:.1f} apart (Nemenyi)."
    )


def _without_noise(outcome: StudyOutcome) -> Iterator[str]:
    """The same rules where all labels are right, if that is not all that there is."""
    table = outcome.by_noise[outcome.by_noise["noise_rate"] == 0]
    if table.empty or outcome.by_noise["noise_rate"].nunique() == 1:
        return
    yield from ("", "## Without label noise", "")
    yield "A training that never overfits rewards a rule that never stops. The rules of the table"
    yield "above, in the cells without wrong labels alone."
    yield ""
    heads = (*_MEASURED, "epochs used", *_SHARES)
    yield from _head(*heads)
    same = table[table["rule"].isin(_shown(outcome.summary)["rule"]) & (table["cells"] > 0)]
    for row in same.sort_values(BEST_FIRST, kind="stable").to_dict("records"):
        cells = (*_measured(row), _percent(row, "epochs_used"), *_shares(row))
        yield f"| {' | '.join(cells)} |"


def _recommended(table: DataFrame) -> Iterator[str]:
    """What a monitor of the gain is to ask by default, and what choosing it costs elsewhere."""
    yield from ("", "## The default of a monitor", "")
    yield "Of the rules that see no more than a monitor of the gain records: the one of least mean"
    yield "regret, and the regret of whoever chooses so on the other data sets."
    yield ""
    yield from _head("judged on", "chosen on", "rule", "cells", "mean [95 %]")
    for row in table.to_dict("records"):
        names = (row["judged_on"], row["chosen_on"], row["rule"] or "each of these", row["cells"])
        interval = f"{row['mean_regret']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        yield f"| {' | '.join(map(str, names))} | {interval} |"


def _rates(rates: DataFrame) -> Iterator[str]:
    """Which signals tell from three epochs that a learning rate is wrong."""
    yield from ("", "## Learning rates, by the first three epochs", "")
    count = int(rates["runs"].iloc[0])
    yield f"Low, fine or high, of {count} trainings; to be beaten is who always says fine."
    yield ""
    yield from _head("signal", "limits from", "balanced accuracy [95 %]", "kappa [95 %]", "passes")
    ordered = rates.sort_values("balanced_accuracy", ascending=False, kind="stable")
    for row in ordered.to_dict("records"):
        yield (
            f"| {row['rival']} | {row['limits']} | {row['balanced_accuracy']:.2f} "
            f"[{row['low']:.2f}, {row['high']:.2f}] | {row['kappa']:.2f} "
            f"[{row['kappa_low']:.2f}, {row['kappa_high']:.2f}] | {row['cost']:,.0f} |"
        )


def _momentum(table: DataFrame) -> Iterator[str]:
    """How the rules did that assume steps without momentum, with and without it."""
    yield from ("", "## Without momentum", "")
    yield "The EB criterion assumes steps without momentum. Trainings without it, which rules are"
    yield "not ranked on, and those with it whose steps are as long in the end; regret: mean, nats."
    yield ""
    yield from _head(
        "rule", "cell", "trainings", "momentum", "regret", "epochs used", "no stop", "failed"
    )
    for row in table.sort_values(["rule", "momentum"], kind="stable").to_dict("records"):
        cell = cell_name([row[name] for name in CELL])
        # Where a training failed, the cell has no other number.
        judged = [f"{row['loss_regret']:.3f}"]
        judged += [f"{100 * row[name]:.0f} %" for name in ("epochs_used", "never_fired")]
        said = [""] * len(judged) if row["failed"] else judged
        yield (
            f"| {row['rule']} | {cell} | {row['seeds']} | {row['momentum']:g} | "
            f"{' | '.join(said)} | {100 * row['failed']:.0f} % |"
        )


def _head(*names: str) -> tuple[str, str]:
    """The first two lines of a table."""
    return f"| {' | '.join(names)} |", "|" + " --- |" * len(names)


def _shown(summary: DataFrame) -> DataFrame:
    """The ranked rules, and the others of least regret."""
    judged = summary[summary["cells"] > 0].sort_values(BEST_FIRST, kind="stable")
    others = judged[~judged["rule"].isin(RANKED)].head(SHOWN)["rule"]
    return judged[judged["rule"].isin({*RANKED, *others})]


def _measured(row: Mapping[Any, Any]) -> tuple[str, ...]:  # as pandas gives rows
    """The cells of `_MEASURED`."""
    cells = f"{row['cells']}"
    if row["failed_cells"]:
        cells += f", failed in {row['failed_cells']}"
    interval = f"{row['mean_regret']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    ends = (f"{row[name]:.3f}" for name in ("median_regret", "worst_regret"))
    return (row["rule"], row["decides"], cells, interval, *ends)


def _against(test: Mapping[Any, Any] | None) -> str:
    return "" if test is None else f"{test['difference']:+.3f}, p = {test['p_adjusted']:.2g}"


def _percent(row: Mapping[Any, Any], name: str) -> str:
    return f"{100 * row[name]:.0f} %"


def _shares(row: Mapping[Any, Any]) -> Iterator[str]:
    return (_percent(row, name) for name in _SHARES.values())
