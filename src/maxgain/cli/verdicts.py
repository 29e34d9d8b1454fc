"""The command that shows the verdicts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from maxgain.cli.console import WIDTH, table_console

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.table import Table

LEAST_CLAIM = 12
"""Characters of what is claimed that are left on the narrowest terminal."""

STYLES = {
    "reproduced": "green",
    "seen": "green",
    "not reproduced": "red",
    "not seen": "red",
    "inconclusive": "yellow",
}


def show_verdicts(
    table: Annotated[Path, typer.Argument(help="verdicts.csv of a results folder.")],
) -> None:
    """Print the verdict table."""
    from maxgain.claims.page import count_verdicts
    from maxgain.tables.verdicts import read_verdicts

    verdicts = read_verdicts(table)
    console = table_console()
    console.print(verdict_table(verdicts, console.width))
    if verdicts["stand_in"].any():
        console.print("* judged on data that stand in for the paper's")
    console.print(f"{len(verdicts)} claims: {count_verdicts(verdicts)}.")
    page = table.with_suffix(".md")
    if page.exists():
        console.print(f"The numbers, and what the open ones need: {page}", soft_wrap=True)


def verdict_table(verdicts: "DataFrame", width: int = WIDTH) -> "Table":
    """Table of one line a claim: what is claimed, verdict, effect with interval, bound, seeds.

    Parameters
    ----------
    width
        In characters. What is claimed is cut to it: rich would wrap, or share the loss between
        all columns.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from maxgain.claims.page import format_effect

    heads = ("id", "claim", "verdict", "effect [90 % CI]", "bound", "seeds")
    rows = [
        (
            row["id"],
            row["short"],
            row["verdict"] + ("*" if row["stand_in"] and row["verdict"] != "not run" else ""),
            format_effect(row["effect"], row["ci_low"], row["ci_high"]),
            f"{row['threshold']:g}",
            str(row["seeds"]) if row["seeds"] else "",
        )
        for row in verdicts.to_dict("records")
    ]
    widest = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    left = max(LEAST_CLAIM, width - sum(widest) + widest[1] - 3 * len(heads) + 1)
    title = "Verdicts on the paper's claims and this project's own (S)"
    shown = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False
    )
    for head in heads:
        justify: Literal["left", "right"] = "right" if head in ("bound", "seeds") else "left"
        shown.add_column(escape(head), no_wrap=True, overflow="crop", justify=justify)
    for name, claim, verdict, *numbers in rows:
        style = STYLES.get(verdict.rstrip("*"), "dim")
        # Three dots and no ellipsis: the C locale has none.
        cut = claim if len(claim) <= left else f"{claim[: left - 3]}..."
        shown.add_row(escape(name), escape(cut), f"[{style}]{verdict}[/]", *map(escape, numbers))
    return shown
