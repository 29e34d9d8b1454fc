"""The stopping study from the command line, in its smallest form: one cell of two seeds."""

from pathlib import Path

import pandas as pd
import pytest

from tests.whole.conftest import run_in

TINY = """
protocol: tiny-study
only: []
gain: {impulses: 2}
stopping:
  seeds: [0, 1]
  test_images: 40
  data: {mnist: {network: lenet-mnist, learning_rate: 0.003, statistics_images: 200}}
  blocks: {a: {training_images: 60, epochs: 5, label_noise: [0.4]}}
pretrained: {networks: []}
figures: {formats: [png]}
"""


def test_the_study_is_trained_measured_and_judged(workflow_copy: Path) -> None:
    (workflow_copy / "tiny.yaml").write_text(TINY)
    words = ("snakemake", "--cores", "2", "--configfile", "tiny.yaml")
    done = run_in(workflow_copy, *words)
    assert done.returncode == 0, done.stdout[-5000:]
    results = workflow_copy / "results/tiny-study"
    regret = pd.read_csv(results / "regret.csv").set_index("rule")
    assert regret.loc["last", "cells"] == 1
    assert regret.loc["last", "epochs_used"] == 1
    # Where there is one data set, no other can say which epoch is best.
    assert regret.loc["constant", "failed"] == 1
    assert "constant_epoch" in str(regret.loc["constant", "failure"])
    page = (results / "verdict.md").read_text()
    assert "is undecided" in page
    assert "On stand-in data" in page
    assert "2 trainings in 1 cells of the 1 that are declared" in page
    cells = pd.read_csv(results / "regret_by_cell.csv").set_index("rule")
    assert cells.loc["last", "seeds"] == 2
    assert cells.loc["last", "loss_regret"] == pytest.approx(regret.loc["last", "mean_regret"])
    figures = sorted(path.name for path in (workflow_copy / "figures/tiny-study").iterdir())
    assert figures == [f"stopping-{name}.png" for name in ("examples", "ranks", "work")]
    assert not list(results.rglob("snapshots.safetensors"))
    assert (results / "provenance.json").exists()

    again = run_in(workflow_copy, *words)
    assert "Nothing to be done" in again.stdout

    rule = workflow_copy / "my_rules.py"
    rule.write_text(
        "from maxgain.stopping.stop import Stop\n\n\n"
        "def second(table):\n    return Stop(2, 2, 'two') if len(table) == 2 else None\n"
    )
    options = ("--results", str(results), "--rules", "my_rules:second")
    scored = run_in(workflow_copy, "maxgain", "stopping", *options, PYTHONPATH=str(workflow_copy))
    assert scored.returncode == 0, scored.stdout
    beside = pd.read_csv(workflow_copy / "regret.csv").set_index("rule")
    assert beside.loc["my_rules:second", "epochs_used"] == 0.4
    # The registered rules are those of the study.
    pd.testing.assert_frame_equal(beside.iloc[1:], regret.drop(columns="kind"))


SHRUNK = """
gain: {impulses: 2}
stopping:
  seeds: [0]
  test_images: 40
  data: {mnist: {statistics_images: 200}, cifar10: {statistics_images: 200}}
  blocks: {a: {training_images: 60, epochs: 5, label_noise: [0.4]}}
figures: {formats: [png]}
"""


def test_the_small_study_compares_two_data_sets(workflow_copy: Path) -> None:
    """The shipped protocol, its sets of images and lengths alone cut down."""
    (workflow_copy / "shrunk.yaml").write_text(SHRUNK)
    overlays = ("workflow/protocols/stopping-small.yaml", "shrunk.yaml")
    done = run_in(workflow_copy, "snakemake", "--cores", "2", "--configfile", *overlays)
    assert done.returncode == 0, done.stdout[-5000:]
    results = workflow_copy / "results/stopping-small"
    data = pd.read_csv(results / "data.csv")
    assert sorted(data["dataset"].str.extract("(mnist|cifar10)")[0]) == ["cifar10", "mnist"]
    assert data["stand_in"].all()
    regret = pd.read_csv(results / "regret.csv").set_index("rule")
    # Two rates of two data sets; each set tells the other which epoch is best.
    assert regret.loc[["last", "constant", "gain-diagnosis"], "cells"].tolist() == [4, 4, 4]
    assert regret.loc["constant", "failed"] == 0
    cells = pd.read_csv(results / "regret_by_cell.csv")
    assert cells.loc[cells["rule"] == "last", "loss_regret"].mean() == pytest.approx(
        regret.loc["last", "mean_regret"]
    )
    tuned, rates = (pd.read_csv(results / f"{name}.csv") for name in ("tuned", "rates"))
    assert len(tuned) > 0
    # Limits of a rival's own, those learnt on the other data set, and the best of the rates.
    assert set(rates["limits"]) == {"own", "other data sets", "other rates"}
    assert (results / "verdict.md").read_text().count("On stand-in data") == 1
