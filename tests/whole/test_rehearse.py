"""A protocol repeated with disturbed weights, as a user rehearses it."""

from pathlib import Path

import pandas as pd
import yaml

from tests.whole.conftest import run_in

OVERLAY = {
    "protocol": "tiny",
    "only": ["mnist_rates"],
    "datasets": {"mnist": {"embedded": {"training_images": 60, "validation_images": 30}}},
    "experiments": {"mnist_rates": {"rate_factors": [1], "epochs": 1, "seeds": [0]}},
    "pretrained": {"networks": []},
}


def test_a_protocol_is_repeated_and_its_verdicts_are_counted(workflow_copy: Path) -> None:
    (workflow_copy / "tiny.yaml").write_text(yaml.safe_dump(OVERLAY))
    words = ["rehearse", "--configfile", "tiny.yaml", "--cores", "2"]
    refused = run_in(workflow_copy, "maxgain", *words)
    assert refused.returncode == 2
    assert "run the protocol first" in refused.stdout
    tables = ["results/tiny/verdicts.csv", "results/tiny/curves/mnist_rates.csv"]
    made = run_in(
        workflow_copy, "snakemake", "--cores", "2", "--configfile", "tiny.yaml", "--", *tables
    )
    assert made.returncode == 0, made.stdout[-3000:]
    done = run_in(workflow_copy, "maxgain", *words)
    assert done.returncode == 0, done.stdout[-3000:]
    stability = pd.read_csv(workflow_copy / "results/tiny/stability.csv").set_index("id")
    assert stability.loc["T1", ["verdict", "stable"]].tolist() == ["reproduced", "5/5"]
    assert set(stability["stable"]) == {"5/5"}
    gains = {
        (workflow_copy / f"results/tiny-repetition-{number}/curves/mnist_rates.csv").read_text()
        for number in range(1, 6)
    }
    assert len(gains) > 1, "repetitions are disturbed in their own ways"
