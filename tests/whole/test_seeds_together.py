"""Seeds that one job trains in turn, from the command line."""

import re
from pathlib import Path

import pandas as pd
import yaml

from tests.whole.conftest import clone_workflow, run_in

RUNS = "results/together/runs/mnist/lenet-x1-fp32/lr0.001-batch100-momentum0.9"
TABLE = "results/together/curves/mnist_rates.csv"


def test_runs_of_one_job_have_all_that_others_have(tmp_path: Path) -> None:
    folder = clone_workflow(tmp_path / "clone")
    overlay = yaml.safe_load((folder / "workflow/protocols/smoke.yaml").read_text())
    overlay["protocol"] = "together"
    rates = {"rate_factors": [1], "epochs": 2, "seeds": [0, 1, 2], "batch_size": 100}
    overlay["experiments"] = {
        "mnist_rates": {**rates, "embedded": {"seeds_together": 2, "batch_size": 100}}
    }
    (folder / "together.yaml").write_text(yaml.safe_dump(overlay))
    words = ("snakemake", "--cores", "2", TABLE, "--configfile", "together.yaml")
    done = run_in(folder, *words)
    assert done.returncode == 0, done.stdout
    counts = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", done.stdout, re.M)}
    assert (counts["train"], counts["train_0"]) == (1, 1)
    assert "(Rule: train" not in done.stdout
    table = pd.read_csv(folder / TABLE)
    assert set(table["seed"]) == {0, 1, 2}
    assert table.groupby("seed")["training_loss"].first().nunique() == 3
    results = folder / "results/together"
    for kind, suffix in (("logs", "log"), ("benchmarks", "tsv")):
        found = sorted(path.stem for path in (results / kind / "train").rglob(f"*.{suffix}"))
        assert found == ["seed0", "seed2"]
    # Of a run that is gone, its job's others are trained anew; another job's are not.
    (folder / RUNS / "seed1" / "snapshots.safetensors").unlink()
    (folder / RUNS / "seed1" / "gains.csv").unlink()
    (folder / TABLE).unlink()
    plan = run_in(folder, *words, "-n")
    assert "train_0 " in plan.stdout
    assert not re.search(r"^train +\d", plan.stdout, re.M)
