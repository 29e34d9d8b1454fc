"""`maxgain follow`: gain, sensitivity and saturation over the checkpoints of a training."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from torch import nn

    from maxgain.monitor.monitor import GainMonitor


def follow(
    checkpoints: Annotated[
        list[Path], typer.Argument(help="Checkpoints, or folders of them, in natural order.")
    ],
    network: Annotated[
        str, typer.Option(help="package.module:function, timm:NAME, torchvision:NAME, or ours.")
    ],
    shape: Annotated[str, typer.Option(help="Channels, height and width, as 3,32,32.")],
    classes: Annotated[int, typer.Option(min=1, help="Number of the network's classes.")],
    std: Annotated[
        str,
        typer.Option(help="Your network expects (x/255 - mean)/std; 1/255 where it takes pixels."),
    ],
    averaged: Annotated[
        bool, typer.Option("--ema", help="Measure the moving averages of the weights.")
    ] = False,
    output: Annotated[Path, typer.Option(help="Picture: .png, .svg or .pdf.")] = Path("follow.png"),
    csv: Annotated[Path, typer.Option("--csv", help="Table to write.")] = Path("follow.csv"),
) -> None:
    """Measure a training's checkpoints, draw their curves and say what they mean.

    \b
    maxgain follow checkpoints/ --network timm:resnet18 --shape 3,32,32 \\
      --classes 10 --std 0.25
    """
    from maxgain.cli.measure import check_picture
    from maxgain.errors import InputError
    from maxgain.monitor.checkpoints import checkpoints_of, follow_checkpoints

    check_picture(output)
    paths = checkpoints_of(checkpoints)
    monitor, built = _monitored(network, shape, classes, std)
    failures = follow_checkpoints(monitor, built, paths, averaged)
    if monitor.records:
        _write(monitor, paths, csv, output)
    if failures:
        reasons = " ".join(reason for _, reason in failures)
        raise InputError(
            f"{len(failures)} of {len(paths)} checkpoints could not be measured. {reasons}"
        )


def _monitored(network: str, shape: str, classes: int, std: str) -> "tuple[GainMonitor, nn.Module]":
    """Monitor of a network that expects normalised images, and the network."""
    from maxgain.errors import InputError
    from maxgain.monitor.normalised import monitor_of
    from maxgain.networks.building import construct_network
    from maxgain.zoo.registry import Scaling, parse_numbers, parse_shape

    sizes = parse_shape(shape, "--shape")
    if sizes is None:
        raise InputError("--shape is empty; it must be channels, height and width, as 3,32,32.")
    scaling = Scaling((0.0,), parse_numbers(std, "--std", positive=True)).for_channels(sizes[0])
    built = construct_network(network, sizes, classes)
    return monitor_of(built, sizes, scaling.std), built


def _write(monitor: "GainMonitor", paths: list[Path], csv: Path, output: Path) -> None:
    from maxgain.files.atomic import atomic_path

    frame = monitor.to_frame()
    frame.insert(0, "checkpoint", [str(paths[epoch - 1]) for epoch in frame["epoch"]])
    with atomic_path(csv) as temporary:
        frame.to_csv(temporary, index=False)
    with atomic_path(output) as temporary:
        monitor.plot().savefig(temporary)
    typer.echo(monitor.diagnose().sentence)
    typer.echo(f"wrote {csv} and {output}", err=True)
