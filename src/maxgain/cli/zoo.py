"""Commands that fetch the weights of pretrained networks and measure them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maxgain.zoo.network import GivenInput

NetworkArgument = Annotated[
    str,
    typer.Argument(
        help="Name in the registry or of torchvision, 'timm:NAME', 'package.module:function', an "
        "ONNX (.onnx) or MatConvNet (.mat) file, or 'LOCATION#NAME' of a folder or archive with a "
        "manifest.csv."
    ),
]


NetworkArguments = Annotated[
    list[str],
    typer.Argument(
        help="One or more networks: names in the registry or of torchvision, 'timm:NAME', "
        "'package.module:function', ONNX (.onnx) or MatConvNet (.mat) files, families, or folders "
        "and archives with a manifest.csv."
    ),
]


WeightsFolder = Annotated[Path, typer.Option("--folder", help="Folder of downloaded weights.")]


Photograph = Annotated[
    Path | None, typer.Option("--image", help="Photograph; matplotlib's sample if not given.")
]


Shape = Annotated[
    str | None,
    typer.Option(help="Channels, height and width of your network's input, as 3,128,64."),
]


Side = Annotated[
    int | None, typer.Option(min=1, help="Side of a square input; its channels are found out.")
]


Mean = Annotated[
    str | None,
    typer.Option(
        help="Mean in 0-1 units, one number or one a channel. With --std: your network expects "
        "(x/255 - mean)/std. Alone: it takes 0-255 pixels and subtracts 255 mean itself."
    ),
]


Std = Annotated[
    str | None,
    typer.Option(help="Standard deviation of what your network expects, in 0-1 units; 1/255 too."),
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
    networks: NetworkArguments,
    image: Photograph = None,
    output: Annotated[Path, typer.Option(help="Picture to write: .png, .svg or .pdf.")] = Path(
        "response.png"
    ),
    folder: WeightsFolder = Path("weights"),
    shape: Shape = None,
    side: Side = None,
    mean: Mean = None,
    std: Std = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write the table as CSV; '-' prints it.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write the table as JSON; '-' prints it.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Measure the Maximum Gain of networks and draw their derivative and response."""
    from maxgain.errors import InputError
    from maxgain.figures.style import FORMATS
    from maxgain.zoo.names import resolve_networks

    if output.suffix.removeprefix(".") not in FORMATS:
        raise InputError(f"--output is '{output}'; its ending must be .{', .'.join(FORMATS)}.")
    given = _given_input(shape, side, mean, std)
    names = resolve_networks(networks)

    from maxgain.cli.measured import draw, measure_all, print_or_write  # brings torch along

    measured = measure_all(names, folder, given, image, threads)
    print_or_write(measured, csv, json)
    draw(measured, output)
    typer.echo(f"wrote {output}", err=True)


def _given_input(
    shape: str | None, side: int | None, mean: str | None, std: str | None
) -> "GivenInput":
    """What the options say of the input.

    Raises
    ------
    InputError
        An option is no such thing, or two contradict one another.
    """
    from maxgain.errors import InputError
    from maxgain.zoo.network import GivenInput
    from maxgain.zoo.registry import parse_numbers, parse_shape

    if shape is not None and side is not None:
        raise InputError("--shape and --side are both given; one is enough.")
    return GivenInput(
        None if shape is None else parse_shape(shape, "--shape"),
        None if mean is None else parse_numbers(mean, "--mean"),
        None if std is None else parse_numbers(std, "--std", positive=True),
        side,
    )


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

    from maxgain.pipeline.zoo import measure_to_files

    torch.set_num_threads(threads)
    status = measure_to_files(network, output, image, folder, fetched)
    if status.ok:
        typer.echo(f"{network}: wrote {output}", err=True)
    else:
        typer.echo(f"missing: {network}: {status.reason}", err=True)


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
