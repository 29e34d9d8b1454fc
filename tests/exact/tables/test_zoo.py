"""Tables of pretrained networks of this version and of older ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maxgain.errors import InputError
from maxgain.tables.zoo import (
    ADDED_COLUMNS,
    ZOO_COLUMNS,
    grid_rows,
    judged_rows,
    judged_set,
    network_means,
    read_trends,
    read_zoo,
)

COMMITTED = Path(__file__).parents[3] / "results" / "paper"

OLDEST = (
    "name,family,random_weights,top5_error,image,impulse,projection,channel,predicted_class,"
    "class_name,score,gain_db,data\n"
)
"""Columns of version 0.1.0."""

ROW = "a_1,carried,False,7.8,impulse,centred,inverse-score,red,3,cat,0.4,-20.5,x\n"


def test_a_table_of_the_first_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "zoo.csv"
    path.write_text(OLDEST + ROW + ROW.replace("a_1", "a_2").replace("7.8", ""))
    table = read_zoo(path)
    assert set(ZOO_COLUMNS) - set(table.columns) == {"sensitivity_db", "saturation_db"}
    # No design is known: each network stands for its own, so that none is thought dependent.
    assert table["architecture"].tolist() == ["a_1", "a_2"]
    assert table["places"].tolist() == [1, 1]
    assert table[["normalisation", "precision"]].to_numpy().tolist() == [["", ""], ["", ""]]
    assert table[["year", "resolution", "input_std"]].isna().all(axis=None)
    assert judged_rows(table, "inverse-score")["name"].tolist() == ["a_1"]
    assert network_means(table)["sensitivity_db"].isna().all()


@pytest.mark.parametrize("lacking", [*ADDED_COLUMNS, "sensitivity_db", "saturation_db"])
def test_any_later_column_may_be_missing(lacking: str, tmp_path: Path) -> None:
    path = tmp_path / "zoo.csv"
    whole = pd.read_csv(COMMITTED / "zoo.csv")
    whole.drop(columns=lacking).to_csv(path, index=False)
    table = read_zoo(path)
    texts = ("architecture", "normalisation", "precision")  # "" in place of NaN
    kept = [name for name in whole if name not in (lacking, *texts)]
    pd.testing.assert_frame_equal(table[kept], whole[kept])
    if lacking == "architecture":
        assert (table["architecture"] == table["name"]).all()


@pytest.mark.parametrize("lacking", ["name", "gain_db", "projection", "top5_error"])
def test_a_first_column_that_is_missing_is_named(lacking: str, tmp_path: Path) -> None:
    path = tmp_path / "zoo.csv"
    pd.read_csv(COMMITTED / "zoo.csv").drop(columns=lacking).to_csv(path, index=False)
    with pytest.raises(InputError, match=lacking):
        read_zoo(path)


@pytest.mark.parametrize("column", ["year", "resolution", "sensitivity_db", "gain_db"])
def test_text_in_place_of_numbers_is_named(column: str, tmp_path: Path) -> None:
    path = tmp_path / "zoo.csv"
    pd.read_csv(COMMITTED / "zoo.csv").assign(**{column: "much"}).to_csv(path, index=False)
    with pytest.raises(InputError, match=f"{column}.*number"):
        read_zoo(path)


def test_an_empty_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "zoo.csv"
    path.write_text(OLDEST)
    assert read_zoo(path).empty


def test_parts_of_a_committed_gain_add_up() -> None:
    table = read_zoo(COMMITTED / "zoo.csv")
    for projection, rows in table.groupby("projection"):
        parts = rows["sensitivity_db"] + rows["saturation_db"].fillna(0)
        parts += 40 * np.log10(rows["score"]) if projection == "score" else 0
        np.testing.assert_allclose(rows["gain_db"], parts, atol=1e-4)
        assert rows["saturation_db"].isna().all() == (projection == "log-odds")
    assert table["input_std"].notna().all()


def test_the_largest_grid_is_that_of_one_design_and_precision() -> None:
    rows = network_means(read_zoo(COMMITTED / "zoo.csv"))
    grid = grid_rows(rows)
    assert len(grid) == 12
    assert set(grid["design"]) == {"mobilenet_v1"}
    assert sorted(grid["width"].unique()) == [0.25, 0.5, 0.75]
    # The float network of the same width and resolution was trained by others.
    assert "mobilenet_v1_0.25_224" not in set(grid["name"])
    assert grid_rows(rows[rows["resolution"] == 224]).empty


def test_families_without_a_set_are_not_judged() -> None:
    assert [judged_set(name) for name in ("matconvnet", "onnx-zoo", "manifest", "timm")] == [
        "matconvnet",
        "public",
        "public",
        None,
    ]


def test_the_committed_trends_are_those_of_the_committed_table() -> None:
    from maxgain.claims.pretrained_trends import describe_trends

    committed = read_trends(COMMITTED / "zoo_trends.csv")
    made = describe_trends(read_zoo(COMMITTED / "zoo.csv"))
    texts = ["set", "comparison", "stratum", "quantity", "against", "image", "impulse"]
    assert committed[texts].to_numpy().tolist() == made[texts].to_numpy().tolist()
    numbers = [name for name in committed if name not in texts]
    np.testing.assert_allclose(
        committed[numbers].astype(float), made[numbers].astype(float), rtol=1e-6, atol=1e-6
    )
