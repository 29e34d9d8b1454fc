"""What `maxgain compare` does with its two things: measure or read, print, draw."""

from pathlib import Path

import typer
from pandas import DataFrame

from maxgain.cli.console import table_console
from maxgain.cli.measured import draw, measure_all
from maxgain.cli.rich_tables import comparison_table
from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.files.csv import read_frame
from maxgain.monitor.comparison import compare_curves, curves_of_table
from maxgain.monitor.diagnoses import diagnose_by_paper
from maxgain.monitor.plot import plot_compared
from maxgain.tables.followed import read_followed
from maxgain.tables.zoo import read_zoo
from maxgain.zoo.comparison import NetworkDifference, compare_networks
from maxgain.zoo.names import resolve_networks
from maxgain.zoo.network import GivenInput


def compare_measured(
    first: str, second: str, folder: Path, given: GivenInput, image: Path | None, output: Path
) -> None:
    """Measure two networks, print how they differ, and draw both responses.

    Raises
    ------
    InputError
        A name is not known or stands for several networks, or a network cannot be measured.
    """
    names = resolve_networks([first, second])
    if len(names) != 2:
        raise InputError(
            f"'{first}' and '{second}' stand for {len(names)} networks; compare takes two."
        )
    measured = measure_all(names, folder, given, image, 1)
    if measured.failures:
        name, reason = measured.failures[0]
        raise InputError(f"{name} could not be measured: {reason}")
    one, other = measured.arrays
    rows = {name: [row for row in measured.rows if row["name"] == name] for name in (one, other)}
    _print_networks(compare_networks(rows[one], rows[other]), one, other)
    draw(measured, output)
    typer.echo(f"wrote {output}", err=True)


def compare_tables(first: Path, second: Path, output: Path) -> None:
    """Read two tables, print how they differ, and draw trainings.

    Raises
    ------
    InputError
        A table cannot be read, is of no kind that is compared, or they are of two kinds.
    """
    kinds = [_kind(path) for path in (first, second)]
    if kinds[0] != kinds[1]:
        raise InputError(
            f"{first} is a table of {kinds[0]} and {second} one of {kinds[1]}; both must be alike."
        )
    if kinds[0] == "networks":
        one, other = (_only_network(path) for path in (first, second))
        _print_networks(compare_networks(one[1], other[1]), one[0], other[0])
        return
    _compare_trainings(first, second, output)


def _kind(path: Path) -> str:
    columns = set(read_frame(path).columns)
    if {"projection", "gain_db", "channel"} <= columns:
        return "networks"
    if {"checkpoint", "epoch", "gain_db"} <= columns or {"epoch", "gain_mean_db"} <= columns:
        return "a training"
    raise InputError(
        f"{path} is neither a table of 'maxgain follow' (columns epoch, gain_db, ...) nor one of "
        f"'maxgain measure' (columns image, projection, ...); it has {', '.join(sorted(columns))}."
    )


def _only_network(path: Path) -> "tuple[str, list[dict[str, object]]]":
    table: DataFrame = read_zoo(path)
    names = list(dict.fromkeys(table["name"].astype(str)))
    if len(names) != 1:
        raise InputError(f"{path} holds {len(names)} networks; it must hold one to be compared.")
    records: list[dict[str, object]] = [
        {str(key): value for key, value in row.items()} for row in table.to_dict("records")
    ]
    return names[0], records


def _print_networks(differences: list[NetworkDifference], one: str, other: str) -> None:
    rows: list[list[object]] = []
    last = ("", "")
    for found in differences:
        if found.projection != "inverse-score":
            continue
        probe = (found.image, found.impulse)
        image = " ".join(filter(None, probe)) if probe != last else ""
        rows.append([image, found.quantity, found.first, found.second, found.difference])
        last = probe
    title = "Means over channels in dB, p_c = 1/score"
    caption = f"A: {one}; B: {other}"
    heads = ["image", "quantity", "A", "B", "B - A"]
    table_console().print(comparison_table(rows, heads, title, caption))


def _compare_trainings(first: Path, second: Path, output: Path) -> None:
    curves = {name: curves_of_table(read_followed(name)) for name in (first, second)}
    if first == second:
        raise InputError(f"A and B are both {first}; give two tables.")
    epoch, differences = compare_curves(*curves.values())
    rows: list[list[object]] = [[x.quantity, x.first, x.second, x.mean] for x in differences]
    heads = ["quantity", "A", "B", "mean of B - A"]
    title = f"At epoch {epoch}, the last that both have, in dB; the mean is over all they share"
    table_console().print(comparison_table(rows, heads, title, f"A: {first}; B: {second}"))
    for letter, of_training in zip("AB", curves.values(), strict=True):
        typer.echo(f"{letter}: {diagnose_by_paper(of_training).sentence}")
    named = {
        f"{letter}: {path.parent.name or path.stem}": of_training
        for letter, (path, of_training) in zip("AB", curves.items(), strict=True)
    }
    with atomic_path(output) as temporary:
        plot_compared(named, "Two trainings").savefig(temporary)
    typer.echo(f"wrote {output}", err=True)
