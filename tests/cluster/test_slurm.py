"""The smoke protocol on a real one-node SLURM cluster, with all that clusters do to jobs.

Run by `make test-cluster`. It takes minutes and starts daemons, so it is no part of `make test`.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from tests.whole.conftest import SMOKE, TARGETS, clone_workflow, read_results

SCRIPT = Path(__file__).with_name("slurm-node.sh")
BINARIES = Path(sys.executable).parent
EPOCHS = 30
FIRST, SECOND = (
    f"mnist/lenet-x1-fp32/lr{rate}-batch100-momentum0.9/seed0" for rate in ("0.001", "0.0001")
)
CLUSTER = [
    *("--slurm-status-command", "squeue", "--slurm-no-account"),
    *("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10"),
]
# The plugin asks for the state of jobs ever more rarely, as is right where they take hours.
SNAKEMAKE_ASKING_EVERY_SECOND = """
from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.next_seconds_between_status_checks = property(lambda _: 1, lambda *_: None)
main()
"""


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


class Workflow:
    """A Snakemake call in a folder; its output goes to a file there."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.log = folder / "snakemake.log"
        path = f"{BINARIES}:{os.environ['PATH']}"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SNAKEMAKE_ASKING_EVERY_SECOND, *words, *SMOKE],
                cwd=folder,
                env=os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"},
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
        time.sleep(0.05)


def jobs_of(words: str, state: str = "RUNNING") -> list[str]:
    """Identifiers of the SLURM jobs in a state whose comment, rule and wildcards, has the words."""
    lines = slurm("squeue", "--noheader", "--states=all", "--format=%i|%T|%k").splitlines()
    return [
        identifier
        for identifier, found, comment in (line.split("|") for line in lines)
        if found == state and words in comment
    ]


def job_of(run: str) -> str:
    """Identifier of the SLURM job that trains a run now."""
    words = f"rule_train_wildcards_{run.replace('/', '_')}"
    wait_until(lambda: jobs_of(words), f"{run} runs")
    return jobs_of(words)[0]


ANY, NEW, EARLIER = r"epoch \d+/", r"epoch .* s\)$", "from an earlier call"


def count_epochs(folder: Path, run: str, pattern: str) -> int:
    """How many epochs the current attempt of a run has: any, new ones, or earlier ones."""
    log = folder / f"results/smoke/logs/train/{run}.log"
    try:
        return len(re.findall(pattern, log.read_text(), re.M))
    except FileNotFoundError:  # Snakemake removes it when an attempt begins.
        return 0


def stop_after_new_epochs(folder: Path, resumed: bool = False) -> dict[str, int]:
    """Stop both trainings after some epochs, so that they last as long as the test needs.

    Returns how many epochs each has then; those of earlier attempts count.
    """
    least = 1 if resumed else 0
    running = {FIRST, SECOND}

    def stop_what_has_trained() -> bool:
        for run in sorted(running):
            if count_epochs(folder, run, EARLIER) >= least and count_epochs(folder, run, NEW) > 1:
                process_of(folder, run).suspend()
                running.remove(run)
        return not running

    wait_until(stop_what_has_trained, f"both train, with earlier epochs at least {least}")
    return {run: count_epochs(folder, run, ANY) for run in (FIRST, SECOND)}


def process_of(folder: Path, run: str) -> psutil.Process:
    """The process that trains a run of a folder."""
    for process in psutil.process_iter():
        try:
            words, place = process.cmdline(), process.cwd()
        except psutil.Error:  # It ended, or is not ours to see.
            continue
        if place == str(folder) and "train" in words[:4] and f"results/smoke/runs/{run}" in words:
            return process
    raise AssertionError(f"no process trains {run}")


def kill_all_of_job(identifier: str) -> None:
    """Kill every process of a job, as a machine out of memory might: SLURM calls the job failed."""
    for process in psutil.process_iter():
        try:
            if process.environ().get("SLURM_JOB_ID") == identifier:
                process.kill()
        except psutil.Error:
            continue


def clone_with_long_runs(folder: Path) -> Path:
    """The smoke protocol, whose first experiment has two runs long enough to be disturbed."""
    clone_workflow(folder)
    overlay = folder / "workflow/protocols/smoke.yaml"
    protocol = yaml.safe_load(overlay.read_text())
    protocol["experiments"]["mnist_rates"] |= {"rate_factors": [1, "1/10"], "epochs": EPOCHS}
    overlay.write_text(yaml.safe_dump(protocol))
    return folder


