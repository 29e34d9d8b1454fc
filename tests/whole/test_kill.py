"""Killed at any moment, a training and its workflow end with the bytes of an undisturbed run."""

import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import psutil
import pytest
import yaml

from tests.whole.conftest import clone_workflow, prepare_words, run_in, train_job

BINARIES = Path(sys.executable).parent
EPOCHS = 20
RUN = "mnist/lenet-x1-fp32/lr0.001-batch100-momentum0.9/seed0"
TARGET = "results/smoke/curves/mnist_rates.csv"
RESULTS = ("history.csv", "snapshots.safetensors", "provenance.json")
OVERLAY = "workflow/protocols/smoke.yaml"


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts processes that have the library loaded already: torch takes seconds to import."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["maxgain.cli.pipeline", "maxgain.pipeline.training", "maxgain.pipeline.quantities"]
    )
    return context


@pytest.fixture(scope="module")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 + 50 of the digits that a package carries, prepared for training."""
    path = tmp_path_factory.mktemp("kill") / "mnist.safetensors"
    words = prepare_words(training_images=100, validation_images=50)
    done = run_in(path.parent, *words, "--output", str(path))
    assert done.returncode == 0, done.stdout
    return path


@pytest.fixture
def groups() -> Iterator[list[int]]:
    """Process groups that the test started: whatever is left of them is killed at its end."""
    identifiers: list[int] = []
    yield identifiers
    for identifier in identifiers:
        kill_group(identifier)


def kill_group(identifier: int) -> None:
    try:
        os.killpg(identifier, signal.SIGKILL)
    except ProcessLookupError:
        return


def train_once(data: Path, output: Path, state: Path, log: Path, epochs: int) -> None:
    """What `maxgain pipeline train` does, in a process that only has to be forked."""
    from maxgain.pipeline.training import train_runs

    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    train_runs([train_job(epochs)], data, [output], state)


def count_lines(log: Path, pattern: str) -> int:
    return len(re.findall(pattern, log.read_text(), re.M)) if log.exists() else 0


def wait_for_line(process: ForkServerProcess, log: Path, pattern: str) -> None:
    while process.is_alive() and not count_lines(log, pattern):
        time.sleep(0.002)


def assert_same_files(folder: Path, reference: Path, names: tuple[str, ...]) -> None:
    for name in names:
        assert (folder / name).read_bytes() == (reference / name).read_bytes(), folder / name


def assert_nothing_half(folder: Path, reference: Path) -> None:
    """Whatever has a final name has its final content, even right after a kill."""
    there = tuple(name for name in RESULTS if (folder / name).exists())
    assert_same_files(folder, reference, there)


def test_training_killed_at_random_moments_loses_only_the_broken_epoch(
    processes: ForkServerContext, prepared_file: Path, tmp_path: Path
) -> None:
    reference, output, state, log = (tmp_path / name for name in "abcd")
    undisturbed = processes.Process(
        target=train_once, args=(prepared_file, reference, tmp_path / "e", log, EPOCHS)
    )
    undisturbed.start()
    undisturbed.join()
    assert undisturbed.exitcode == 0

    moments = random.Random(5)
    kills = complete = restarts = 0
    while kills < 20:
        log.unlink()
        process = processes.Process(
            target=train_once, args=(prepared_file, output, state, log, EPOCHS)
        )
        process.start()
        # Some kills meet the start, some the writing of results, most an epoch.
        kind = moments.choice(["start", "end", "epoch", "epoch", "epoch"])
        if kind != "start":
            wait_for_line(process, log, r"s\)$" if kind == "epoch" else f"epoch {EPOCHS}/")
        time.sleep(moments.uniform(0, 0.1))
        process.kill()
        process.join()
        if kind != "start":
            earlier = count_lines(log, "from an earlier call")
            assert earlier >= complete, "a complete epoch was computed again"
        killed = process.exitcode == -signal.SIGKILL
        assert killed or process.exitcode == 0, log.read_text()
        kills += killed
        # The last result is written: a kill after that meets a finished run and its clean-up.
        if not (output / "history.csv").exists():
            complete = max(complete, count_lines(log, "epoch "))
            assert_nothing_half(output, reference)
        else:
            assert_same_files(output, reference, RESULTS)
            for path in output.iterdir():
                path.unlink()
            complete = 0
            restarts += 1
        log.touch()
    last = processes.Process(target=train_once, args=(prepared_file, output, state, log, EPOCHS))
    last.start()
    last.join()
    assert last.exitcode == 0, log.read_text()
    assert_same_files(output, reference, RESULTS)
    assert not [path for path in state.iterdir() if path.suffix != ".lock"], (
        "state of a finished run is left"
    )
    assert sorted(path.name for path in output.iterdir()) == sorted((*RESULTS, "seconds.csv"))
    assert restarts < kills


def test_two_processes_that_train_one_run_take_turns(
    processes: ForkServerContext, prepared_file: Path, tmp_path: Path
) -> None:
    output, state = tmp_path / "run", tmp_path / "state"
    logs = [tmp_path / "first", tmp_path / "second"]
    both = [
        processes.Process(target=train_once, args=(prepared_file, output, state, log, EPOCHS))
        for log in logs
    ]
    both[0].start()
    wait_for_line(both[0], logs[0], "epoch ")
    both[1].start()
    for process in both:
        process.join()
        assert process.exitcode == 0
    said = logs[1].read_text()
    assert "another process trains this run: waiting for it" in said
    assert "the other process finished this run" in said
    assert "epoch 1/" not in said, "the second computed what the first had done"
    assert not [path for path in state.iterdir() if path.suffix != ".lock"]


class StartedWorkflow:
    """A Snakemake call in a process group of its own, whose training's log is watched."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self._log = folder / f"results/smoke/logs/train/{RUN}.log"
        if self._log.exists():
            self._log.write_text("")  # The orphan of an earlier call may still write to it.
        self.process = subprocess.Popen(
            [str(BINARIES / "snakemake"), TARGET, "--cores", "2", "--configfile", OVERLAY, *flags],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for_an_epoch(self) -> bool:
        """Whether the training computed an epoch before the workflow ended."""
        while self.process.poll() is None:
            if re.search(r"epoch \d+/.* s\)$", self.said, re.MULTILINE):
                return True
            time.sleep(0.01)
        return False

    @property
    def said(self) -> str:
        """What the training says in its log."""
        return self._log.read_text() if self._log.exists() else ""

    def kill(self, victim: str) -> bool:
        """Kill -9 the training below Snakemake, Snakemake and not the training, or both.

        A killed training is left to Snakemake, which runs it again in the same call. False if
        there was no training to kill any more.
        """
        if victim == "both":
            kill_group(self.process.pid)
        elif victim == "snakemake":
            self.process.kill()
        else:
            training = self._training()
            if training is not None:
                training.kill()
            printed, _ = self.process.communicate()
            assert self.process.returncode == 0, printed[-3000:]
            if training is None:
                return False
            assert "from an earlier call" in self.said, "the retry did not resume"
        self.process.wait()
        return True

    def _training(self) -> psutil.Process | None:
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if "train" in process.cmdline()[:4]:
                    return process
            except psutil.NoSuchProcess:
                continue
        return None


def test_snakemake_killed_at_random_moments_finishes_with_nolock(
    processes: ForkServerContext, tmp_path: Path, groups: list[int]
) -> None:
    folder = clone_workflow(tmp_path / "killed")
    shorten(folder / OVERLAY)
    moments = random.Random(6)
    victims = ["snakemake", "both", "snakemake", "training"]
    calls = 0
    while victims:
        assert calls < 15, f"no training lived long enough to kill {victims}"
        workflow = StartedWorkflow(folder, *(["--nolock"] if calls else []))
        groups.append(workflow.process.pid)
        calls += 1
        if not workflow.wait_for_an_epoch():
            # The orphan of a killed Snakemake was quicker and has finished the run: once more.
            printed, _ = workflow.process.communicate()
            assert workflow.process.returncode == 0, printed[-3000:]
            remove_results(folder)
            continue
        time.sleep(moments.uniform(0, 0.3))
        if workflow.kill(victims[0]):
            victims.pop(0)
        else:
            remove_results(folder)
        if calls == 1:
            refused = run_in(folder, "snakemake", TARGET, "--cores", "1", "--configfile", OVERLAY)
            assert refused.returncode != 0
            assert "--unlock" in refused.stdout
    results = folder / "results/smoke"
    assert {path.suffix for path in (results / "state").iterdir()} == {".lock"}
    reference = tmp_path / "undisturbed"
    alone = processes.Process(target=run_alone, args=(folder, reference, tmp_path / "log"))
    alone.start()
    alone.join()
    assert alone.exitcode == 0
    assert_same_files(results / "runs" / RUN, reference / RUN, (*RESULTS, "gains.csv"))
    assert (folder / TARGET).read_bytes() == (reference / "mnist_rates.csv").read_bytes()


def remove_results(folder: Path) -> None:
    """Remove what was trained, and the table without which nothing would be trained again."""
    shutil.rmtree(folder / "results/smoke/runs")
    (folder / TARGET).unlink(missing_ok=True)


def run_alone(folder: Path, reference: Path, log: Path) -> None:
    """The workflow's commands in one process, without Snakemake."""
    from maxgain.config.parsing import parse_protocol
    from maxgain.config.yaml_files import read_configuration
    from maxgain.pipeline.curves import write_curves
    from maxgain.pipeline.jobs import QuantitiesJob, curves_job
    from maxgain.pipeline.quantities import measure_snapshots

    protocol = parse_protocol(read_configuration([folder / "config.yaml", folder / OVERLAY]))
    data = folder / "results/smoke/prepared/mnist.safetensors"
    epochs = protocol.experiments["mnist_rates"].epochs
    train_once(data, reference / RUN, reference / "state", log, epochs)
    job = QuantitiesJob(gain=protocol.gain)
    measure_snapshots(job, reference / RUN / "snapshots.safetensors", reference / RUN / "gains.csv")
    write_curves(curves_job(protocol, "mnist_rates"), reference, reference / "mnist_rates.csv")


def shorten(overlay: Path) -> None:
    """Give the smoke protocol one run, short in images and long in epochs."""
    protocol = yaml.safe_load(overlay.read_text())
    sizes = {"training_images": 100, "validation_images": 50}
    protocol["datasets"]["mnist"] = sizes
    protocol["experiments"]["mnist_rates"] |= {"rate_factors": [1], "epochs": 99}
    overlay.write_text(yaml.safe_dump(protocol))
