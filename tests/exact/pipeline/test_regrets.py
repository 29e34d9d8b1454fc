"""What comes out of a study is written whole, from tables made up so that regrets are known."""

import json
from pathlib import Path

import pandas as pd
import pytest

from maxgain.config.parsing import parse_protocol
from maxgain.config.yaml_files import read_configuration
from maxgain.errors import InputError
from maxgain.files.csv import read_frame
from maxgain.pipeline.regrets import declared_cells, write_regrets
from maxgain.stopping.momentum import MOMENTUM_COLUMNS
from maxgain.stopping.registry import RULES
from maxgain.tables.regrets import CELL_COLUMNS
from maxgain.tables.stopping import CELL, STUDY_OUTPUTS, write_study
from tests.exact.stopping.study_by_hand import BEST, study

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("study")
    write_study(study(), made)
    data = pd.DataFrame({"dataset": list(BEST), "label": list(BEST), "stand_in": False})
    data.to_csv(made / "data.csv", index=False)
    provenance_of("stopping-small.yaml", made)  # with eight cells
    write_regrets(made)
    return made


def provenance_of(protocol: str, folder: Path) -> Path:
    """As the workflow writes it, as far as it tells what was declared."""
    files = [REPOSITORY / "config.yaml", REPOSITORY / "workflow/protocols" / protocol]
    declared = parse_protocol(read_configuration(files))
    path = folder / "provenance.json"
    told = {"protocol": json.loads(declared.model_dump_json(by_alias=True))}
    path.write_text(json.dumps({"settings": told}))
    return path


def test_declared_cells_are_those_of_the_protocol_that_are_ranked(tmp_path: Path) -> None:
    assert declared_cells(tmp_path / "provenance.json") is None
    path = provenance_of("stopping.yaml", tmp_path)
    assert declared_cells(path) == 69
    content = json.loads(path.read_text())
    content["settings"]["protocol"]["stopping"]["only"] = ["a"]
    path.write_text(json.dumps(content))
    assert declared_cells(path) == 69, "what is left out is declared all the same"
    content["settings"]["protocol"]["stopping"] = None
    path.write_text(json.dumps(content))
    assert declared_cells(path) is None


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"settings": 1}', '{"settings": {"protocol": {"stopping": {"data": 3}}}}'],
)
def test_a_damaged_provenance_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "provenance.json").write_text(text)
    with pytest.raises(InputError, match="is not the provenance of a study") as error:
        declared_cells(tmp_path / "provenance.json")
    assert "\n" not in str(error.value)


def test_the_page_says_how_much_of_the_study_there_is(folder: Path) -> None:
    page = (folder / "verdict.md").read_text()
    assert (
        "**The study is not complete**: 5 cells are to come.\n9 trainings in 3 cells of the 8"
        in page
    )


def test_every_output_is_written(folder: Path) -> None:
    inputs = {f"{name}.csv" for name in ("runs", "signals", "outcomes", "data")}
    given = {*inputs, "provenance.json"}
    assert {path.name for path in folder.iterdir()} == {*STUDY_OUTPUTS, *given}


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
