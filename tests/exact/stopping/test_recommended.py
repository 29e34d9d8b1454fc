"""The rule that a monitor is to ask by default."""

import numpy as np
import pytest
from torch import nn

from maxgain.monitor.monitor import GainMonitor
from maxgain.stopping.elsewhere import ALL, best_column, best_elsewhere
from maxgain.stopping.recommended import MONITORED, OTHERS, RECOMMENDED_COLUMNS, recommend
from maxgain.stopping.registry import RULES, rules_on
from tests.exact.stopping.study_by_hand import fail, scores_of

CELLS = 12
RISING, FALLING = "gain-db-maximum", "saturation-db-plateau-falling"


def by_dataset(mnist: float, cifar10: float) -> np.ndarray:
    """Regrets of the cells of `scores_of`, which are of both data sets in turn."""
    return np.resize([mnist, cifar10], CELLS)


def test_each_data_set_is_judged_by_what_is_best_on_the_other() -> None:
    scores = scores_of(
        {
            RISING: by_dataset(0.1, 0.6),
            FALLING: by_dataset(0.3, 0.2),
            # Sees what no monitor of the gain records.
            "local-dimension": by_dataset(0.0, 0.0),
        }
    )
    table = recommend(scores)
    assert tuple(table) == RECOMMENDED_COLUMNS
    found = table.set_index(["judged_on", "chosen_on"])
    assert found.loc[("mnist", OTHERS), "rule"] == FALLING
    assert found.loc[("mnist", OTHERS), "mean_regret"] == pytest.approx(0.3)
    assert found.loc[("cifar10", OTHERS), "rule"] == RISING
    assert found.loc[("cifar10", OTHERS), "mean_regret"] == pytest.approx(0.6)
    assert found.loc[(ALL, OTHERS), "mean_regret"] == pytest.approx(0.45)
    assert found.loc[(ALL, OTHERS), "cells"] == CELLS
    # On all data it is one rule, and its regret there is less than what choosing so costs.
    assert found.loc[(ALL, ALL), "rule"] == FALLING
    assert found.loc[(ALL, ALL), "mean_regret"] == pytest.approx(0.25)


def test_a_rule_that_fails_somewhere_is_not_recommended() -> None:
    scores = scores_of({RISING: by_dataset(0.1, 0.1), FALLING: by_dataset(0.5, 0.5)})
    fail(scores, RISING, [3])
    assert recommend(scores)["rule"].tolist()[-1] == FALLING


def test_one_data_set_has_no_other_to_choose_on() -> None:
    scores = scores_of({RISING: by_dataset(0.1, 0.6), FALLING: by_dataset(0.3, 0.2)})
    table = recommend(scores[scores["dataset"] == "mnist"])
    assert table[["judged_on", "chosen_on", "rule"]].to_numpy().tolist() == [[ALL, ALL, RISING]]


def test_without_a_rule_of_the_monitor_nothing_is_recommended() -> None:
    table = recommend(scores_of({"local-dimension": by_dataset(0, 0)}))
    assert tuple(table) == RECOMMENDED_COLUMNS
    assert table.empty


def test_of_several_best_the_first_is_taken() -> None:
    regrets = scores_of({RISING: [0.2, 0.2], FALLING: [0.2, 0.2]}).pivot(
        index="dataset", columns="rule", values="loss_regret"
    )
    assert best_column(regrets[[FALLING, RISING]]) == FALLING
    assert best_elsewhere(regrets[[RISING, FALLING]]) == {"cifar10": RISING, "mnist": RISING}


def test_the_columns_are_those_that_a_monitor_records() -> None:
    monitor = GainMonitor(nn.Sequential(nn.Flatten(), nn.Linear(9, 2)), (1, 3, 3), impulses=1)
    assert {"epoch", *MONITORED} == set(monitor.to_frame())
    assert all(
        set(RULES.find(rule).columns or ()) <= set(MONITORED) for rule in rules_on(MONITORED)
    )
    assert "local-dimension" not in rules_on(MONITORED)
    assert "gain-diagnosis" in rules_on(MONITORED)
