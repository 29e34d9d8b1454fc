"""`maxgain stopping`: scores stop rules on stored tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.table import Table


def score_stop_rules(
    results: Annotated[
        Path,
        typer.Option(help="Folder of runs.csv, outcomes.csv, and signals.csv or quantities.csv."),
    ],
    rules: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="A rule as my.module:rule; may be given several times."),
    ] = None,
    only: Annotated[
        bool, typer.Option("--only", help="Leave out the registered rules that --rules lacks.")
    ] = False,
    output: Annotated[Path, typer.Option(help="Table to write, a row a rule.")] = Path(
        "regret.csv"
    ),
    replay: Annotated[
        bool, typer.Option("--replay", help="Replay registered rules too: take none as it stands.")
    ] = False,
    scores: Annotated[
        Path | None,
        typer.Option(help="Table to write, a row for each rule, run and draw; implies --replay."),
    ] = None,
) -> None:
    """Score stop rules on stored tables: what each would have lost, without any training.

    Those of --rules are replayed. Every registered rule stands beside them: as the folder's
    regret.csv has it, or replayed too where there is none of these trainings. A rule that fails
    is reported, and hinders no other.

    \b
    maxgain stopping --results results/stopping
    maxgain stopping --results results/stopping --rules my_rules:patient --only
    """
    from maxgain.errors import InputError
    from maxgain.stopping.scoring import summarise_beside
    from maxgain.tables.stopping import write_frame

    given = rules or []
    if only and not given:
        raise InputError("--only is given without --rules; it must have a rule to score.")
    if only or replay or scores is not None:
        summary = _replayed(given, only, results, scores)
    else:
        summary = summarise_beside(given, results)
    write_frame(summary, output)
    _show(summary)
    typer.echo(f"wrote {output}", err=True)


def _replayed(rules: list[str], only: bool, results: Path, scores: Path | None) -> "DataFrame":
    from maxgain.stopping.registry import RULES
    from maxgain.stopping.scoring import score_folder
    from maxgain.tables.stopping import write_frame

    names = rules if only else [*rules, *RULES.names()]
    found, summary = score_folder(list(dict.fromkeys(names)), results)
    if scores is not None:
        write_frame(found, scores)
    return summary


def _show(summary: "DataFrame") -> None:
    from maxgain.cli.console import table_console

    console = table_console()
    console.print(regret_table(summary))
    for line in failure_lines(summary):
        console.print(line, markup=False)


def regret_table(summary: "DataFrame") -> "Table":
    """Table of one line a rule, the least regret first; rules without any regret are left out.

    Rules that failed in a cell come after those that did not. A rule that does not decide online
    says how it does.

    Parameters
    ----------
    summary
        As `maxgain.stopping.scoring.summarise` gives it.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from maxgain.tables.regrets import BEST_FIRST, marked

    shown = Table(
        title="Regret in test loss against the best epoch, nats, mean over cells",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
    )
    shown.add_column("rule", overflow="fold")
    for head in ("mean", "95 %", "worst", "epochs", "no stop", "failed"):
        shown.add_column(head, justify="right", no_wrap=True)
    judged = summary[summary["cells"] > 0].sort_values(BEST_FIRST, kind="stable")
    for row in judged.to_dict("records"):
        shown.add_row(
            escape(marked(row["rule"], row["decides"])),
            f"{row['mean_regret']:.3f}",
            escape(f"[{row['low']:.3f}, {row['high']:.3f}]"),
            f"{row['worst_regret']:.3f}",
            *(f"{100 * row[name]:.0f} %" for name in ("epochs_used", "never_fired", "failed")),
        )
    return shown


def failure_lines(summary: "DataFrame") -> list[str]:
    """What went wrong first with each rule that failed, in a sentence."""
    failed = summary[summary["failed"] > 0]
    return [
        f"{row['rule']} failed in {100 * row['failed']:.3g} % of its runs: {row['failure']}"
        for row in failed.to_dict("records")
    ]
