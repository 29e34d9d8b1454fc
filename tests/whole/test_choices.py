"""Choices that the paper leaves open, compared from the command line."""

from pathlib import Path

import pandas as pd
import pytest

from tests.whole.conftest import SMOKE, run_in

OVERLAY = """
only: [mnist_rates]
experiments: {mnist_rates: {rate_factors: [1], epochs: 8, seeds: [0, 1]}}
choices:
  impulse: {of: [mnist_rates], impulse: raw}
  projection: {of: [mnist_rates], projection: log-odds}
  places: {of: [mnist_rates], averaged: true}
  pixels: {of: [mnist_rates], jpeg_quality: 30, seeds: [1]}
pretrained: {networks: []}
figures: {formats: [png]}
"""


def test_choices_are_trained_measured_and_compared(workflow_copy: Path) -> None:
    (workflow_copy / "choices.yaml").write_text(OVERLAY)
    words = ("snakemake", "--cores", "2", *SMOKE, "choices.yaml")
    done = run_in(workflow_copy, *words)
    assert done.returncode == 0, done.stdout[-5000:]
    results = workflow_copy / "results/smoke"
    table = pd.read_csv(results / "choices.csv").set_index("choice")
    assert list(table.index) == ["impulse", "projection", "places", "pixels"]
    assert table["trainings"].tolist() == [2, 2, 2, 1]
    assert table["loss_change"].notna().tolist() == [False, False, False, True]
    assert (table["gain_change_db"].abs() > 0).all()
    own = pd.read_csv(results / "curves/mnist_rates.csv")
    for name, column in (("projection", "sensitivity_db"), ("places", "gain_mean_db")):
        otherwise = pd.read_csv(results / f"choices/{name}/mnist_rates.csv")
        # Both are there in the experiment's own table, under other names.
        assert otherwise["gain_db"].to_numpy() == pytest.approx(own[column].to_numpy(), abs=1e-3)
        assert (otherwise["validation_loss"] == own["validation_loss"]).all()
    pixels = pd.read_csv(results / "choices/pixels/mnist_rates.csv")
    assert pixels["data"].str.contains("JPEG").all()
    assert "mean over impulses at random places" in (results / "choices.md").read_text()
    # The copies' trainings stand beside the protocol's, and no claim is judged by them.
    assert set(own["dataset"]) == {"mnist"}
    assert len(list((results / "runs").rglob("history.csv"))) == 3
    assert "Nothing to be done" in run_in(workflow_copy, *words).stdout
