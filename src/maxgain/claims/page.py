"""Verdict tables and the result folders they are judged from: read, write, compare."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from pandas import DataFrame

from maxgain.files.atomic import atomic_path
from maxgain.statistics.decisions import VERDICTS


def write_verdicts_markdown(verdicts: DataFrame, path: Path, title: str) -> None:
    """Write verdicts.md: a count, the verdicts, then the numbers behind each."""
    with atomic_path(path) as temporary:
        temporary.write_text(render_markdown(verdicts, title), encoding="utf-8")


def render_markdown(verdicts: DataFrame, title: str) -> str:
    """Return the verdicts as a Markdown text with two tables, verdicts and numbers.

    Parameters
    ----------
    verdicts
        As `maxgain.claims.judge.judge` returns it.
    title
        First heading, for example "Verdicts, protocol embedded".
    """
    counts = verdicts["verdict"].value_counts()
    summary = ", ".join(f"{counts.get(verdict, 0)} {verdict}" for verdict in VERDICTS)
    short, long = [], []
    for row in verdicts.to_dict("records"):
        short.append(
            (
                row["id"],
                row["statement"],
                f"**{row['verdict']}**",
                _format_effect(row["effect"], row["ci_low"], row["ci_high"]),
                "" if row["seeds"] == 0 else row["seeds"],
                row["data"],
            )
        )
        long.append(
            (
                row["id"],
                row["statistic"],
                f"{row['threshold']:g}",
                row["numbers"],
                row["figure"],
                row["section"],
            )
        )
    return "\n".join(
        [
            f"# {title}",
            "",
            f"{len(verdicts)} claims: {summary}.",
            "",
            *_render_table(("id", "claim", "verdict", "effect [95 % CI]", "seeds", "data"), short),
            "",
            "The interval is over seeds, or over settings for D1-D5; with one seed there is none. "
            '"Inconclusive" means that the interval of a quantity contains its threshold, or that '
            "the quantity has none.",
            "",
            "## Numbers",
            "",
            *_render_table(("id", "statistic", "threshold", "numbers", "figure", "section"), long),
            "",
        ]
    )


def find_worse_verdicts(reference: DataFrame, verdicts: DataFrame) -> dict[str, tuple[str, str]]:
    """Return the claims whose verdict is worse than the reference's: id to (before, now).

    From best to worst: reproduced, inconclusive, not reproduced, not run. A claim of the reference
    that is missing now counts as not run; new claims are no change for the worse.
    """
    rank = {verdict: place for place, verdict in enumerate(VERDICTS)}
    now = dict(zip(verdicts["id"], verdicts["verdict"], strict=True))
    before = dict(zip(reference["id"], reference["verdict"], strict=True))
    pairs = {name: (old, now.get(name, "not run")) for name, old in before.items()}
    return {name: pair for name, pair in pairs.items() if rank[pair[1]] > rank[pair[0]]}


def _format_effect(effect: float, low: float, high: float) -> str:
    if pd.isna(effect):
        return ""
    return f"{effect:.3g}" if pd.isna(low) else f"{effect:.3g} [{low:.3g}, {high:.3g}]"


def _render_table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    names = list(header)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    for row in rows:
        cells = (str(cell).replace("|", "\\|") for cell in row)
        lines.append(f"| {' | '.join(cells)} |")
    return lines
