"""What rivals of the learning rate say of made-up signals of three epochs."""

import math

import numpy as np
import pandas as pd
import pytest

from maxgain.quantities.costs import COLUMN_COSTS
from maxgain.statistics.variability import variability
from maxgain.stopping import rates
from maxgain.stopping.rivals import RIVALS, STEP, Rival


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_a_rivals_number_depends_on_so_many_epochs(rival: Rival) -> None:
    values = np.array([1.9, 1.2, 0.8])
    if rival.name == "overshoot":  # Without a step before it the first epoch has none.
        values[0] = math.nan
    if rival.name.startswith("range test"):
        values[1:] = math.nan

    def numbers(values: np.ndarray) -> list[float]:
        return [clause.number(pd.DataFrame({rival.column: values})) for clause in rival.clauses]

    read = [
        numbers(values + 0.05 * (np.arange(3) == epoch)) != pytest.approx(numbers(values))
        for epoch in range(3)
        if np.isfinite(values[epoch])
    ]
    assert sum(read) == rival.epochs


def named(name: str) -> Rival:
    return next(rival for rival in RIVALS if rival.name == name)


def numbers(name: str, *losses: list[float]) -> list[float]:
    (clause,) = named(name).clauses
    return [clause.number(pd.DataFrame({"training_loss": loss})) for loss in losses]


def said(name: str, *curves: list[float]) -> list[str]:
    """What a rival says by its own limits of made-up signals of three epochs."""
    rival = named(name)
    tables = [pd.DataFrame({rival.column: curve}) for curve in curves]
    found = [[clause.number(table) for clause in rival.clauses] for table in tables]
    return rates._answers(np.array(found), rival.clauses).tolist()


def test_training_speed_is_the_sum_of_the_losses() -> None:
    found = numbers("training speed", [2.0, 1.0, 0.5], [2.0, math.nan, 0.5])
    assert found == pytest.approx([3.5, math.nan], nan_ok=True)


def test_a_rate_is_low_where_more_than_a_quarter_of_the_fall_is_still_to_come() -> None:
    curves = [2.0, 1.5, 1.0], [2.0, 1.2, 1.0], [2.0, 2.0, 2.1], [2.0, 1.0, 1.1], [2.0, math.nan, 1]
    found = numbers("fall still to come", *curves)
    assert found == pytest.approx([-0.5, -0.2, -math.inf, 1 / 9, math.nan], nan_ok=True)
    answers = said("fall still to come", *curves, [2.0, 1.25, 1.0])
    assert answers == ["low", "fine", "low", "fine", "high", "fine"]


@pytest.mark.parametrize("name", ["first loss", "loss level and fall"])
def test_a_first_loss_at_chance_is_high_and_not_only_above(name: str) -> None:
    falls = [1.0, 0.9]
    chance = math.log(10)
    # The study's tables have seven digits, and ln 10 with seven digits lies below ln 10.
    stored = float(f"{chance:.7g}")
    assert stored < chance
    firsts = [chance, stored, math.nextafter(chance, 3), math.nextafter(stored, 0), 2.3]
    answers = said(name, *([first, *falls] for first in firsts))
    assert answers == ["high", "high", "high", "fine", "fine"]


def test_loss_level_and_fall_is_one_rival_with_its_clauses() -> None:
    curves = {
        "fine": [2.0, 1.2, 1.0],
        "low": [2.0, 1.5, 1.0],
        # At chance, and more than a quarter of the fall still to come: the level comes first.
        "high": [2.31, 2.2, 1.0],
    }
    assert said("loss level and fall", *curves.values()) == list(curves)
    assert said("loss level and fall", [2.0, math.nan, 1.0], [math.nan] * 3) == ["high"] * 2


def test_sharpness_is_high_at_the_start_and_low_at_the_end() -> None:
    curves = [
        ([1.01, 0.5, 0.5], "high"),
        ([0.5, 2.0, 2.0], "fine"),  # Above later on is no longer the start.
        ([1.0, 0.5, 0.1], "fine"),
        ([0.05, 0.05, 0.2], "fine"),  # Below at the start is not yet the end.
        ([0.5, 0.5, 0.09], "low"),
        ([1.01, 0.5, 0.05], "high"),  # A catapult: it was too sharp, and is flat afterwards.
        ([0.5, math.nan, math.nan], "high"),
    ]
    assert said("sharpness", *(curve for curve, _ in curves)) == [answer for _, answer in curves]


def test_a_negative_eigenvalue_is_low_only_where_no_other_can_be_larger() -> None:
    """Power iteration finds the one of the largest size: the others lie between its two signs."""
    curves = [
        ([0.5, 0.5, -0.7], "fine"),  # The largest one may be anything up to 0.7.
        ([-5.0, 0.5, 0.5], "fine"),  # Whether one is above 1 is not known.
        ([0.5, 0.5, -0.05], "low"),  # None is above 0.05.
    ]
    assert said("sharpness", *(curve for curve, _ in curves)) == [answer for _, answer in curves]


def test_batch_sharpness_is_high_above_the_edge_and_never_low() -> None:
    answers = said("batch sharpness", [0, 0, 1.01], [2, 2, 1.0], [2, 2, 1e-9], [0, 0, -3.0])
    assert answers == ["high", "fine", "fine", "fine"]


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("range test, steepest", 1.0),
        ("range test, valley", 1.0),
        ("gradient noise", 1.0),
        ("update ratio", 1e-3),
    ],
)
def test_ratios_are_wrong_beyond_a_step_of_the_grid(name: str, best: float) -> None:
    assert STEP == 3
    values = [0.33 * best, best / 3, best, 3 * best, 3.01 * best, math.nan]
    answers = said(name, *([value] * 3 for value in values))
    assert answers == ["low", "fine", "fine", "fine", "high", "high"]


def test_jumps_of_three_epochs_have_no_scale() -> None:
    """Why "variability over range" is no rival: the page says so."""
    assert math.isnan(variability(np.array([2.0, 1.0, 1.5])))


@pytest.mark.filterwarnings("error")
def test_a_dead_networks_gain_has_no_slope_and_no_jump() -> None:
    dead = pd.DataFrame({"gain_db": [-30.0, -math.inf, -math.inf]})
    for name in ("gain, slope", "gain, jump"):
        (clause,) = named(name).clauses
        assert math.isnan(clause.number(dead)), name


def test_a_rival_is_charged_what_it_needs_alone() -> None:
    run = {"training_images": 8000, "impulses": 16, "classes": 10}
    by_hand = {
        "sharpness": 2 * (500 + 10 * 2 * 500),
        "batch sharpness": 10 * 3 * 100,
        "gradient noise": 5000 + 3 * 500,
        # The mean of five cosines, each of two batches.
        "hypergradient": 3 * 5 * 2 * 100,
        "update ratio": 0,
        "training speed": 0,
        "overshoot": 2 * 5000,
    }
    for name, cost in by_hand.items():
        assert rates._cost(named(name), run) == cost, name
    assert set(COLUMN_COSTS) <= {rival.column for rival in RIVALS}
