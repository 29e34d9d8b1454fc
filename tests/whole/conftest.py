"""A copy of the workflow in an empty folder, and the commands a user types in it."""

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from maxgain.config.datasets import Dataset
from maxgain.config.runs import Run
from maxgain.pipeline.jobs import PrepareJob, QuantitiesJob, TrainJob

REPOSITORY = Path(__file__).parents[2]
SMOKE = ("--configfile", "workflow/protocols/smoke.yaml")
_WORKFLOW = ("Snakefile", "config.yaml", "environment.yml", "workflow", "profiles")

Command = Callable[..., subprocess.CompletedProcess[str]]


def clone_workflow(folder: Path) -> Path:
    """Copy what Snakemake needs, without any result."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _WORKFLOW:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)
    return folder


def run_in(
    folder: Path, *words: str, **environment: str | None
) -> subprocess.CompletedProcess[str]:
    """Run a command of the test's own environment in a folder; both outputs in `stdout`.

    A variable that is None is unset.
    """
    binaries = Path(sys.executable).parent
    variables = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", **environment}
    return subprocess.run(
        [str(binaries / words[0]), *words[1:]],
        cwd=folder,
        env={name: value for name, value in variables.items() if value is not None},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )


def prepare_words(**keys: object) -> list[str]:
    """`maxgain pipeline prepare` with the settings of a data set named mnist."""
    job = PrepareJob(name="mnist", dataset=Dataset(**keys), location=keys.get("location"))
    return ["maxgain", "pipeline", "prepare", job.text()]


def train_job(epochs: int = 20, dataset: str = "mnist") -> TrainJob:
    """A training of LeNet on MNIST at the paper's settings, on a CPU."""
    run = Run(
        **{"dataset": dataset, "network": "lenet", "architecture": "lenet-mnist"},
        **{"capacity": 1.0, "learning_rate": 0.001, "rate_factor": 1.0, "seed": 0},
        epochs=epochs,
    )
    return TrainJob(run=run, device="cpu")


def train_words(epochs: int = 20) -> list[str]:
    """`maxgain pipeline train` with the settings of `train_job`."""
    return ["maxgain", "pipeline", "train", train_job(epochs).text()]


def quantities_words() -> list[str]:
    """`maxgain pipeline quantities` with the default settings."""
    return ["maxgain", "pipeline", "quantities", QuantitiesJob().text()]


def write_idx_folder(folder: Path, training: int, test: int) -> None:
    """Images of noise in MNIST's four files."""
    random = np.random.default_rng(1)
    folder.mkdir(parents=True)
    for name, count in (("train", training), ("t10k", test)):
        for kind, array in (
            ("images-idx3", random.integers(0, 256, (count, 28, 28))),
            ("labels-idx1", np.arange(count) % 10),
        ):
            sizes = struct.pack(f">{array.ndim}I", *array.shape)
            header = bytes([0, 0, 8, array.ndim]) + sizes
            (folder / f"{name}-{kind}-ubyte").write_bytes(header + array.astype("u1").tobytes())


# Every table of the smoke protocol, and two figures for all: drawing takes as long as the rest.
TARGETS = (
    *("results/smoke/provenance.json", "results/smoke/diagnoses.csv"),
    *("results/smoke/zoo_missing.csv", "results/smoke/report.html"),
    *("figures/smoke/fig05.svg", "figures/smoke/fig10.svg"),
)


def read_results(folder: Path) -> dict[str, bytes]:
    """Everything that making `TARGETS` leaves, save logs and measured times."""
    timed = {"logs", "benchmarks", "seconds.csv"}
    files = [*(folder / "results/smoke").rglob("*")]
    files += (folder / target.replace(".svg", ".png") for target in TARGETS)
    files += (folder / target for target in TARGETS)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(set(files))
        if path.is_file() and not timed.intersection(path.relative_to(folder).parts)
    }


@pytest.fixture
def workflow_copy(tmp_path: Path) -> Path:
    return clone_workflow(tmp_path / "clone")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A clone in which the smoke protocol ran once, and what it printed."""
    folder = clone_workflow(tmp_path_factory.mktemp("pipeline") / "clone")
    done = run_in(folder, "snakemake", "--cores", "2", *SMOKE)
    assert done.returncode == 0, done.stdout[-5000:]
    return folder, done.stdout
