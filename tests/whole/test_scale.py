"""Ten thousand trainings are planned in minutes, and no folder grows with their number."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path, PurePosixPath

import yaml

from tests.whole.conftest import clone_workflow

# MAXGAIN_SCALE_JOBS=10000 measures the full size.
JOBS = int(os.environ.get("MAXGAIN_SCALE_JOBS", "500"))
RATES, CAPACITIES = 10, 5
TARGET = "results/embedded/curves/capacity.csv"
# Of processor time and memory, such that 10,000 trainings keep below two minutes and 2 GiB.
SECONDS, SECONDS_A_JOB = 10, 0.011
MEBIBYTES, MEBIBYTES_A_JOB = 300, 0.17

MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, file=sys.stderr)
sys.exit(status)
"""


def test_planning_takes_little_time_and_memory(tmp_path: Path) -> None:
    folder = clone_workflow(tmp_path / "clone")
    seeds = JOBS // (RATES * CAPACITIES)
    # The base configuration itself: an overlay would add to its experiments.
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["experiments"] = {
        "capacity": {
            "dataset": "cifar10",
            "networks": ["lenet"],
            "learning_rate": 0.005,
            "rate_factors": [f"1/{number}" for number in range(1, RATES + 1)],
            "capacities": [f"1/{number}" for number in range(1, CAPACITIES + 1)],
            "seeds": list(range(seeds)),
            "epochs": 3,
        }
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    # A process of its own: a child starts with the peak memory of the process that it came from.
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, Path(sys.executable).with_name("snakemake"), "-n", TARGET],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    text = measured.stdout
    assert measured.returncode == 0, text[-3000:] + measured.stderr[-3000:]
    assert ["train", str(JOBS)] in [line.split() for line in text.splitlines()]
    seconds, mebibytes = map(float, measured.stderr.splitlines()[-1].split())
    print(f"{JOBS} trainings: {seconds:.1f} s of processor time, {mebibytes:.0f} MiB")
    assert seconds < SECONDS + JOBS * SECONDS_A_JOB
    assert mebibytes < MEBIBYTES + JOBS * MEBIBYTES_A_JOB

    outputs = planned_outputs(text)
    assert len(outputs) == 5 * JOBS + 2
    assert fullest_folder(outputs) <= max(seeds, RATES * CAPACITIES, 10)


def planned_outputs(plan: str) -> set[str]:
    """Every file that a dry run says it would write."""
    lines = [line.strip() for line in plan.splitlines()]
    lists = [line.removeprefix("output: ") for line in lines if line.startswith("output: ")]
    return {name for names in lists for name in names.split(", ")}


def fullest_folder(files: set[str]) -> int:
    """The largest number of entries, files and folders, that one folder has."""
    paths = {PurePosixPath(file) for file in files}
    entries = paths | {parent for path in paths for parent in path.parents}
    return max(Counter(entry.parent for entry in entries).values())
