"""What the first epochs tell of a learning rate, on made-up trainings."""

import functools
import itertools
import math

import numpy as np
import pandas as pd
import pytest

from maxgain.stopping import rates
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
        table["sensitivity_mean_db"] = random.normal(size=4)
        table["training_loss"] = [1.0, 0.6, 0.5, 0.4] if factor < 10 else [3.0, 4.0, 5.0, math.nan]
        table["range_test_valley_ratio"] = [factor, math.nan, math.nan, math.nan]
        table["overshoot_cosine"] = [math.nan, 0.1, 0.1, 0.1]
        signals.append(table)
        row = dict.fromkeys(OUTCOME_COLUMNS[2:], loss)
        outcomes.append(pd.DataFrame({"run": run, "epoch": epochs} | row))
    return StudyTables(pd.DataFrame(runs), pd.concat(signals), pd.concat(outcomes))


@functools.cache
def judged() -> pd.DataFrame:
    return judge_rates(study())


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends of intervals are not looked at closely."""
    monkeypatch.setattr(rates, "DRAWS", 50)


def test_a_rate_is_wrong_where_its_best_loss_is_far_above_the_best_rates() -> None:
    answers = true_answers(study())
    assert len(answers) == 45
    for run, answer in answers.items():
        factor = float(str(run).split("/")[1][1:])
        nearest = min(TRUTH, key=lambda known: abs(known - factor))
        assert answer == TRUTH[nearest], run


def test_limits_of_their_own_and_learnt_ones() -> None:
    table = judged()
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
    # Of the ratios 0.1, 1/3, 1, 3 and 10 the ones a step from 1 are not beyond it.
    valley = lines.loc[("range test, valley", "own")]
    assert valley["balanced_accuracy"] == pytest.approx((1 + 1 + 0.5) / 3)
    noise = lines.loc[("gain, slope", "other data sets")]
    assert noise["balanced_accuracy"] < 0.6
    assert noise["low"] <= noise["balanced_accuracy"] <= noise["high"]
    assert "hypergradient" not in set(table["rival"])


def test_with_one_data_set_nothing_is_learnt() -> None:
    table = judge_rates(study(("mnist",)))
    assert set(table["limits"]) == {"own", "other rates"}
    assert table["low"].isna().all()


def test_one_rate_alone_is_beside_no_other() -> None:
    tables = study()
    runs = tables.runs[tables.runs["rate_factor"] == 1]
    table = judge_rates(StudyTables(runs, tables.signals, tables.outcomes))
    assert table.empty
    assert tuple(table) == RATE_COLUMNS


def test_costs_are_of_the_epochs_that_a_rival_reads() -> None:
    lines = judged().set_index(["rival", "limits"])["cost"]
    # Runs of 100 images, three impulses and the centred one: in passes of one image.
    by_hand = {
        "range test, valley": 100 * 100,
        # What the training has by the way: its loss, and its steps.
        "training loss": 0,
        "training speed": 0,
        "loss level and fall": 0,
        "first loss": 0,
        "last epoch's fall": 0,
        "fall still to come": 0,
        "update ratio": 0,
        "overshoot": 2 * 100,
        # At two epochs a gradient and ten products of the Hessian.
        "sharpness": 2 * (1 + 2 * 10) * 100,
        "gain, slope": 2 * 1,
        "gain, jump": 3 * 1,
        "sensitivity, level": 1 + 3,
        "sensitivity, slope": 2 * (1 + 3),
    }
    assert set(lines.index.get_level_values("rival")) == {"always fine", *by_hand}
    for (rival, limits), cost in lines.items():
        assert cost == pytest.approx(by_hand.get(rival, 0)), (rival, limits)


def test_losses_of_the_study_read_high_where_the_first_is_at_chance() -> None:
    lines = judged().set_index(["rival", "limits"])
    # A first loss of 3 is above chance: the diverged rate is told, the low and the high one not.
    assert lines.loc[("first loss", "own"), "balanced_accuracy"] == pytest.approx((1 + 0.5) / 3)
    # A fifth of the fall is still to come: fine; the diverged rate has not fallen, and reads low.
    assert lines.loc[("fall still to come", "own"), "balanced_accuracy"] == pytest.approx(1 / 3)
    # Both together: what is high by its level is not low by its fall.
    both = lines.loc[("loss level and fall", "own"), "balanced_accuracy"]
    assert both == pytest.approx((1 + 0.5) / 3)


def compared(sums: dict[float, float]) -> list[str]:
    """What comparing says of a cell's rates, by the sum of the losses of each."""
    runs = pd.DataFrame({"rate_factor": list(sums), "seed": 0, "dataset": "mnist"})
    runs = runs.assign(network="lenet", training_images=100, noise_rate=0.0)
    return rates._beside_the_winner(np.array(list(sums.values())), runs).tolist()


def test_the_rate_of_the_lowest_sum_wins_its_cell() -> None:
    assert compared({3.0: 2.5, 1 / 3: 3.0, 1.0: 2.0}) == ["high", "low", "fine"]
    assert compared({0.1: 1.0, 1.0: 2.0, 10.0: math.nan}) == ["fine", "high", "high"]
    # Of equal ones the smaller rate wins; what has no sum is high, wherever it lies.
    assert compared({1.0: 2.0, 0.1: 2.0, 0.01: math.inf}) == ["high", "fine", "high"]
    assert compared({1.0: math.nan, 0.1: math.nan}) == ["high", "high"]


def test_training_speed_is_read_by_comparing_the_rates_of_a_seed() -> None:
    tables = study()
    # The sum of the losses is least at x1 for seed 0 and at x3 for the others.
    base = {0.1: 1.2, 1 / 3: 1.1, 1.0: 1.0, 3.0: 0.9, 10.0: math.nan}
    at = {f"x{factor:g}": loss for factor, loss in base.items()}
    loss = tables.signals["run"].map(lambda run: at[str(run).split("/")[1]])
    first = tables.signals["run"].str.endswith("x3/seed0")
    signals = tables.signals.assign(training_loss=loss.where(~first, 1.05))
    table = judge_rates(StudyTables(tables.runs, signals, tables.outcomes))
    lines = table.set_index(["rival", "limits"])["balanced_accuracy"]
    # Low: all of x1/10. Fine: a third of x1, none of x1/3. High: all of x10, a third of x3.
    assert lines["training speed", "other rates"] == pytest.approx((1 + 1 / 6 + 2 / 3) / 3)
    assert set(table["rival"][table["limits"] == "other rates"]) == {"training speed"}
