"""`maxgain report`: one page on a results folder, to look at."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    results: Annotated[Path, typer.Argument(help="A results folder, as results/embedded.")],
    output: Annotated[
        Path | None, typer.Option(help="Page to write; RESULTS/report.html if not given.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Folder of its figures; figures/NAME if not given.")
    ] = None,
) -> None:
    """Write an interactive report of a results folder: one HTML file, no network needed."""
    from maxgain.pipeline.report import write_report

    page = output or results / "report.html"
    write_report(results, page, figures)
    typer.echo(f"wrote {page}", err=True)
