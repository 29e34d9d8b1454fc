"""The page that says what came out of the stopping study."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pandas import DataFrame

from maxgain.stopping.declaration import RANKED, REFERENCES
from maxgain.stopping.regret import COSTLY_POINTS, LARGE_REGRET
from maxgain.stopping.verdict import MARGIN, StudyVerdict
from maxgain.tables.stopping import CELL, cell_name

SHOWN = 12
"""Rules of least regret in the table, besides the ranked ones."""

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
    summary, comparisons, ranks, marks, rates, momentum
        As in regret.csv, comparisons.csv, ranks.csv, marks.csv, rates.csv and momentum.csv.
    verdict
        On the claim.
    """

    runs: DataFrame
    declared: int | None
    data: DataFrame
    summary: DataFrame
    comparisons: DataFrame
    ranks: DataFrame
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
    first = outcome.ranks.iloc[0]
    yield from ("", f"Mean ranks over {int(first['cells'])} cells in which all were judged:")
    ranks = zip(outcome.ranks["rule"], outcome.ranks["mean_rank"], strict=True)
    yield ", ".join(f"{rule} {rank:.1f}" for rule, rank in ranks) + "."
    yield (
        f"Friedman's test: p = {first['p_value']:.2g}; two rules differ at 5 % where their ranks "
        f"lie {first['critical_difference']:.1f} apart (Nemenyi)."
    )
    yield from ("", f"A rule that loses less than {MARGIN:g} nats more than validation could")
    yield "stand in for it."
    if len(outcome.rates):
        yield from _rates(outcome.rates)
    if len(outcome.momentum):
        yield from _momentum(outcome.momentum)
    failed = outcome.summary[outcome.summary["failed"] > 0]
    if len(failed):
        yield from ("", "Rules that failed somewhere, and why first:", "")
    for row in failed.to_dict("records"):
        yield f"- {row['rule']}, in {100 * row['failed']:.0f} % of its runs: {row['failure']}"


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
    yield from ("", "Regret in test loss against the best epoch, nats; against validation: mean")
    yield "difference from validation with retraining, and its p-value, adjusted within its family."
    yield "Work: forward and backward passes of one image. Too early: stopped before half of the"
    yield f"best epoch at a regret above {LARGE_REGRET:g} nats; costly: a regret of the error above"
    yield f"{COSTLY_POINTS:g} point."
    yield ""
    heads = ("rule", "mean [95 %]", "median", "worst", "against validation", "epochs used", "work")
    yield f"| {' | '.join((*heads, *_SHARES))} |"
    yield "|" + " --- |" * (len(heads) + len(_SHARES))
    table = outcome.comparisons[outcome.comparisons["reference"] == REFERENCES[0]]
    # The references' own tests stand in both families.
    against = table.drop_duplicates("rule").set_index("rule").to_dict("index")
    for row in _shown(outcome.summary).to_dict("records"):
        yield _line(row, against.get(row["rule"]))


def _rates(rates: DataFrame) -> Iterator[str]:
    """Which signals tell from three epochs that a learning rate is wrong."""
    yield from ("", "## Learning rates, by the first three epochs", "")
    count = int(rates["runs"].iloc[0])
    yield f"Low, fine or high, of {count} trainings; to be beaten is who always says fine."
    yield ""
    yield "| signal | limits from | balanced accuracy [95 %] | kappa [95 %] | passes |"
    yield "| --- | --- | --- | --- | --- |"
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
    yield "| rule | cell | trainings | momentum | regret | epochs used | no stop | failed |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
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


def _shown(summary: DataFrame) -> DataFrame:
    """The ranked rules, and the others of least regret."""
    judged = summary[summary["cells"] > 0].sort_values("mean_regret", kind="stable")
    others = judged[~judged["rule"].isin(RANKED)].head(SHOWN)["rule"]
    return judged[judged["rule"].isin({*RANKED, *others})]


def _line(row: dict[Any, Any], against: dict[Any, Any] | None) -> str:  # as pandas gives rows
    compared = ""
    if against is not None:
        compared = f"{against['difference']:+.3f}, p = {against['p_adjusted']:.2g}"
    # A rule that does not say what it sees has no work.
    work = "" if math.isnan(row["work"]) else f"{row['work']:,.0f}"
    shares = (f"{100 * row[name]:.0f} %" for name in _SHARES.values())
    return (
        f"| {row['rule']} | {row['mean_regret']:.3f} [{row['low']:.3f}, {row['high']:.3f}] | "
        f"{row['median_regret']:.3f} | {row['worst_regret']:.3f} | {compared} | "
        f"{100 * row['epochs_used']:.0f} % | {work} | {' | '.join(shares)} |"
    )
