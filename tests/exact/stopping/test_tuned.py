"""Values of rules chosen on other data sets."""

import numpy as np
import pandas as pd
import pytest

from maxgain.stopping.elsewhere import ALL
from maxgain.stopping.registry import RULES
from maxgain.stopping.tuned import GRIDS, TUNED_COLUMNS, declared_value, tune_rules
from maxgain.tables.stopping import StudyTables
from tests.exact.stopping.study_by_hand import EPOCHS, study


def test_every_grid_is_of_one_size_and_has_the_declared_value() -> None:
    for rule, (_, grid) in GRIDS.items():
        assert len(grid) == len(set(grid)) == 5
        assert list(grid) == sorted(grid)
        assert declared_value(rule) in grid
        assert RULES.find(rule).draws == 1


def study_of_losses(levels: dict[str, float]) -> StudyTables:
    """Each data set's training loss falls tenfold an epoch and stands at its level at the best."""
    tables = study()
    best = {"mnist": 4, "cifar10": 6, "fashion-mnist": 8}
    parts = []
    for run, dataset in zip(tables.runs["run"], tables.runs["dataset"], strict=True):
        epochs = np.arange(1, EPOCHS + 1)
        loss = levels[dataset] * 10.0 ** (best[dataset] - epochs)
        parts.append(pd.DataFrame({"run": run, "epoch": epochs, "training_loss": loss}))
    return StudyTables(tables.runs, pd.concat(parts), tables.outcomes)


def test_the_value_is_the_best_of_the_other_data_sets() -> None:
    # At 0.03 two of the three stop at their best epoch, at 0.1 the third.
    table = tune_rules(study_of_losses({"mnist": 0.03, "cifar10": 0.03, "fashion-mnist": 0.3}))
    assert tuple(table) == TUNED_COLUMNS
    rows = table[table["rule"] == "training-loss-0.1"].set_index("dataset")
    assert rows["value"][["mnist", "cifar10"]].tolist() == [0.03, 0.03]
    assert rows.loc["mnist", "mean_regret"] == pytest.approx(0)
    # The level 0.3 was best for the third, the others say 0.03: one epoch later, 0.1 nats.
    assert rows.loc["fashion-mnist", "mean_regret"] == pytest.approx(0.1)
    assert rows.loc[ALL, ["cells", "failed_cells"]].tolist() == [3, 0]
    assert rows.loc[ALL, "mean_regret"] == pytest.approx(0.1 / 3)
    assert rows.loc[ALL, "declared_regret"] >= rows.loc["mnist", "mean_regret"]
    # What no run has a signal for is not tuned.
    assert "saturation-fall" not in set(table["rule"])


def test_with_one_data_set_there_is_nothing_to_tune_on() -> None:
    tables = study()
    runs = tables.runs[tables.runs["dataset"] == "mnist"]
    assert tune_rules(StudyTables(runs, tables.signals, tables.outcomes)).empty


def test_a_value_that_fails_somewhere_is_not_the_best() -> None:
    tables = study_of_losses({"mnist": 0.03, "cifar10": 0.03, "fashion-mnist": 0.3})
    # At 0.03 cifar10 stops at epoch 6, where its test loss is now not known; at 0.1 before.
    lost = tables.outcomes["run"].str.startswith("cifar10") & (tables.outcomes["epoch"] == 6)
    tables.outcomes.loc[lost, ["test_loss_a", "test_loss_b"]] = np.nan
    table = tune_rules(tables)
    rows = table[table["rule"] == "training-loss-0.1"].set_index("dataset")
    # Of mnist alone 0.03 would be the best for fashion-mnist, but it failed on cifar10.
    assert rows.loc["fashion-mnist", "value"] != 0.03
    assert rows.loc["cifar10", ["value", "cells", "failed_cells"]].tolist() == [0.03, 0, 1]
    assert rows.loc[ALL, ["cells", "failed_cells"]].tolist() == [2, 1]