@pytest.fixture(scope="module")
def disturbed(cluster: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder where the protocol ran on the cluster, disturbed, and that of a local run."""
    local = clone_with_long_runs(tmp_path_factory.mktemp("local") / "clone")
    undisturbed = Workflow(local, *TARGETS, "--cores", "2")
    folder = clone_with_long_runs(tmp_path_factory.mktemp("cluster") / "clone")
    flags = ["--profile", "workflow/profiles/slurm", *CLUSTER]
    workflow = Workflow(folder, *TARGETS, *flags)

    # The first training is cancelled, the job of the second fails.
    before = stop_after_new_epochs(folder)
    cancelled, failed = job_of(FIRST), job_of(SECOND)
    slurm("scancel", cancelled)
    kill_all_of_job(failed)
    wait_until(lambda: cancelled in jobs_of("", "CANCELLED"), "the job is cancelled")
    wait_until(lambda: failed in jobs_of("", "FAILED"), "the job has failed")
    now = stop_after_new_epochs(folder, resumed=True)
    for run in (FIRST, SECOND):
        assert count_epochs(folder, run, EARLIER) >= before[run], "a complete epoch was lost"

    # The first then meets SLURM's own time limit, brought forward: limits count in minutes.
    limited, requeued = job_of(FIRST), job_of(SECOND)
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
    for state in ("CANCELLED", "FAILED", "TIMEOUT"):
        assert f"SLURM status is: '{state}'" in workflow.text
    for run in (FIRST, SECOND):
        assert now[run] <= count_epochs(folder, run, EARLIER) < EPOCHS, run
    assert undisturbed.finish() == 0, undisturbed.text[-3000:]
    return folder, local


def test_the_disturbed_run_on_the_cluster_equals_a_local_one(disturbed: tuple[Path, Path]) -> None:
    folder, local = disturbed
    expected, found = read_results(local), read_results(folder)
    assert sorted(found) == sorted(expected)
    assert len(expected) > 35
    assert [name for name in expected if found[name] != expected[name]] == []
    left = (folder / "results/smoke/state").iterdir()
    assert {path.suffix for path in left} == {".lock"}


def test_a_job_that_fails_for_good_costs_only_itself(disturbed: tuple[Path, Path]) -> None:
    folder, local = disturbed
    rules = folder / "workflow/rules/training.smk"
    with_retries = rules.read_text()
    assert with_retries.count("retries: 3") == 2
    rules.write_text(with_retries.replace("retries: 3", "retries: 0"))
    histories = [f"results/smoke/runs/{run}/history.csv" for run in (FIRST, SECOND)]
    for history in histories:
        (folder / history).unlink()
    others = times_of_histories(folder)
    assert len(others) == 3

    for gpu, wanted in ((False, histories), (True, histories[:1])):
        flags = ["--profile", "workflow/profiles/slurm", *CLUSTER]
        flags += ["--set-resources", "train:gpu=1"] if gpu else []
        # Other runs are no part of this call: a changed rule would be a reason to make them again.
        flags += ["--rerun-triggers", "mtime"]
        workflow = Workflow(folder, *wanted, *flags)
        job = job_of(FIRST)
        shown = slurm("scontrol", "show", "job", job)
        assert bool(re.search(r"gres[:/]gpu[:=]1\b", shown)) == gpu, shown
        if not gpu:
            slurm("scancel", job)
            assert workflow.finish() != 0
            assert "CANCELLED" in workflow.text
            assert "Traceback" not in workflow.text
            assert not (folder / histories[0]).exists()
            assert (folder / histories[1]).exists(), "keep-going: the other training ends"
            others = times_of_histories(folder)
        else:
            assert workflow.finish() == 0, workflow.text[-3000:]
    again = times_of_histories(folder)
    assert {path: again[path] for path in others} == others, "a finished table was rewritten"
    for history in histories:
        assert (folder / history).read_bytes() == (local / history).read_bytes()


def times_of_histories(folder: Path) -> dict[Path, int]:
    runs = folder / "results/smoke/runs"
    return {path: path.stat().st_mtime_ns for path in runs.rglob("history.csv")}
