"""The command that says what the curves of an experiment's runs mean."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

_VERDICT_WIDTH = 14
"""Characters of a column of verdicts: their longest word but one and its neighbours."""


def show_diagnoses(
    table: Annotated[Path, typer.Argument(help="Table of curves of one experiment (.csv).")],
) -> None:
    """Say of every run of an experiment what its gain means, beside what its losses mean."""
    from maxgain.cli.console import table_console
    from maxgain.pipeline.diagnoses import diagnose_table

    table_console().print(diagnosis_table(diagnose_table(table), table.stem))


def diagnosis_table(rows: Sequence[Mapping[str, object]], experiment: str) -> "Table":
    """Table of one row a run: network, capacity, learning rate, seed, verdicts, sentence.

    Parameters
    ----------
    rows
        As `maxgain.pipeline.diagnoses.diagnose_table` gives them. Without any verdict by
        sensitivity there is no column of them.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    shown = Table(
        title=f"Diagnoses of {escape(experiment)}: what each run's curves mean",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
    )
    verdicts = ["by_gain", "by_sensitivity", "by_losses"]
    if not any(row["by_sensitivity"] for row in rows):
        verdicts.remove("by_sensitivity")
    shown.add_column("network", overflow="fold")
    for head in ("capacity", "rate", "seed"):
        shown.add_column(head, justify="right", no_wrap=True)
    for name in verdicts:
        shown.add_column(name.replace("_", " "), max_width=_VERDICT_WIDTH)
    shown.add_column("what the gain says", ratio=1)
    for row in rows:
        shown.add_row(
            escape(str(row["network"])),
            f"x{row['capacity']:g}",
            f"{row['learning_rate']:.4g}",
            str(row["seed"]),
            # In words, which wrap where a name with dashes would be cut.
            *(str(row[name]).replace("-", " ") for name in verdicts),
            escape(str(row["sentence"])),
        )
    return shown
