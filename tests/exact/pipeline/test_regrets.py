"""What comes out of a study is written whole, from tables made up so that regrets are known."""

from pathlib import Path

import pandas as pd
import pytest

from maxgain.files.csv import read_frame
from maxgain.pipeline.regrets import write_regrets
from maxgain.stopping.momentum import MOMENTUM_COLUMNS
from maxgain.stopping.registry import RULES
from maxgain.tables.stopping import CELL, CELL_COLUMNS, STUDY_OUTPUTS, write_study
from tests.exact.stopping.study_by_hand import BEST, study


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("study")
    write_study(study(), made)
    data = pd.DataFrame({"dataset": list(BEST), "label": list(BEST), "stand_in": False})
    data.to_csv(made / "data.csv", index=False)
    write_regrets(made)
    return made


def test_every_output_is_written(folder: Path) -> None:
    inputs = {f"{name}.csv" for name in ("runs", "signals", "outcomes", "data")}
    assert {path.name for path in folder.iterdir()} == {*STUDY_OUTPUTS, *inputs}


def test_a_study_without_trainings_that_lack_momentum_has_an_empty_table_of_them(
    folder: Path,
) -> None:
    assert read_frame(folder / "momentum.csv", MOMENTUM_COLUMNS).empty
    assert "Without momentum" not in (folder / "verdict.md").read_text()


def test_the_table_of_cells_has_every_rule_and_agrees_with_that_of_rules(folder: Path) -> None:
    cells = read_frame(folder / "regret_by_cell.csv", CELL_COLUMNS, ("loss_regret", "work"))
    rules = read_frame(folder / "regret.csv").set_index("rule")
    assert len(cells) == len(RULES.names()) * len(BEST)
    assert not cells.duplicated(["rule", *CELL]).any()
    regrets = cells.groupby("rule")["loss_regret"]
    pd.testing.assert_series_equal(
        regrets.mean(), rules["mean_regret"], check_names=False, check_like=True, atol=1e-6
    )
    pd.testing.assert_series_equal(
        regrets.max(), rules["worst_regret"], check_names=False, check_like=True, atol=1e-6
    )
