"""What `maxgain measure` does with its networks: measure, print, write, draw."""

import csv as csv_format
import io
import json as json_format
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
import typer
from torch import Tensor

from maxgain.cli.console import table_console
from maxgain.cli.rich_tables import measurement_table
from maxgain.data.pictures import read_photograph
from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.tables.zoo import ZOO_COLUMNS
from maxgain.zoo.loading import load_network
from maxgain.zoo.measurement import figure_arrays, measure_network, zoo_rows
from maxgain.zoo.network import GivenInput

STANDARD_OUTPUT = Path("-")


@dataclass
class Measured:
    """What was measured of the networks asked for.

    Attributes
    ----------
    rows
        As in zoo.csv, of all networks in the order asked.
    arrays
        Of the networks by name, for the figure.
    captions
        What the weights of each network are.
    failures
        Name and reason of the networks that could not be measured.
    """

    rows: list[dict[str, object]] = field(default_factory=list)
    arrays: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    captions: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)


def measure_all(
    names: Sequence[str], folder: Path, given: GivenInput, image: Path | None, threads: int
) -> Measured:
    """Measure networks one after another; one that cannot be had stops no other.

    Raises
    ------
    InputError
        The photograph cannot be read, or the only network cannot be measured.
    """
    torch.set_num_threads(threads)
    photograph, label = read_photograph(image)
    measured = Measured()
    for name in names:
        try:
            network = load_network(name, folder, given)
            measurements = measure_network(network, photograph)
        except InputError as error:
            if len(names) == 1:
                raise
            measured.failures.append((name, str(error)))
            continue
        if network.name in measured.arrays:
            network = replace(network, name=name)
        for note in network.notes:
            typer.echo(f"note: {network.name}: {note}", err=True)
        measured.rows += zoo_rows(network, measurements, label)
        measured.arrays[network.name] = figure_arrays(network, measurements)
        measured.captions.append(network.weights)
    return measured


def print_or_write(measured: Measured, csv: Path | None, json: Path | None) -> None:
    """Print the table for people, and write it for programs.

    Where a program's table goes to the standard output, that of people goes to the other one.
    """
    alone = STANDARD_OUTPUT not in (csv, json)
    if measured.rows:
        table_console(stderr=not alone).print(measurement_table(measured.rows, measured.captions))
    if csv is not None:
        text = io.StringIO()
        writer = csv_format.DictWriter(text, ZOO_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(measured.rows)
        _write(csv, text.getvalue())
    if json is not None:
        rows = [{key: _json_value(value) for key, value in row.items()} for row in measured.rows]
        _write(json, json_format.dumps(rows, indent=2, ensure_ascii=False) + "\n")


def draw(measured: Measured, output: Path) -> None:
    """Write the picture: all probes of one network, the impulse responses of several.

    Raises
    ------
    InputError
        The picture cannot be written, or networks could not be measured: the sentence names them.
    """
    from pandas import DataFrame  # slow to import, and the table is printed first

    from maxgain.figures.pretrained import draw_fig06, draw_network
    from maxgain.figures.style import save_figure

    arrays = {
        name: {key: x.numpy() for key, x in of_network.items()}
        for name, of_network in measured.arrays.items()
    }
    if len(arrays) == 1:
        figure = draw_network(measured.rows, next(iter(arrays.values())))
    else:
        missing = [name for name, _ in measured.failures]
        figure = draw_fig06(DataFrame(measured.rows, columns=ZOO_COLUMNS), arrays, missing)
    save_figure(figure, output.with_suffix(""), [output.suffix.removeprefix(".")])
    if measured.failures:
        reasons = " ".join(f"{name}: {reason}" for name, reason in measured.failures)
        raise InputError(
            f"{len(measured.failures)} of {len(measured.failures) + len(arrays)} networks could "
            f"not be measured. {reasons}"
        )


def _json_value(value: object) -> object:
    """JSON has no infinities: a number that is not finite is its name, one not known is null."""
    with suppress(TypeError):
        if isinstance(value, float) and not math.isfinite(value):
            return None if math.isnan(value) else str(value)
    return value


def _write(path: Path, text: str) -> None:
    if path == STANDARD_OUTPUT:
        typer.echo(text, nl=False)
        return
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    typer.echo(f"wrote {path}", err=True)
