"""The verdict table as a Markdown page.

`pandas.DataFrame.to_markdown` was weighed: it needs tabulate for four lines, and pads every column
to its longest cell, here a sentence.
"""

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame

from maxgain.claims.needs import EXPLANATION as EXPLANATION_OF_NEEDS
from maxgain.claims.needs import describe_needs
from maxgain.files.atomic import atomic_path
from maxgain.statistics.decisions import FEWEST_TRAININGS, VERDICTS

EXPLANATION = (
    "*Reproduced* and *not reproduced* are said of the paper's claims on the paper's data alone. "
    "On data that stand in for them, and for claims of this project (S1-S6), the same outcomes "
    "are *seen* and *not seen*. The effect's interval is a 90 % one over independent trainings "
    "(for P1-P3 and S6 over networks): each end is the bound of a one-sided test at 5 %. "
    f"*Inconclusive* means that the tests decide neither way, among others with fewer than "
    f"{FEWEST_TRAININGS} seeds. A claim of several conditions holds where each does at 5 %, and "
    "fails where Holm's procedure refutes one. *Equivalence* is how far beyond its threshold an "
    "effect must lie to matter; one shown to stay below that is not there."
)


def write_verdicts_markdown(verdicts: DataFrame, path: Path, title: str, note: str = "") -> None:
    """Write verdicts.md: a count, the verdicts, what open ones need, the numbers behind each."""
    with atomic_path(path) as temporary:
        temporary.write_text(render_markdown(verdicts, title, note), encoding="utf-8")


def render_markdown(verdicts: DataFrame, title: str, note: str = "") -> str:
    """Verdicts as a Markdown text: a table of them, what open ones need, a table of numbers.

    Parameters
    ----------
    verdicts
        As `maxgain.claims.judge.judge` gives it.
    title
        First heading, for example "Verdicts, protocol embedded".
    note
        Stands above the verdicts; empty for none.
    """
    rows = verdicts.to_dict("records")
    heads = ("id", "claim", "verdict", "effect [90 % CI]", "seeds", "data")
    details = ("id", "statistic", "threshold", "equivalence", "numbers", "figure", "section")
    return "\n".join(
        [
            f"# {title}",
            "",
            *([f"**{note}**", ""] if note else []),
            f"{len(verdicts)} claims: {count_verdicts(verdicts)}.",
            "",
            *render_table(heads, map(_summarise, rows)),
            "",
            EXPLANATION,
            "",
            *_list_needs(rows),
            "## Numbers",
            "",
            *render_table(details, map(_detail, rows)),
            "",
        ]
    )


def _list_needs(rows: Iterable[Mapping[Hashable, Any]]) -> list[str]:
    """Lines of the section on open claims; none where all are decided."""
    needs = describe_needs(rows)
    if not needs:
        return []
    items = [f"- **{name}**: {need}" for name, need in needs.items()]
    return ["## What the open claims need", "", EXPLANATION_OF_NEEDS, "", *items, ""]


def _summarise(row: Mapping[Hashable, Any]) -> tuple[object, ...]:
    """Cells of the table of verdicts."""
    return (
        row["id"],
        row["statement"],
        f"**{describe_verdict(row['verdict'], row['stand_in'])}**",
        format_effect(row["effect"], row["ci_low"], row["ci_high"]),
        "" if row["seeds"] == 0 else row["seeds"],
        row["data"],
    )


def _detail(row: Mapping[Hashable, Any]) -> tuple[object, ...]:
    """Cells of the table of numbers."""
    return (
        row["id"],
        row["statistic"],
        f"{row['threshold']:g}",
        f"{row['equivalence']:g}",
        row["numbers"],
        row["figure"],
        row["section"] or row["origin"],
    )


def describe_verdict(verdict: str, stand_in: bool) -> str:
    """A verdict with what it is about, for example "seen on the stand-in"."""
    on = stand_in and verdict in ("seen", "not seen", "inconclusive")
    return f"{verdict} on the stand-in" if on else verdict


def count_verdicts(verdicts: DataFrame) -> str:
    """How often each verdict occurs, from best to worst, for example "3 reproduced, 24 not run"."""
    counts = verdicts["verdict"].value_counts()
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if verdict in counts)


def format_effect(effect: float, low: float, high: float) -> str:
    """An effect and its interval as text with three digits; empty where there is none."""
    if pd.isna(effect):
        return ""
    return f"{effect:.3g}" if pd.isna(low) else f"{effect:.3g} [{low:.3g}, {high:.3g}]"


def render_table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """Lines of a Markdown table; a bar in a cell is escaped."""
    names = list(header)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    for row in rows:
        cells = (str(cell).replace("|", "\\|") for cell in row)
        lines.append(f"| {' | '.join(cells)} |")
    return lines
