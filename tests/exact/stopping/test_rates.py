"""What the first epochs tell of a learning rate, on made-up trainings."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from maxgain.stopping.rates import RATE_COLUMNS, judge_rates, true_answers
from maxgain.tables.stopping import OUTCOME_COLUMNS, StudyTables

FACTORS = {0.1: 1.2, 1 / 3: 1.04, 1.0: 1.0, 3.0: 1.3, 10.0: math.nan}
TRUTH = {0.1: "low", 1 / 3: "fine", 1.0: "fine", 3.0: "high", 10.0: "high"}


def study(datasets: tuple[str, ...] = ("mnist", "cifar10", "fashion-mnist")) -> StudyTables:
    """Rates whose best test loss is known; sharpness and update ratio grow with the rate."""
    runs, signals, outcomes = [], [], []
    random = np.random.default_rng(0)
    for dataset, (factor, loss), seed in itertools.product(datasets, FACTORS.items(), range(3)):
        run = f"{dataset}/x{factor:g}/seed{seed}"
        cell = {"dataset": dataset, "network": "lenet", "training_images": 100, "noise_rate": 0.0}
        told = {"seed": seed, "epochs": 4, "impulses": 3, "classes": 10, "ranked": 1}
        runs.append({"run": run, **cell, "rate_factor": factor, **told})
        epochs = np.arange(1, 5)
        table = pd.DataFrame({"run": run, "epoch": epochs, "edge_ratio": 0.32 * factor})
        table["update_ratio"] = 1e-3 * factor * random.uniform(0.9, 1.1, 4)
        table["gain_db"] = random.normal(size=4)
        signals.append(table)
        row = dict.fromkeys(OUTCOME_COLUMNS[2:], loss)
        outcomes.append(pd.DataFrame({"run": run, "epoch": epochs} | row))
    return StudyTables(pd.DataFrame(runs), pd.concat(signals), pd.concat(outcomes))


def test_a_rate_is_wrong_where_its_best_loss_is_far_above_the_best_rates() -> None:
    answers = true_answers(study())
    assert len(answers) == 45
    for run, answer in answers.items():
        factor = float(str(run).split("/")[1][1:])
        nearest = min(TRUTH, key=lambda known: abs(known - factor))
        assert answer == TRUTH[nearest], run


def test_limits_of_their_own_and_learnt_ones() -> None:
    table = judge_rates(study())
    assert tuple(table) == RATE_COLUMNS
    lines = table.set_index(["rival", "limits"])
    always = lines.loc[("always fine", "own")]
    assert always["balanced_accuracy"] == pytest.approx(1 / 3)
    assert always["kappa"] == pytest.approx(0)
    # 0.03 is below the limit of 0.1, 0.11 and 0.32 are between, 0.96 is below the edge, 3.2 above.
    own = lines.loc[("sharpness", "own")]
    assert own["balanced_accuracy"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert lines.loc[("sharpness", "other data sets"), "balanced_accuracy"] == 1
    assert lines.loc[("update ratio", "other data sets"), "kappa"] == 1
    noise = lines.loc[("gain, slope", "other data sets")]
    assert noise["balanced_accuracy"] < 0.6
    assert noise["low"] <= noise["balanced_accuracy"] <= noise["high"]
    assert "hypergradient" not in set(table["rival"])


def test_with_one_data_set_nothing_is_learnt() -> None:
    table = judge_rates(study(("mnist",)))
    assert set(table["limits"]) == {"own"}
    assert table["low"].isna().all()


def test_one_rate_alone_is_beside_no_other() -> None:
    tables = study()
    runs = tables.runs[tables.runs["rate_factor"] == 1]
    table = judge_rates(StudyTables(runs, tables.signals, tables.outcomes))
    assert table.empty
    assert tuple(table) == RATE_COLUMNS
