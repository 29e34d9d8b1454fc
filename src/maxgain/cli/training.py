"""Commands that train a run, measure its snapshots and gather an experiment's curves."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class NetworkName(StrEnum):
    """Networks of the paper's section IV."""

    lenet = "lenet"
    nin = "nin"


class PrecisionName(StrEnum):
    """Arithmetic of the forward and backward pass."""

    fp32 = "fp32"
    tf32 = "tf32"
    bf16 = "bf16"


class DeviceName(StrEnum):
    """Where to compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Impulse(StrEnum):
    """Whether the impulse is the input after mean subtraction (centred) or before it (raw)."""

    centred = "centred"
    raw = "raw"


class ProjectionName(StrEnum):
    """Projection of the softmax output."""

    inverse_score = "inverse-score"
    score = "score"


PreparedFile = Annotated[Path, typer.Option("--data", help="File made by `maxgain prepare`.")]


def train(
    data: PreparedFile,
    output: Annotated[Path, typer.Option(help="Folder for the history and the snapshots.")],
    network: Annotated[NetworkName, typer.Option()] = NetworkName.lenet,
    capacity: Annotated[float, typer.Option(help="Factor on the number of filters.")] = 1.0,
    learning_rate: Annotated[float, typer.Option(min=0)] = 0.001,
    epochs: Annotated[int, typer.Option(min=1)] = 20,
    batch_size: Annotated[int, typer.Option(min=1)] = 100,
    momentum: Annotated[float, typer.Option(min=0, max=1)] = 0.9,
    schedule: Annotated[
        str, typer.Option(help="Pairs 'epochs x factor' on the rate, as '30x1,10x0.1'.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    precision: Annotated[PrecisionName, typer.Option()] = PrecisionName.fp32,
    device: Annotated[DeviceName, typer.Option()] = DeviceName.auto,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of this job.")] = 1,
    state: Annotated[
        Path | None, typer.Option(help="Folder for resumable state; OUTPUT/state if not given.")
    ] = None,
) -> None:
    """Train one network by the paper's protocol and keep a snapshot of every epoch.

    An interrupted call resumes from its last complete epoch when it is made again.
    """
    import torch

    from maxgain.config.experiments import Run
    from maxgain.data.prepared import load_prepared
    from maxgain.pipeline.training import run_training_job
    from maxgain.training.memory import keep_freed_memory

    torch.set_num_threads(threads)
    keep_freed_memory()
    prepared = load_prepared(data)
    run = Run(
        dataset=prepared.dataset,  # type: ignore[arg-type]
        network=network.value,
        capacity=capacity,
        learning_rate=learning_rate,
        rate_factor=1.0,
        seed=seed,
        epochs=epochs,
        batch_size=batch_size,
        momentum=momentum,
        schedule=_parsed_schedule(schedule),
        precision=precision.value,
    )
    run_training_job(run, prepared, output, state or output / "state", device.value, threads)


def gain(
    snapshots: Annotated[Path, typer.Option(help="File of snapshots made by `maxgain train`.")],
    output: Annotated[Path, typer.Option(help="Table to write.")],
    impulse: Annotated[Impulse, typer.Option()] = Impulse.centred,
    impulse_value: Annotated[float, typer.Option(help="0-255 pixel units.")] = 255.0,
    projection: Annotated[ProjectionName, typer.Option()] = ProjectionName.inverse_score,
) -> None:
    """Measure the Maximum Gain of every snapshot of a run on the impulse image."""
    import torch

    from maxgain.pipeline.quantities import write_gains

    torch.set_num_threads(1)
    write_gains(snapshots, output, impulse.value, impulse_value, projection.value)


def curves(
    name: Annotated[str, typer.Argument(help="Name of the experiment.")],
    experiment: Annotated[str, typer.Option(help="The experiment's settings as JSON.")],
    runs: Annotated[Path, typer.Option(help="Folder of the runs.")],
    output: Annotated[Path, typer.Option(help="Table to write.")],
) -> None:
    """Gather the histories and gains of an experiment's runs into one tidy table."""
    from maxgain.config.parsing import parse_experiment
    from maxgain.pipeline.curves import write_curves

    write_curves(name, parse_experiment(experiment), runs, output)


def _parsed_schedule(text: str) -> tuple[tuple[int, float], ...]:
    from maxgain.errors import InputError

    try:
        pairs = [part.split("x") for part in text.split(",") if part]
        return tuple((int(epochs), float(factor)) for epochs, factor in pairs)
    except ValueError as error:
        raise InputError(
            f"--schedule is '{text}'; it must be pairs 'epochs x factor' as '30x1,10x0.1'."
        ) from error
