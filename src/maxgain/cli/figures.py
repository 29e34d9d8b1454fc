"""Commands that measure the toy network and draw the figures."""

from pathlib import Path
from typing import Annotated

import typer


def toy(
    table: Annotated[Path, typer.Option(help="Table of measurements to write (.csv).")],
    arrays: Annotated[Path, typer.Option(help="Arrays of figures 1 to 4 to write (.safetensors).")],
    row: Annotated[int, typer.Option(min=0, help="Row of the place of figures 2a and 3a.")] = 150,
    column: Annotated[int, typer.Option(min=0, help="Column of that place.")] = 100,
) -> None:
    """Measure the toy network of one Gaussian filter on a photograph and on an impulse.

    If the place is not active (z = 0), the nearest active place is measured.
    """
    import torch
    from safetensors.torch import save_file

    from maxgain.files.atomic import atomic_path
    from maxgain.files.csv import write_table
    from maxgain.tables.toy import COLUMNS
    from maxgain.toy.measurement import measure_toy

    torch.set_num_threads(1)
    measured = measure_toy(place=(row, column))
    # Plain Python numbers: NumPy's would be written with their type.
    rows = [dict(zip(COLUMNS, line, strict=True)) for line in measured.table.to_numpy().tolist()]
    write_table(table, COLUMNS, rows)
    with atomic_path(arrays) as temporary:
        save_file(measured.arrays, temporary)
    typer.echo(f"wrote {table} ({len(rows)} rows) and {arrays}", err=True)


def figure(
    name: Annotated[str, typer.Argument(help="fig01 ... fig13")],
    tables: Annotated[list[Path], typer.Option(help="Result files it is drawn from; repeatable.")],
    output: Annotated[Path, typer.Option(help="Where to write, without an ending.")],
    formats: Annotated[str, typer.Option(help="Of svg, png and pdf, with commas.")] = "svg,png",
) -> None:
    """Draw one figure from result tables and arrays."""
    from maxgain.figures.registry import CAPTIONS, draw_figure
    from maxgain.figures.style import save_figure

    drawn = draw_figure(name, tables)
    written = save_figure(
        drawn, output, [part for part in formats.split(",") if part], CAPTIONS[name]
    )
    typer.echo(f"wrote {', '.join(str(path) for path in written)}", err=True)
