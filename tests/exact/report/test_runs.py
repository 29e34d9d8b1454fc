"""The explorer's data: every value as it was, or a reduction that says so."""

import numpy as np
import pandas as pd
import pytest

from maxgain.report import runs
from maxgain.report.runs import gather_runs, quantity_title
from tests.report_folders import curve_rows


def _frame(*parts: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame([row for part in parts for row in part])


def _values(content: dict[str, object], run: int, name: str) -> list[list[float | None]]:
    keys = [quantity["key"] for quantity in content["quantities"]]  # type: ignore[attr-defined]
    values: list[list[float | None]] = content["runs"][run]["values"][keys.index(name)]  # type: ignore[index]
    return values


def test_nothing_to_draw_is_none() -> None:
    assert gather_runs({}) is None
    assert gather_runs({"rates": _frame(curve_rows()).iloc[:0]}) is None


def test_every_run_and_value_is_there() -> None:
    found = gather_runs({"rates": _frame(curve_rows(seed=0), curve_rows(seed=1, rate=1 / 3))})
    assert found is not None
    assert found.notes == []
    first, second = found.content["runs"]  # type: ignore[misc]
    assert first["key"] == ["mnist", "MNIST", "lenet", "0.1"]
    assert second["key"][3] == "0.3333"
    assert (first["seed"], second["seed"]) == ("0", "1")
    assert first["epochs"] == [1, 2, 3, 4, 5]
    assert _values(found.content, 1, "gain_db") == [[-38.0, -37.0, -36.0, -35.0, -34.0]]


def test_rows_out_of_order_and_listed_twice_are_one_run() -> None:
    rows = curve_rows(epochs=4)
    shorter = [row | {"experiment": "other"} for row in rows[:2]]
    found = gather_runs({"other": _frame(shorter), "rates": _frame(rows[::-1])})
    assert found is not None
    assert [run["epochs"] for run in found.content["runs"]] == [[1, 2, 3, 4]]  # type: ignore[attr-defined]
    assert found.content["settings"][0]["experiments"] == ["other", "rates"]  # type: ignore[index]


def test_any_column_of_numbers_is_offered() -> None:
    table = _frame(curve_rows()).assign(
        saturation_db=-1.0, words="text", flag=True, empty=np.nan, rank=3
    )
    found = gather_runs({"rates": table})
    assert found is not None
    keys = [quantity["key"] for quantity in found.content["quantities"]]  # type: ignore[attr-defined]
    assert {"gain_db", "saturation_db", "rank", "epoch_learning_rate"} <= set(keys)
    assert not {"words", "flag", "empty", "seed", "epoch", "capacity"} & set(keys)


def test_values_that_are_not_finite_are_gaps() -> None:
    table = _frame(curve_rows(epochs=3))
    table["gain_db"] = [1.23456789, -np.inf, np.nan]
    found = gather_runs({"rates": table})
    assert found is not None
    assert _values(found.content, 0, "gain_db") == [[1.2346, None, None]]


def test_capacity_and_precision_tell_networks_apart() -> None:
    wide = [row | {"capacity": 4.0} for row in curve_rows()]
    half = [row | {"precision": "bf16"} for row in curve_rows()]
    found = gather_runs({"rates": _frame(curve_rows(), wide, half)})
    assert found is not None
    names = {run["key"][2] for run in found.content["runs"]}  # type: ignore[attr-defined]
    assert names == {"lenet, fp32", "lenet, bf16", "lenet ×4"}


def test_stand_ins_are_known_by_data_set() -> None:
    marked = curve_rows(dataset="cifar10", data="a copy", stand_in=True)
    found = gather_runs({"rates": _frame(curve_rows(), marked)})
    assert found is not None
    assert found.content["datasets"] == [
        {"name": "mnist", "data": "MNIST", "stand_in": False},
        {"name": "cifar10", "data": "a copy", "stand_in": True},
    ]


def test_many_runs_are_bands_of_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST_NUMBERS", 100)
    seeds = range(7)
    table = _frame(*(curve_rows(seed=seed, epochs=3) for seed in seeds))
    found = gather_runs({"rates": table})
    assert found is not None
    assert found.notes[0].startswith("7 runs are too many to carry")
    assert found.content["bands"] is True
    assert len(found.content["runs"]) == 1  # type: ignore[arg-type]
    low, middle, high = _values(found.content, 0, "gain_db")
    assert low == [-39.0, -38.0, -37.0]
    assert middle == [-36.0, -35.0, -34.0]
    assert high == [-33.0, -32.0, -31.0]


def test_too_many_settings_and_epochs_are_thinned_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST_NUMBERS", 10)
    monkeypatch.setattr(runs, "MOST_SETTINGS", 2)
    networks = [curve_rows(f"n{n}", rate, epochs=8) for n in range(3) for rate in (0.1, 0.2)]
    found = gather_runs({"rates": _frame(*networks)})
    assert found is not None
    assert [run["key"][2:] for run in found.content["runs"]] == [  # type: ignore[attr-defined]
        ["n0", "all rates"],
        ["n1", "all rates"],
    ]
    assert found.content["runs"][0]["epochs"] == [1, 5]  # type: ignore[index]
    assert len(found.notes) == 4
    assert "first 2 are drawn" in found.notes[2]
    assert "1, 5, 9" in found.notes[3]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("gain_db", "Gain, dB"),
        ("training_loss", "Training loss, nats"),
        ("validation_error", "Validation error, fraction"),
        ("sensitivity_mean_db", "Sensitivity mean, dB"),
        ("rank", "Rank"),
        ("a\u2028b_db", "A b, dB"),
    ],
)
def test_titles_have_units(name: str, title: str) -> None:
    assert quantity_title(name) == title
