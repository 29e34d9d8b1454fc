"""Commands that fetch the weights of pretrained networks and measure them."""

from pathlib import Path
from typing import Annotated

import typer

NetworkArgument = Annotated[
    str,
    typer.Argument(
        help="Name in the registry or of torchvision, 'timm:NAME', 'package.module:function' or a "
        "MatConvNet file (.mat)."
    ),
]


WeightsFolder = Annotated[Path, typer.Option("--folder", help="Folder of downloaded weights.")]


Photograph = Annotated[
    Path | None, typer.Option("--image", help="Photograph; matplotlib's sample if not given.")
]


def fetch_weights(
    network: NetworkArgument,
    folder: WeightsFolder = Path("weights"),
    lock: Annotated[
        Path, typer.Option(help="Checksums learnt at the first download, enforced later.")
    ] = Path("workflow/weights.lock"),
    status: Annotated[
        Path | None,
        typer.Option(help="Write success or failure to this JSON file and succeed either way."),
    ] = None,
) -> None:
    """Download the weights of one network and check them."""
    from maxgain.errors import InputError
    from maxgain.zoo import fetching
    from maxgain.zoo import status as statuses

    try:
        file = fetching.fetch_weights(network, folder, lock)
    except InputError as error:
        if status is None:
            raise
        statuses.write_status(status, statuses.NetworkStatus(network, False, str(error)))
        typer.echo(f"missing: {network}: {error}", err=True)
        return
    if status is not None:
        statuses.write_status(status, statuses.NetworkStatus(network, True))
    typer.echo(f"{network}: {file or 'nothing to download'}", err=True)


def measure(
    network: NetworkArgument,
    image: Photograph = None,
    output: Annotated[Path, typer.Option(help="Picture to write: .png, .svg or .pdf.")] = Path(
        "response.png"
    ),
    folder: WeightsFolder = Path("weights"),
    side: Annotated[
        int | None, typer.Option(min=1, help="Pixels of a side of your own network's input.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Measure the Maximum Gain of one network and draw its derivative and response."""
    import torch
    from rich.console import Console

    from maxgain.cli.rich_tables import measurement_table
    from maxgain.data.pictures import read_photograph
    from maxgain.errors import InputError
    from maxgain.figures.pretrained import draw_network
    from maxgain.figures.style import FORMATS, save_figure
    from maxgain.zoo.loading import load_network
    from maxgain.zoo.measurement import figure_arrays, measure_network, zoo_rows

    if output.suffix.removeprefix(".") not in FORMATS:
        raise InputError(f"--output is '{output}'; its ending must be .{', .'.join(FORMATS)}.")
    torch.set_num_threads(threads)
    photograph, label = read_photograph(image)
    pretrained = load_network(network, folder, side)
    measurements = measure_network(pretrained, photograph)
    rows = list(zoo_rows(pretrained, measurements, label))
    Console().print(measurement_table(pretrained, rows))
    arrays = {name: x.numpy() for name, x in figure_arrays(pretrained, measurements).items()}
    figure = draw_network(rows, arrays)
    save_figure(figure, output.with_suffix(""), [output.suffix.removeprefix(".")])
    typer.echo(f"wrote {output}", err=True)


def measure_for_zoo(
    network: NetworkArgument,
    output: Annotated[Path, typer.Option(help="Table (.csv) to write; arrays go beside it.")],
    image: Photograph = None,
    folder: WeightsFolder = Path("weights"),
    fetched: Annotated[
        Path | None, typer.Option(help="Status that `maxgain fetch-weights` wrote.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Measure one network for figures 5 to 7.

    Beside the table go the arrays (.safetensors) and the status (.json). A network that cannot be
    had is written down there and stops no other.
    """
    import torch

    from maxgain.data.pictures import read_photograph
    from maxgain.errors import InputError
    from maxgain.pipeline.zoo import arrays_path, status_path, write_empty_files, write_zoo_files
    from maxgain.zoo.loading import load_network
    from maxgain.zoo.measurement import measure_network
    from maxgain.zoo.status import NetworkStatus, require_fetched, write_status

    torch.set_num_threads(threads)
    photograph, label = read_photograph(image)
    try:
        if fetched is not None:
            require_fetched(fetched)
        pretrained = load_network(network, folder)
        measurements = measure_network(pretrained, photograph)
    except InputError as error:
        write_empty_files(output, arrays_path(output))
        write_status(status_path(output), NetworkStatus(network, False, str(error)))
        typer.echo(f"missing: {network}: {error}", err=True)
        return
    write_zoo_files(output, arrays_path(output), pretrained, measurements, label)
    write_status(status_path(output), NetworkStatus(network, True))
    typer.echo(f"{network}: wrote {output}", err=True)


def zoo_table(
    tables: Annotated[list[Path], typer.Argument(help="Tables made by `maxgain zoo-measure`.")],
    output: Annotated[Path, typer.Option(help="Table of all networks to write.")],
    missing: Annotated[
        Path | None, typer.Option(help="Table of networks that could not be measured, to write.")
    ] = None,
) -> None:
    """Gather the tables of single networks, and name the networks that are missing."""
    from maxgain.pipeline.zoo import gather_tables

    absent = gather_tables(tables, output, missing or output.with_name("zoo_missing.csv"))
    for status in absent:
        typer.echo(f"missing: {status.name}: {status.reason}", err=True)
    typer.echo(f"wrote {output}: {len(tables) - len(absent)} of {len(tables)} networks", err=True)
