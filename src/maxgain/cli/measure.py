"""`maxgain measure`: the Maximum Gain of networks that come with weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maxgain.zoo.network import GivenInput
PICTURES = (".png", ".svg", ".pdf")
"""Endings of the pictures that commands write."""

NetworkArguments = Annotated[
    list[str],
    typer.Argument(
        help="Networks: names of the registry or of torchvision, timm:NAME, "
        "package.module:function, .onnx and .mat files, families, manifests."
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
        "(x/255 - mean)/std; alone: it subtracts 255 mean from pixels itself."
    ),
]

Std = Annotated[
    str | None,
    typer.Option(help="Standard deviation that goes with it; 1/255 for pixels."),
]


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
    """Measure the Maximum Gain of networks and draw their responses.

    \b
    maxgain measure torchvision:resnet18 --image photo.jpg
    maxgain measure my_networks:build model.onnx --shape 3,128,64 --csv gains.csv
    """
    from maxgain.zoo.names import resolve_networks

    check_picture(output)
    given = given_input(shape, side, mean, std)
    names = resolve_networks(networks)

    from maxgain.cli.measured import draw, measure_all, print_or_write  # brings torch along

    measured = measure_all(names, folder, given, image, threads)
    print_or_write(measured, csv, json)
    draw(measured, output)
    typer.echo(f"wrote {output}", err=True)


def check_picture(output: Path) -> None:
    """Raise InputError unless `--output` names a picture that can be written."""
    from maxgain.errors import InputError

    if output.suffix not in PICTURES:
        raise InputError(f"--output is '{output}'; its ending must be {', '.join(PICTURES)}.")


def given_input(
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
