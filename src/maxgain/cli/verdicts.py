"""Commands that judge the claims, show the verdicts and record what they rest on."""

from pathlib import Path
from typing import Annotated

import typer


def judge(
    results: Annotated[Path, typer.Option(help="Folder of curves/*.csv, toy.csv and zoo.csv.")],
    output: Annotated[Path, typer.Option(help="Table to write.")],
    page: Annotated[Path, typer.Option(help="Markdown page to write.")],
) -> None:
    """Judge every declared claim by its statistic and threshold."""
    from maxgain.claims.judge import judge as judge_tables
    from maxgain.claims.page import write_verdicts_markdown
    from maxgain.tables.results import read_result_tables
    from maxgain.tables.verdicts import write_verdicts_csv

    verdicts = judge_tables(read_result_tables(results))
    write_verdicts_csv(verdicts, output)
    write_verdicts_markdown(verdicts, page, f"Verdicts, protocol {results.name}")


def show_verdicts(
    table: Annotated[Path, typer.Argument(help="verdicts.csv of a results folder.")],
) -> None:
    """Print the verdict table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from maxgain.tables.verdicts import read_verdicts

    styles = {"reproduced": "green", "not reproduced": "red", "inconclusive": "yellow"}
    verdicts = read_verdicts(table)
    shown = Table(title=f"Verdicts on the paper's claims ({table})", title_justify="left")
    for column in ("id", "claim", "verdict", "data"):
        shown.add_column(column, overflow="fold")
    for row in verdicts.to_dict("records"):
        shown.add_row(
            escape(row["id"]),
            escape(row["statement"]),
            f"[{styles.get(row['verdict'], 'dim')}]{row['verdict']}[/]",
            escape(row["data"]),
        )
    console = Console()
    console.print(shown)
    counts = verdicts["verdict"].value_counts()
    console.print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + ".")


def provenance(
    protocol: Annotated[str, typer.Option(help="The protocol's settings as JSON.")],
    runs: Annotated[Path, typer.Option(help="Folder of the runs.")],
    output: Annotated[Path, typer.Option(help="JSON file to write.")],
) -> None:
    """Record configuration, data, package versions and devices of a results folder."""
    from maxgain.config.parsing import parse_protocol_json
    from maxgain.pipeline.provenance import write_protocol_provenance

    write_protocol_provenance(parse_protocol_json(protocol), runs, output)
