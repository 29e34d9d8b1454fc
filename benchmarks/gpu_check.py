"""`python -m benchmarks.gpu_check`: all that a GPU has to show, in minutes and offline.

The tests of the training engine, the benchmark, and one seed of the paper protocol for 3 epochs on
embedded images, on the GPU and on the CPU, with a table of how far their curves lie apart.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.protocols import PROTOCOLS, ROOT
from maxgain.config.outputs import Gain
from maxgain.config.parsing import parse_protocol
from maxgain.config.protocol import Protocol
from maxgain.config.runs import Run
from maxgain.config.yaml_files import read_configuration
from maxgain.data.prepared import PreparedData
from maxgain.files.csv import read_table, write_table

LOSS_TOLERANCE = 0.02
"""Largest allowed difference of a training loss, relative: other sums, amplified by 60 steps."""

GAIN_TOLERANCE_DB = 0.5
"""Largest allowed difference of a gain."""

COLUMNS = ("run", "epoch", "loss_cpu", "loss_gpu", "gain_db_cpu", "gain_db_gpu", "agrees")

Train = Callable[[Run, PreparedData, Path], list[dict[str, float]]]


def check_protocol(epochs: int = 3) -> Protocol:
    """One seed of the paper protocol, a few epochs of it, on images that packages carry."""
    raw = read_configuration([ROOT / file for file in PROTOCOLS["paper"]])
    for dataset in raw["datasets"].values():
        dataset["source"] = "embedded"
    for experiment in raw["experiments"].values():
        experiment.pop("embedded", None)
        experiment.update(epochs=epochs, seeds=[0])
    raw["choices"], raw["accuracy"] = {}, {}
    return parse_protocol(raw)


def curves_on(device: str, gain: Gain) -> Train:
    """A function that trains a run on a device and gives its loss and gain, an epoch a row."""

    def train(run: Run, data: PreparedData, folder: Path) -> list[dict[str, float]]:
        from maxgain.pipeline.jobs import QuantitiesJob
        from maxgain.pipeline.quantities import measure_snapshots
        from maxgain.pipeline.training import run_training_job

        run_training_job(run, data, folder, folder / "state", device, 1)
        measure_snapshots(
            QuantitiesJob(gain=gain), folder / "snapshots.safetensors", folder / "gains.csv"
        )
        losses = read_table(folder / "history.csv", ("training_loss",))
        gains = read_table(folder / "gains.csv", ("gain_db",))
        return [
            {"loss": float(one["training_loss"]), "gain_db": float(other["gain_db"])}
            for one, other in zip(losses, gains, strict=True)
        ]

    return train


def compare(
    runs: list[Run], data: dict[str, PreparedData], reference: Train, checked: Train
) -> list[dict[str, object]]:
    """Rows of `COLUMNS`: every epoch of every run, both ways."""
    rows: list[dict[str, object]] = []
    for run in runs:
        with tempfile.TemporaryDirectory() as folder:
            ways = [
                train(run, data[run.dataset], Path(folder) / name)
                for name, train in (("cpu", reference), ("gpu", checked))
            ]
        for epoch, (one, other) in enumerate(zip(*ways, strict=True), start=1):
            rows.append(_row(run, epoch, one, other))
    return rows


def _row(run: Run, epoch: int, one: dict[str, float], other: dict[str, float]) -> dict[str, object]:
    loss = abs(one["loss"] - other["loss"]) <= LOSS_TOLERANCE * abs(one["loss"])
    gain = abs(one["gain_db"] - other["gain_db"]) <= GAIN_TOLERANCE_DB
    return {
        "run": run.name,
        "epoch": epoch,
        "loss_cpu": one["loss"],
        "loss_gpu": other["loss"],
        "gain_db_cpu": one["gain_db"],
        "gain_db_gpu": other["gain_db"],
        "agrees": loss and gain,
    }


def prepared_data(protocol: Protocol, folder: Path) -> dict[str, PreparedData]:
    """The data sets of a protocol, prepared."""
    from maxgain.data.prepared import load_prepared
    from maxgain.pipeline.data import prepare_dataset
    from maxgain.pipeline.jobs import prepare_job

    data = {}
    for name in {run.dataset for run in protocol.runs().values()}:
        file = folder / f"{name}.safetensors"
        prepare_dataset(prepare_job(protocol, name), file)
        data[name] = load_prepared(file)
    return data


def _run(*words: str) -> bool:
    typer.echo(f"running {' '.join(words)}", err=True)
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, check=False).returncode == 0


def gpu_check(
    output: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path(
        "benchmarks/results/gpu"
    ),
) -> None:
    """Check a GPU: tests, benchmark, and curves beside the CPU's."""
    import torch

    if not torch.cuda.is_available():
        typer.echo("error: gpu-check needs a CUDA device, and torch finds none here.", err=True)
        raise typer.Exit(2)
    tests = _run("pytest", "-q", "tests/exact/training", "tests/exact/networks")
    timed = _run("benchmarks", "--rounds", "2", "--seconds", "1", "--output", str(output))
    protocol = check_protocol()
    with tempfile.TemporaryDirectory() as folder:
        data = prepared_data(protocol, Path(folder))
    rows = compare(
        list(protocol.runs().values()),
        data,
        curves_on("cpu", protocol.gain),
        curves_on("cuda", protocol.gain),
    )
    write_table(output / "curves.csv", COLUMNS, rows)
    apart = sum(not row["agrees"] for row in rows)
    typer.echo(
        f"tests {'passed' if tests else 'FAILED'}, benchmark {'ran' if timed else 'FAILED'}, "
        f"{apart} of {len(rows)} epochs differ from the CPU's by more than {LOSS_TOLERANCE:.0%} of "
        f"the loss or {GAIN_TOLERANCE_DB} dB: {output / 'curves.csv'}"
    )
    if apart or not (tests and timed):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(gpu_check)
