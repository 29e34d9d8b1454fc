"""What the first epochs tell of a learning rate, on made-up trainings."""

import functools
import itertools
import math

import numpy as np
import pandas as pd
import pytest

from maxgain.statistics.variability import variability
from maxgain.stopping import rates
from maxgain.stopping.rates import RATE_COLUMNS, judge_rates, true_answers
from maxgain.stopping.rivals import RIVALS, Rival
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


def test_costs_are_of_the_epochs_that_a_rival_reads() -> None:
    lines = judged().set_index(["rival", "limits"])["cost"]
    # Runs of 100 images, three impulses and the centred one: in passes of one image.
    by_hand = {
        "range test, valley": 100 * 100,
        "training loss": 100 / 3,
        "training speed": 3 * 100 / 3,
        "first loss": 100 / 3,
        "last epoch's fall": 2 * 100 / 3,
        "fall still to come": 3 * 100 / 3,
        "overshoot": 2 * 100,
        # A gradient, eleven products of the Hessian, ten batches', and the mean gradient's pass.
        "sharpness": (1 + 2 * 11 + 3 + 1) * 100,
        "update ratio": 2 * 100,
        "gain, slope": 2 * 1,
        "gain, jump": 3 * 1,
        "sensitivity, level": 1 + 3,
        "sensitivity, slope": 2 * (1 + 3),
    }
    assert set(lines.index.get_level_values("rival")) == {"always fine", *by_hand}
    for (rival, limits), cost in lines.items():
        assert cost == pytest.approx(by_hand.get(rival, 0)), (rival, limits)


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_a_rivals_number_depends_on_so_many_epochs(rival: Rival) -> None:
    values = np.array([1.9, 1.2, 0.8])
    if rival.name == "overshoot":  # Without a step before it the first epoch has none.
        values[0] = math.nan
    if rival.name.startswith("range test"):
        values[1:] = math.nan

    def number(values: np.ndarray) -> float:
        return rival.number(pd.DataFrame(dict.fromkeys(rival.columns, values)))

    read = [
        number(values + 0.05 * (np.arange(3) == epoch)) != pytest.approx(number(values))
        for epoch in range(3)
        if np.isfinite(values[epoch])
    ]
    assert sum(read) == rival.epochs


def numbers(name: str, *losses: list[float]) -> list[float]:
    rival = next(rival for rival in RIVALS if rival.name == name)
    return [rival.number(pd.DataFrame({"training_loss": loss})) for loss in losses]


def test_training_speed_is_the_sum_of_the_losses() -> None:
    found = numbers("training speed", [2.0, 1.0, 0.5], [2.0, math.nan, 0.5])
    assert found == pytest.approx([3.5, math.nan], nan_ok=True)


def test_a_rate_is_low_where_more_than_a_quarter_of_the_fall_is_still_to_come() -> None:
    curves = [2.0, 1.5, 1.0], [2.0, 1.2, 1.0], [2.0, 2.0, 2.1], [2.0, 1.0, 1.1], [2.0, math.nan, 1]
    found = numbers("fall still to come", *curves)
    assert found == pytest.approx([-0.5, -0.2, -math.inf, 1 / 9, math.nan], nan_ok=True)
    rival = next(rival for rival in RIVALS if rival.name == "fall still to come")
    assert rival.limits == (-0.25, math.inf)


def test_all_losses_of_the_study_read_high_where_they_grow() -> None:
    lines = judged().set_index(["rival", "limits"])
    # A first loss of 3 is above chance: the diverged rate is told, the low and the high one not.
    assert lines.loc[("first loss", "own"), "balanced_accuracy"] == pytest.approx((1 + 0.5) / 3)
    # A fifth of the fall is still to come: fine; the diverged rate has not fallen, and reads low.
    assert lines.loc[("fall still to come", "own"), "balanced_accuracy"] == pytest.approx(1 / 3)


def test_jumps_of_three_epochs_have_no_scale() -> None:
    """Why "variability over range" is no rival: the page says so."""
    assert math.isnan(variability(np.array([2.0, 1.0, 1.5])))
