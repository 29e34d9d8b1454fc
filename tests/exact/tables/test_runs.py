"""Which rows of a tidy table are a run, and what is read of them."""

import numpy as np
import pandas as pd
import pytest

from maxgain.errors import InputError
from maxgain.tables.curves import CURVE_COLUMNS, CURVE_NUMBERS, QUANTITY_COLUMNS, RESPONSE_COLUMNS
from maxgain.tables.results import read_curve_table
from maxgain.tables.runs import (
    describe_settings,
    flag_stand_ins,
    is_rate_sweep,
    match,
    read_data_label,
    read_runs,
    select_runs,
)


@pytest.fixture
def table() -> pd.DataFrame:
    """Two rates and two seeds of three epochs, in a mixed order."""
    rows = []
    for factor in (1.0, 1 / 3):
        for seed in (1, 0):
            for epoch in (3, 1, 2):
                row: dict[str, object] = dict.fromkeys(CURVE_COLUMNS, "x")
                row |= dict.fromkeys(CURVE_NUMBERS, 1.0)
                row |= {"rate_factor": factor, "learning_rate": factor, "seed": seed}
                row |= {"epoch": epoch, "gain_db": -10.0 * epoch, "stand_in": True}
                rows.append(row)
    return pd.DataFrame(rows)


def test_runs_are_read_in_order(table: pd.DataFrame) -> None:
    runs = read_runs(table)
    assert [(run.rate_factor, run.seed) for run in runs] == [
        (1 / 3, 0),
        (1 / 3, 1),
        (1.0, 0),
        (1.0, 1),
    ]
    assert runs[0]["gain_db"].tolist() == [-10.0, -20.0, -30.0]
    assert runs[0].epochs == 3
    assert set(runs[0].curves) == set(QUANTITY_COLUMNS) - set(RESPONSE_COLUMNS)


def test_optional_columns_come_along(table: pd.DataFrame) -> None:
    run = read_runs(table.assign(sensitivity_db=table["epoch"] * 2.0))[0]
    assert run["sensitivity_db"].tolist() == [2.0, 4.0, 6.0]


@pytest.mark.parametrize("written", [1 / 3, 0.333333, 0.33333333])
def test_a_third_is_a_third_however_it_is_written(table: pd.DataFrame, written: float) -> None:
    assert match(table, {"rate_factor": written}).sum() == 6
    assert match(table, {"rate_factor": 0.34}).sum() == 0
    assert match(table, {"network": "x", "rate_factor": 1}).sum() == 6
    assert [run.seed for run in select_runs(table, {"rate_factor": written})] == [0, 1]
    assert select_runs(table, {"rate_factor": 7}) == []


def test_two_runs_of_a_seed_and_gaps_are_refused(table: pd.DataFrame) -> None:
    double = pd.concat([table, table.assign(learning_rate=9.0)])
    with pytest.raises(InputError, match="several runs of one seed with rate_factor 1;"):
        select_runs(double, {"rate_factor": 1})
    with pytest.raises(InputError, match=r"has epochs \[1, 3\], must be 1, 2, 3"):
        read_runs(table.query("epoch != 2"))


def test_a_sweep_has_more_than_one_rate(table: pd.DataFrame) -> None:
    assert is_rate_sweep(table)
    assert not is_rate_sweep(table.query("rate_factor == 1"))


@pytest.mark.parametrize("values", [(True, False), ("True", "False"), ("true", "no")])
def test_stand_ins_are_read_as_text_or_truth(
    table: pd.DataFrame, values: tuple[object, object]
) -> None:
    yes, no = (table.assign(stand_in=value) for value in values)
    assert flag_stand_ins(yes).all()
    assert not flag_stand_ins(no).any()
    assert read_data_label(yes) == ("x", True)
    assert read_data_label(no) == ("x", False)


def test_settings_as_text() -> None:
    assert describe_settings({"network": "lenet", "capacity": 0.25}) == (
        "network lenet, capacity 0.25"
    )
    assert describe_settings({}) == "any setting"


def test_text_in_an_optional_column_is_refused(table: pd.DataFrame, tmp_path: object) -> None:
    path = tmp_path / "x.csv"  # type: ignore[operator]
    table.assign(sensitivity_db=np.nan).to_csv(path, index=False, na_rep="nan")
    assert read_curve_table(path)["sensitivity_db"].isna().all()
    table.assign(sensitivity_db="loud").to_csv(path, index=False)
    with pytest.raises(InputError, match=r"x\.csv: the column 'sensitivity_db' holds text"):
        read_curve_table(path)
