"""`maxgain follow`: gain, sensitivity and saturation over the checkpoints of a training."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from maxgain.monitor.following import Following


NetworkName = Annotated[
    str, typer.Option(help="package.module:function, timm:NAME, torchvision:NAME, FILE.onnx.")
]

ExpectedStd = Annotated[
    str,
    typer.Option(
        help="Your network expects (x/255 - mean)/std; 1/255 where it takes pixels. The mean plays "
        "no part."
    ),
]

Classes = Annotated[
    int | None, typer.Option(min=1, help="Number of classes; an ONNX file says its own.")
]


def _known_rules(name: str) -> str:
    """Refuse rules that nobody knows, before any work."""
    from maxgain.monitor.registry import DIAGNOSIS_RULES

    DIAGNOSIS_RULES.find(name)
    return name


Rules = Annotated[
    str,
    typer.Option(
        callback=_known_rules, help="Of the diagnosis: paper (on the gain), sensitivity, or yours."
    ),
]

Idle = Annotated[
    float | None, typer.Option(min=0, help="Seconds without a new one after which --watch ends.")
]


class _Files(NamedTuple):
    """What is written, and by which rules the picture's title is said."""

    csv: Path
    picture: Path
    rules: str


def follow(
    checkpoints: Annotated[
        list[Path], typer.Argument(help="Checkpoints, or folders of them, in natural order.")
    ],
    network: NetworkName,
    shape: Annotated[str, typer.Option(help="Channels, height and width, as 3,32,32.")],
    std: ExpectedStd,
    classes: Classes = None,
    averaged: Annotated[
        bool, typer.Option("--ema", help="Measure the moving averages of the weights.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on with new checkpoints, until Ctrl-C.")
    ] = False,
    idle: Idle = None,
    rules: Rules = "paper",
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

    check_picture(output)
    files = _Files(csv, output, rules)
    if idle is not None and not watch:
        raise InputError("--idle is given without --watch, whose end it says.")
    if watch:
        following = _following(network, shape, classes, std, averaged)
        _watch(following, checkpoints, idle, files)
    else:
        from maxgain.monitor.checkpoints import checkpoints_of, plan_epochs

        plan = plan_epochs(checkpoints_of(checkpoints))
        for note in plan.notes:
            typer.echo(f"note: {note}", err=True)
        following = _following(network, shape, classes, std, averaged)
        following.measure_all(plan)
        _write(following, files)
    _say(following, files)


def _following(
    network: str, shape: str, classes: int | None, std: str, averaged: bool
) -> "Following":
    """What measures checkpoints of a network that expects normalised images."""
    from maxgain.errors import InputError
    from maxgain.monitor.following import Following, weights_into
    from maxgain.monitor.normalised import monitor_of
    from maxgain.networks.building import construct_network
    from maxgain.zoo.registry import Scaling, parse_numbers, parse_shape

    sizes = parse_shape(shape, "--shape")
    if sizes is None:
        raise InputError("--shape is empty; it must be channels, height and width, as 3,32,32.")
    scaling = Scaling((0.0,), parse_numbers(std, "--std", positive=True)).for_channels(sizes[0])
    if network.lower().endswith(".onnx"):
        from maxgain.zoo.readers.onnx.exchange import OnnxArchitecture

        architecture = OnnxArchitecture(Path(network), sizes)
        monitor = monitor_of(architecture.network, sizes, scaling.std)
        return Following(monitor, architecture.load, averaged)
    if classes is None:
        raise InputError(f"--classes is missing; the network '{network}' is built for a number.")
    built = construct_network(network, sizes, classes)
    return Following(monitor_of(built, sizes, scaling.std), weights_into(built), averaged)


def _watch(following: "Following", places: list[Path], idle: float | None, files: _Files) -> None:
    """Measure, write and draw with each new checkpoint, until Ctrl-C or the end of patience."""
    from maxgain.monitor.following import Watch

    try:
        for path in Watch(following, places, idle=idle).run():
            _write(following, files)
            record = following.monitor.records[-1]
            gain = following.monitor.curve()[-1]
            typer.echo(f"epoch {record.epoch}: gain {gain:.2f} dB ({path})")
    except KeyboardInterrupt:
        typer.echo("", err=True)


def _write(following: "Following", files: _Files) -> None:
    from maxgain.files.atomic import atomic_path

    if not following.monitor.records:
        return
    frame = following.monitor.to_frame()
    frame.insert(0, "checkpoint", [str(following.measured[epoch]) for epoch in frame["epoch"]])
    with atomic_path(files.csv) as temporary:
        frame.to_csv(temporary, index=False)
    with atomic_path(files.picture) as temporary:
        following.monitor.plot(files.rules).savefig(temporary)


def _say(following: "Following", files: _Files) -> None:
    """Print the diagnosis, and what could not be measured as one sentence."""
    from maxgain.errors import InputError

    measured, failures = len(following.measured), following.failures
    if measured:
        typer.echo(following.monitor.diagnose(files.rules).sentence)
        typer.echo(f"wrote {files.csv} and {files.picture}", err=True)
    if failures:
        reasons = " ".join(reason for _, reason in failures)
        raise InputError(
            f"{len(failures)} of {measured + len(failures)} checkpoints could not be measured. "
            f"{reasons}"
        )
    if not measured:
        raise InputError("no checkpoint appeared, so nothing was measured.")
