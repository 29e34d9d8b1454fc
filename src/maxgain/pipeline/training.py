"""A training as a job: a data file in; history, snapshots and provenance out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console

from maxgain.config.runs import Run
from maxgain.data.held_out import kept_and_held_out
from maxgain.data.prepared import PreparedData, load_prepared
from maxgain.errors import InputError
from maxgain.files.provenance import installed_versions
from maxgain.networks.building import source_checksum
from maxgain.pipeline.jobs import TrainJob
from maxgain.training.device import choose_device, describe_device, emulates_bf16
from maxgain.training.loop import Report, TrainingData, train
from maxgain.training.memory import keep_freed_memory
from maxgain.training.results import RunResults
from maxgain.training.snapshots import Architecture
from maxgain.training.state import TrainingState
from maxgain.training.threads import use_threads


def train_runs(
    jobs: Sequence[TrainJob], data: Path, outputs: Sequence[Path], state_root: Path
) -> None:
    """Train runs on a file that `maxgain pipeline prepare` wrote, in turn, as a process of its own.

    The resumable state of all is removed after the last: a workflow engine deletes the results of
    those before one that fails, and gets them back without an epoch's training.

    Raises
    ------
    InputError
        As `run_training_job`, or the file is missing or damaged, or there are not as many folders
        as jobs.
    """
    if len(jobs) != len(outputs):
        given = f"--output is given {len(outputs)} times"
        raise InputError(f"{given}; allowed is {len(jobs)}, one a job")
    keep_freed_memory()
    start, prepared, states = time.time(), load_prepared(data), list[TrainingState]()
    for job, output in zip(jobs, outputs, strict=True):
        use_threads(job.threads)
        run = job.run
        states.append(_train(run, prepared, output, state_root, job.device, job.threads, start))
    for state in states:
        state.remove()


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
    _train(run, prepared, output, state_root, device, threads, time.time()).remove()


def _train(
    run: Run,
    prepared: PreparedData,
    output: Path,
    state_root: Path,
    device: str,
    threads: int,
    start: float,
) -> TrainingState:
    """The state of a run that is trained, or was by another process since the start."""
    target = choose_device(device, run.precision)
    # A label is text, not markup; a log's line is a line however narrow the terminal.
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{run.name} on {prepared.label}, {describe_device(target)}")
    if run.precision == "bf16" and emulates_bf16(target):
        console.print("warning: this processor has no bf16 instructions and emulates them slowly")
    identity = _identity(run, prepared, describe_device(target), threads)
    results = RunResults(output, _settings(run, prepared, identity), describe_device(target))
    state = TrainingState(state_root, identity)
    waiting = "another process trains this run: waiting for it"
    with state.locked(lambda: console.print(waiting)):
        if results.were_written_since(start):
            console.print("the other process finished this run")
            return state
        results.remove_leftovers()
        data, seconds = training_data(prepared, run), list[dict[str, object]]()
        epochs = train(run, data, device, state, _reporter(run, seconds, console.print))
        architecture = Architecture(run.architecture, data.shape, data.classes, run.capacity)
        results.write(architecture, epochs, prepared.mean_image, prepared.pixel_scale, seconds)
    return state


def _reporter(run: Run, seconds: list[dict[str, object]], say: Callable[[str], None]) -> Report:
    """A function that keeps each epoch's seconds and says how it went."""

    def report(number: int, row: dict[str, float], duration: float | None) -> None:
        seconds.append({"epoch": number, "seconds": "nan" if duration is None else duration})
        say(_progress(run, number, row, duration))

    return report


def training_data(prepared: PreparedData, run: Run) -> TrainingData:
    """The images of a prepared data set, as the training of a run takes them.

    Raises
    ------
    InputError
        The share that is held out leaves no image on one of the sides.
    """
    images, labels = prepared.training_images, prepared.training_labels
    if run.held_out:
        kept, _ = kept_and_held_out(labels, run.held_out)
        images, labels = images[kept], labels[kept]
    looked_at = slice(None, None, run.validation_stride)
    return TrainingData(
        training_pixels=images,
        training_labels=labels,
        validation_pixels=prepared.validation_images[looked_at],
        validation_labels=prepared.validation_labels[looked_at],
        classes=prepared.number_of_classes,
    )


def _settings(run: Run, prepared: PreparedData, identity: dict[str, object]) -> dict[str, object]:
    """What the provenance says of a run."""
    return {
        **identity,
        "epochs": run.epochs,
        "data": prepared.label,
        "stand_in": prepared.stand_in,
        "source": prepared.source,
    }


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
        if name in ("maxgain", "torch", "numpy", "timm", "torchvision")
    }
    if source := source_checksum(run.architecture):
        identity["architecture_source"] = source
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
