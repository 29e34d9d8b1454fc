"""A training as a job: a data file in; history, snapshots and provenance out."""

import time
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console

from maxgain.config.experiments import Run
from maxgain.data.prepared import PreparedData
from maxgain.files.csv import write_table
from maxgain.files.provenance import installed_versions, write_provenance
from maxgain.tables.curves import HISTORY_COLUMNS
from maxgain.training.device import choose_device, describe_device
from maxgain.training.loop import TrainingData, train
from maxgain.training.results import remove_leftovers, were_written_since
from maxgain.training.snapshots import Architecture, write_snapshots
from maxgain.training.state import TrainingState


def run_training_job(
    run: Run, prepared: PreparedData, output: Path, state_root: Path, device: str, threads: int
) -> None:
    """Train a run and write history.csv, seconds.csv, snapshots.safetensors and provenance.json.

    The resumable state below `state_root` is removed once all of them are written. Where another
    process trains the same run into the same folder, such as the orphan of a killed workflow,
    this call waits for it and leaves its results as they are.

    Raises
    ------
    InputError
        The network does not fit the images, the device is not available, or a file cannot be
        written.
    """
    start = time.time()
    target = choose_device(device, run.precision)
    identity = _identity(run, prepared, describe_device(target), threads)
    data = training_data(prepared)
    seconds: list[dict[str, object]] = []
    # A label is text, not markup; a log's line is a line however narrow the terminal.
    console = Console(highlight=False, markup=False, soft_wrap=True)

    def report(number: int, row: dict[str, float], duration: float | None) -> None:
        seconds.append({"epoch": number, "seconds": "nan" if duration is None else duration})
        console.print(_progress(run, number, row, duration))

    console.print(f"{run.name} on {prepared.label}, {describe_device(target)}")
    waited = False

    def wait() -> None:
        nonlocal waited
        waited = True
        console.print("another process trains this run: waiting for it")

    settings = {
        **identity,
        "epochs": run.epochs,
        "data": prepared.label,
        "stand_in": prepared.stand_in,
        "source": prepared.source,
    }
    state = TrainingState(state_root, identity)
    with state.locked(wait):
        if waited and were_written_since(start, output, settings):
            state.remove()
            console.print("the other process finished this run")
            return
        remove_leftovers(output)
        epochs = train(run, data, device, state, report)
        rows = [{**epoch.row, "epoch": int(epoch.row["epoch"])} for epoch in epochs]
        write_snapshots(
            output / "snapshots.safetensors",
            Architecture(run.architecture, data.shape, data.classes, run.capacity),
            [epoch.weights for epoch in epochs],
            prepared.mean_image,
        )
        write_table(output / "seconds.csv", ("epoch", "seconds"), seconds)
        write_provenance(
            output / "provenance.json",
            settings=settings,
            device=describe_device(target),
        )
        write_table(output / "history.csv", HISTORY_COLUMNS, rows)
        state.remove()


def training_data(prepared: PreparedData) -> TrainingData:
    """The images of a prepared data set, as training takes them."""
    return TrainingData(
        training_pixels=prepared.training_images,
        training_labels=prepared.training_labels,
        validation_pixels=prepared.validation_images,
        validation_labels=prepared.validation_labels,
        classes=prepared.number_of_classes,
        flips=prepared.dataset == "cifar10",
    )


def _identity(run: Run, prepared: PreparedData, device: str, threads: int) -> dict[str, object]:
    """Everything that decides the weights of a run's epochs; how many there are does not."""
    identity: dict[str, object] = asdict(run)
    del identity["epochs"], identity["rate_factor"]
    identity["preprocessing"] = prepared.preprocessing
    identity["checksums"] = dict(prepared.checksums)
    identity["device"] = device
    identity["threads"] = threads
    identity["packages"] = {
        name: version
        for name, version in installed_versions().items()
        if name in ("maxgain", "torch", "numpy")
    }
    # Vector instructions decide how sums are rounded.
    identity["cpu_capability"] = torch.backends.cpu.get_cpu_capability()
    return identity


def _progress(run: Run, number: int, row: dict[str, float], duration: float | None) -> str:
    # The lines of several jobs share a terminal.
    line = (
        f"{run.dataset} {run.network} x{run.capacity:g}, rate {run.learning_rate:.4g}, "
        f"seed {run.seed}: epoch {number}/{run.epochs}"
    )
    if row["training_loss"] != row["training_loss"]:
        return f"{line}: diverged, the loss is not finite"
    line += (
        f": loss {row['training_loss']:.4f} training, {row['validation_loss']:.4f} validation; "
        f"error {row['training_error']:.4f}, {row['validation_error']:.4f}"
    )
    return line + (" (from an earlier call)" if duration is None else f" ({duration:.1f} s)")
