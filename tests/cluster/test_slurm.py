"""The workflow on a real one-node SLURM cluster: calm, and with all that clusters do to jobs.

Run by `make test-cluster`. It takes minutes and starts daemons, so it is no part of `make test`.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("slurm-node.sh")
BINARIES = Path(sys.executable).parent
CURVES = [
    f"results/smoke/curves/{name}.csv"
    for name in ("mnist_rates", "cifar_rates", "networks", "capacity")
]
RESULTS = ("history.csv", "snapshots.safetensors", "provenance.json", "gains.csv")
EPOCHS = 30
CLUSTER = [
    *("--slurm-status-command", "squeue", "--slurm-no-account"),
    *("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10"),
]


def slurm(*words: str) -> str:
    """What a SLURM command prints."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A running node; skips loudly where there can be none."""
    for action in ("install", "start"):
        done = subprocess.run([SCRIPT, action], capture_output=True, text=True, timeout=600)
        if done.returncode == 77:
            pytest.skip(f"CLUSTER NOT TESTED: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
    try:
        yield
    finally:
        subprocess.run([SCRIPT, "stop"], check=True, timeout=120)


def clone_workflow(folder: Path) -> Path:
    folder.mkdir()
    for name in ("Snakefile", "config.yaml", "environment.yml"):
        shutil.copy(REPOSITORY / name, folder / name)
    shutil.copytree(REPOSITORY / "workflow", folder / "workflow")
    return folder


class Workflow:
    """A Snakemake call in a folder; its output goes to a file there."""

    def __init__(self, folder: Path, targets: list[str], *flags: str) -> None:
        self.log = folder / "snakemake.log"
        words = ["snakemake", *targets, *flags]
        words += ["--configfile", "workflow/protocols/smoke.yaml"]
        environment = os.environ | {"PATH": f"{BINARIES}:{os.environ['PATH']}"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(BINARIES / words[0]), *words[1:]],
                cwd=folder,
                env=environment | {"OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def finish(self, seconds: float = 600) -> int:
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(60)
            raise AssertionError(f"still running:\n{self.text[-3000:]}") from None

    @property
    def text(self) -> str:
        return self.log.read_text()


def wait_until(condition: Callable[[], object], what: str, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s\n{slurm('squeue', '-a')}"
        time.sleep(0.1)


def jobs_of(words: str, state: str = "RUNNING") -> list[str]:
    """Identifiers of the SLURM jobs in a state whose comment, rule and wildcards, has the words."""
    lines = slurm("squeue", "--noheader", "--states=all", "--format=%i|%T|%k").splitlines()
    return [
        identifier
        for identifier, found, comment in (line.split("|") for line in lines)
        if found == state and words in comment
    ]


ANY, NEW, EARLIER = r"epoch \d+/", r"epoch .* s\)$", "from an earlier call"


def count_epochs(folder: Path, run: str, pattern: str) -> int:
    """How many epochs the current attempt of a run has: any, new ones, or earlier ones."""
    log = folder / f"results/smoke/logs/train/{run}.log"
    try:
        return len(re.findall(pattern, log.read_text(), re.M))
    except FileNotFoundError:  # Snakemake removes it when an attempt begins.
        return 0


def assert_same_results(folder: Path, reference: Path, tables: list[str]) -> None:
    histories = sorted((reference / "results/smoke/runs").rglob("history.csv"))
    assert histories
    names = [history.parent / name for history in histories for name in RESULTS]
    for path in [*names, *(reference / table for table in tables)]:
        here = folder / path.relative_to(reference)
        assert here.read_bytes() == path.read_bytes(), here


def test_a_cancelled_job_costs_itself_and_the_rerun_equals_a_local_run(
    cluster: None, tmp_path: Path
) -> None:
    local = clone_workflow(tmp_path / "local")
    workflow = Workflow(local, CURVES, "--cores", "2")
    assert workflow.finish() == 0, workflow.text[-3000:]

    folder = clone_workflow(tmp_path / "cluster")
    rules = folder / "workflow/rules/training.smk"
    with_retries = rules.read_text()
    assert with_retries.count("retries: 3") == 1
    rules.write_text(with_retries.replace("retries: 3", "retries: 0"))
    workflow = Workflow(folder, CURVES, "--workflow-profile", "workflow/profiles/slurm", *CLUSTER)
    wait_until(lambda: jobs_of("rule_train_wildcards_mnist"), "a training starts")
    slurm("scancel", jobs_of("rule_train_wildcards_mnist")[0])
    assert workflow.finish() != 0
    assert "CANCELLED" in workflow.text
    assert "Traceback" not in workflow.text
    finished = times_of_results(folder)
    assert len(finished) >= 4, "keep-going: the other trainings end"

    rules.write_text(with_retries)
    gpu = ["--workflow-profile", "workflow/profiles/slurm-gpu", *CLUSTER]
    workflow = Workflow(folder, CURVES, *gpu)
    wait_until(lambda: jobs_of("rule_train_wildcards_mnist"), "the training starts again")
    job = slurm("scontrol", "show", "job", jobs_of("rule_train_wildcards_mnist")[0])
    assert re.search(r"gres[:/]gpu[:=]1\b", job), job
    assert workflow.finish() == 0, workflow.text[-3000:]
    again = times_of_results(folder)
    assert {path: again[path] for path in finished} == finished, "a finished table was rewritten"
    assert_same_results(folder, local, CURVES)


def times_of_results(folder: Path) -> dict[Path, int]:
    runs = folder / "results/smoke/runs"
    return {path: path.stat().st_mtime_ns for path in runs.rglob("history.csv")}


def test_interrupted_trainings_resume_within_the_same_workflow_run(
    cluster: None, tmp_path: Path
) -> None:
    first, second = (f"mnist/lenet-x1-fp32/lr{rate}-batch100-momentum0.9/seed0" for rate in RATES)
    local = with_long_runs(clone_workflow(tmp_path / "local"))
    workflow = Workflow(local, CURVES[:1], "--cores", "2")
    assert workflow.finish() == 0, workflow.text[-3000:]

    folder = with_long_runs(clone_workflow(tmp_path / "cluster"))
    flags = ["--workflow-profile", "workflow/profiles/slurm", *CLUSTER]
    workflow = Workflow(folder, CURVES[:1], *flags)
    for run in (first, second):
        hold_after_new_epochs(folder, run)

    # The first training is cancelled, the second fails.
    before = {run: count_epochs(folder, run, ANY) for run in (first, second)}
    slurm("scancel", job_of(first))
    training_of(folder, second).kill()
    for run in (first, second):
        hold_after_new_epochs(folder, run, resumed=True)
        assert count_epochs(folder, run, EARLIER) >= before[run], "a complete epoch was lost"

    # The first then meets SLURM's own time limit, brought forward: limits count in minutes.
    before = {run: count_epochs(folder, run, ANY) for run in (first, second)}
    limited, requeued = job_of(first), job_of(second)
    slurm("scontrol", "update", f"JobId={limited}", "EndTime=now+1seconds")
    wait_until(lambda: limited in jobs_of("", "TIMEOUT"), "the time limit is enforced")
    # The second is put back into the queue, as by preemption, while its node is drained.
    node = slurm("hostname", "-s").strip()
    slurm("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=test")
    slurm("scontrol", "requeue", requeued)
    wait_until(lambda: requeued in jobs_of("", "PENDING"), "the job waits for a node")
    assert workflow.process.poll() is None
    slurm("scontrol", "update", f"NodeName={node}", "State=RESUME")
    assert workflow.finish() == 0, workflow.text[-3000:]
    assert "TIMEOUT" in workflow.text
    for run in (first, second):
        assert before[run] <= count_epochs(folder, run, EARLIER) < EPOCHS, run
    assert_same_results(folder, local, CURVES[:1])
    assert not list((folder / "results/smoke/state").iterdir())


def hold_after_new_epochs(folder: Path, run: str, resumed: bool = False) -> None:
    """Stop a training after some epochs, so that it lasts as long as the test needs it to."""
    least = 1 if resumed else 0
    wait_until(
        lambda: count_epochs(folder, run, EARLIER) >= least and count_epochs(folder, run, NEW) > 1,
        f"{run} trains, earlier epochs at least {least}",
    )
    training_of(folder, run).suspend()


RATES = ("0.001", "0.0001")


def with_long_runs(folder: Path) -> Path:
    """Give the smoke protocol's first experiment two runs that last long enough to be disturbed."""
    overlay = folder / "workflow/protocols/smoke.yaml"
    protocol = yaml.safe_load(overlay.read_text())
    protocol["data"]["mnist"] = {"training_images": 1000, "validation_images": 100}
    protocol["experiments"]["mnist_rates"] |= {"rate_factors": [1, "1/10"], "epochs": EPOCHS}
    overlay.write_text(yaml.safe_dump(protocol))
    return folder


def job_of(run: str) -> str:
    """Identifier of the SLURM job that trains a run now."""
    words = f"rule_train_wildcards_{run.replace('/', '_')}"
    wait_until(lambda: jobs_of(words), f"{run} runs")
    return jobs_of(words)[0]


def training_of(folder: Path, run: str) -> psutil.Process:
    """The process that trains a run of a folder."""
    for process in psutil.process_iter():
        try:
            words, place = process.cmdline(), process.cwd()
        except psutil.Error:  # It ended, or is not ours to see.
            continue
        if place == str(folder) and "train" in words[:3] and f"results/smoke/runs/{run}" in words:
            return process
    raise AssertionError(f"no process trains {run}")
