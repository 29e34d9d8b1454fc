"""Comparison of experiments with themselves, one setting taken otherwise."""

import math

import numpy as np
import pandas as pd
import pytest

from maxgain.claims.choices import compare_choices
from maxgain.claims.choices_page import render_choices
from maxgain.config.choices import Alternative
from maxgain.errors import InputError
from maxgain.tables.choices import CHOICE_COLUMNS
from maxgain.tables.results import ResultTables
from tests.exact.claims.synthetic import MAKERS


@pytest.fixture(scope="module")
def tables() -> ResultTables:
    return ResultTables({name: MAKERS[name](True) for name in ("mnist_rates", "cifar_rates")})


def alternative(
    curves: pd.DataFrame, of: str = "mnist_rates", retrained: bool = False, whole: bool = True
) -> tuple[Alternative, pd.DataFrame]:
    words = ("impulse", "impulse centred", "impulse raw")
    return Alternative("open", of, *words, retrained=retrained, whole=whole), curves


def test_a_known_shift_and_a_known_factor_are_found(tables: ResultTables) -> None:
    changed = tables.curves["mnist_rates"].copy()
    changed["gain_db"] = 4 * changed["gain_db"] + 100  # Four times the jumps: two octaves.
    (row,) = compare_choices(tables, [alternative(changed)]).to_dict("records")
    assert set(row) == set(CHOICE_COLUMNS)
    assert row["variability_change"] == pytest.approx(2)
    assert row["variability_change_low"] == pytest.approx(2)
    settled = tables.curves["mnist_rates"].query("epoch > 10").groupby(["rate_factor", "seed"])
    levels = settled["gain_db"].median().groupby("seed").mean()
    assert row["gain_change_db"] == pytest.approx((3 * levels + 100).mean())
    assert row["gain_change_db_low"] < row["gain_change_db"] < row["gain_change_db_high"]
    # Measured anew, nothing was trained: its losses are the same by construction.
    assert math.isnan(row["loss_change"])
    assert row["trainings"] == len(settled)
    assert (row["seeds"], row["stand_in"]) == (5, True)


def test_losses_are_compared_where_networks_were_trained_anew(tables: ResultTables) -> None:
    changed = tables.curves["cifar_rates"].query("rate_factor == 1 and seed < 3").copy()
    changed["validation_loss"] += 0.25
    # The data of another choice have another name, and the trainings are compared all the same.
    changed["data"], changed["dataset"] = "JPEG copies", "cifar10-jpeg75"
    made = alternative(changed, "cifar_rates", retrained=True, whole=False)
    (row,) = compare_choices(tables, [made]).to_dict("records")
    assert row["loss_change"] == pytest.approx(0.25)
    assert (row["gain_change_db"], row["variability_change"]) == (0, 0)
    assert (row["trainings"], row["seeds"], row["claims"]) == (3, 3, 0)
    assert row["data"] == "JPEG copies"


def test_claims_that_come_out_otherwise_are_named(tables: ResultTables) -> None:
    changed = tables.curves["mnist_rates"].copy()
    fast = changed["rate_factor"] > 1
    steady = -25 + 0.1 * np.sin(changed["epoch"])  # Raised rates jump no more.
    changed["gain_db"] = changed["gain_db"].where(~fast, steady)
    (row,) = compare_choices(tables, [alternative(changed)]).to_dict("records")
    assert "M3: seen > not seen" in row["other_verdicts"]
    assert "M1" not in row["other_verdicts"]
    # M2 and M6 are about losses alone, C1-C5 about the other data set, D1-D5 about both.
    assert row["claims"] == 4
    both = [alternative(tables.curves[name], name) for name in tables.curves]
    assert compare_choices(tables, both)["claims"].tolist() == [4 + 5 + 5] * 2
    assert compare_choices(tables, both)["other_verdicts"].tolist() == ["", ""]


def test_a_training_without_counterpart_is_refused(tables: ResultTables) -> None:
    for query in ("seed == 0", "epoch < 20"):
        short = ResultTables({"mnist_rates": tables.curves["mnist_rates"].query(query)})
        with pytest.raises(InputError, match="open of mnist_rates has a training with factor"):
            compare_choices(short, [alternative(tables.curves["mnist_rates"])])


def test_diverged_trainings_have_no_change(tables: ResultTables) -> None:
    changed = tables.curves["mnist_rates"].copy()
    changed[["gain_db", "validation_loss"]] = math.nan
    (row,) = compare_choices(tables, [alternative(changed, retrained=True)]).to_dict("records")
    assert math.isnan(row["gain_change_db"])
    assert math.isnan(row["loss_change_low"])


def test_what_was_not_run_is_left_out(tables: ResultTables) -> None:
    empty = tables.curves["mnist_rates"].iloc[:0]
    found = compare_choices(tables, [alternative(empty), alternative(empty, "capacity")])
    assert found.empty
    assert tuple(found.columns) == CHOICE_COLUMNS


def test_the_page_shows_every_row(tables: ResultTables) -> None:
    rows = [alternative(tables.curves[name], name) for name in tables.curves]
    page = render_choices(compare_choices(tables, rows), "Choices, protocol test")
    assert page.startswith("# Choices, protocol test\n")
    assert page.count("| impulse raw in place of impulse centred |") == 2
    assert "| mnist_rates (stand-in) |" in page
    assert "none (14) |" in page
    assert len({line.count("|") for line in page.splitlines() if line.startswith("|")}) == 1
