"""The command that says what the curves of an experiment's runs mean."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maxgain.cli.follow import Rules

if TYPE_CHECKING:
    from rich.table import Table

_VERDICT_WIDTH = 20
"""Characters of a column of verdicts: their longest word but one and its neighbours."""


def show_diagnoses(
    table: Annotated[Path, typer.Argument(help="Table of curves of one experiment (.csv).")],
    rules: Rules = "paper",
) -> None:
    """Say of every run of an experiment what its gain means, beside what its losses mean.

    The sentences below the table are of the rules asked for.

    \b
    maxgain diagnose results/embedded/curves/mnist_rates.csv --rules sensitivity
    """
    from maxgain.cli.console import table_console
    from maxgain.monitor.stored import diagnose_stored
    from maxgain.pipeline.diagnoses import diagnose_table

    said = [diagnosis.sentence for diagnosis in diagnose_stored(table, rules)]
    console, rows = table_console(), diagnose_table(table)
    console.print(diagnosis_table(rows, table.stem))
    for line in diagnosis_lines(rows, said):
        console.print(line, markup=False)


def diagnosis_lines(rows: Sequence[Mapping[str, object]], sentences: Sequence[str]) -> list[str]:
    """What rules say of each run, the run before its sentence."""
    return [f"{_describe(row)}: {said}" for row, said in zip(rows, sentences, strict=True)]


def _describe(row: Mapping[str, object]) -> str:
    rate = f"{row['learning_rate']:.4g}"
    return f"{row['network']} x{row['capacity']:g}, rate {rate}, seed {row['seed']}"


def diagnosis_table(rows: Sequence[Mapping[str, object]], experiment: str) -> "Table":
    """Table of one row a run: network, capacity, learning rate, seed, verdicts.

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
    for row in rows:
        shown.add_row(
            escape(str(row["network"])),
            f"x{row['capacity']:g}",
            f"{row['learning_rate']:.4g}",
            str(row["seed"]),
            # In words, which wrap where a name with dashes would be cut.
            *(str(row[name]).replace("-", " ") for name in verdicts),
        )
    return shown
