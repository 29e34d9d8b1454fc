"""Networks trained as public examples say, from the command line."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.whole.conftest import SMOKE, run_in

OVERLAY = """
only: [example, left_out]
accuracy:
  example: {dataset: mnist, network: lenet-mnist, learning_rate: 0.001, epochs: 3, seeds: [0, 1],
            schedule: [[2, 1], [1, 1/10]], source: an example, published_error: 5}
  left_out: {dataset: mnist, network: lenet-mnist, learning_rate: 0.001, epochs: 3, seeds: [],
             source: another}
pretrained: {networks: []}
figures: {formats: [png]}
"""


def test_checks_are_trained_and_stand_beside_the_published_errors(workflow_copy: Path) -> None:
    (workflow_copy / "accuracy.yaml").write_text(OVERLAY)
    words = ("snakemake", "--cores", "2", *SMOKE, "accuracy.yaml")
    done = run_in(workflow_copy, *words)
    assert done.returncode == 0, done.stdout[-5000:]
    results = workflow_copy / "results/smoke"
    table = pd.read_csv(results / "accuracy.csv").set_index("check")
    assert table["seeds"].to_dict() == {"example": 2, "left_out": 0}
    curves = pd.read_csv(results / "accuracy/example.csv")
    last = curves.query("epoch == 3")["validation_error"]
    assert table.loc["example", "validation_error"] == pytest.approx(100 * last.mean())
    assert curves["epoch_learning_rate"].tolist() == pytest.approx(2 * [0.001, 0.001, 0.0001])
    assert table["published_error"].iloc[0] == 5
    assert table["stand_in"].tolist() == [True, False]
    # No claim and no diagnosis is of them.
    assert not (results / "curves").exists()
    assert pd.read_csv(results / "diagnoses.csv").empty
    provenance = json.loads((results / "provenance.json").read_text())
    assert provenance["settings"]["runs"] == 2
    assert "Accuracy checks" in (results / "report.html").read_text()
    assert "Nothing to be done" in run_in(workflow_copy, *words).stdout
