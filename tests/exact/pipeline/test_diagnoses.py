"""Every run of a table of curves gets one row: what its gain, sensitivity and losses mean."""

import csv
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from maxgain.cli.diagnose import diagnosis_lines, diagnosis_table
from maxgain.diagnosis.losses import diagnose_losses
from maxgain.diagnosis.rules import diagnose
from maxgain.diagnosis.sensitivity import diagnose_sensitivity
from maxgain.errors import InputError
from maxgain.files.csv import write_table
from maxgain.pipeline.diagnoses import diagnose_table, write_diagnoses
from maxgain.tables.curves import CURVE_COLUMNS, RESPONSE_COLUMNS
from maxgain.tables.diagnoses import DIAGNOSIS_COLUMNS

EPOCHS = 30
RUN = {
    **{"experiment": "rates", "dataset": "digits", "data": "digits of mine", "stand_in": False},
    **{"network": "[lenet]", "capacity": 0.25, "learning_rate": 0.01, "rate_factor": 1.0},
    **{"seed": 3, "precision": "fp32", "device": "cpu"},
}


def curves(seed: int) -> dict[str, np.ndarray]:
    """Gain, losses and responses of a made-up run; errors and rates do not matter here."""
    random = np.random.default_rng(seed)
    epochs = np.arange(1, EPOCHS + 1)
    names = set(CURVE_COLUMNS) | set(RESPONSE_COLUMNS)
    made = {name: np.full(EPOCHS, 0.5) for name in names - RUN.keys() - {"epoch"}}
    made["gain_db"] = -20 - 15 * np.exp(-epochs / 4) + random.normal(0, 0.05, EPOCHS)
    made["training_loss"] = np.exp(-epochs / 6) + random.normal(0, 0.001, EPOCHS)
    made["validation_loss"] = 1 - 0.02 * epochs + random.normal(0, 0.001, EPOCHS)
    made["sensitivity_mean_db"] = np.linspace(-30, -10, EPOCHS) + random.normal(0, 0.1, EPOCHS)
    made["saturation_mean_db"] = -np.maximum(0, epochs - 15) + random.normal(0, 0.1, EPOCHS)
    return made


def write_curves(
    path: Path, made: dict[str, np.ndarray], columns: tuple[str, ...] = CURVE_COLUMNS
) -> Path:
    rows = [
        RUN | {"epoch": epoch} | {name: float(values[epoch - 1]) for name, values in made.items()}
        for epoch in range(1, EPOCHS + 1)
    ]
    write_table(path, columns, ({name: row[name] for name in columns} for row in rows))
    return path


def test_one_row_a_run_with_the_verdicts_of_all_rules(tmp_path: Path) -> None:
    made = curves(0)
    path = write_curves(tmp_path / "rates.csv", made, (*CURVE_COLUMNS, *RESPONSE_COLUMNS))
    (row,) = diagnose_table(path)
    gain = diagnose(made["gain_db"])
    names = ("sensitivity_mean_db", "sensitivity_error_db")
    names += ("saturation_mean_db", "saturation_error_db")
    assert tuple(row) == DIAGNOSIS_COLUMNS
    assert row == {
        **{name: RUN[name] for name in DIAGNOSIS_COLUMNS[:7]},
        "by_gain": gain.verdict,
        "by_sensitivity": diagnose_sensitivity(*(made[name] for name in names)).verdict,
        "by_losses": diagnose_losses(made["training_loss"], made["validation_loss"]),
        "sentence": gain.sentence,
    }
    # The three speak of different things, so that none can stand in another's column.
    said = (row["by_gain"], row["by_sensitivity"], row["by_losses"])
    assert said == ("converging", "overfitting", "learning-rate-too-low-or-train-longer")


def test_without_means_over_impulses_the_sensitivity_says_nothing(tmp_path: Path) -> None:
    made = curves(0)
    (plain,) = diagnose_table(write_curves(tmp_path / "plain.csv", made))
    assert plain["by_sensitivity"] == ""
    # A mean over one impulse has no error.
    for name in ("sensitivity_error_db", "saturation_error_db"):
        made[name] = np.full(EPOCHS, np.nan)
    path = write_curves(tmp_path / "one.csv", made, (*CURVE_COLUMNS, *RESPONSE_COLUMNS))
    (one,) = diagnose_table(path)
    assert one["by_sensitivity"] == ""
    assert one["by_gain"] == plain["by_gain"] == "converging"


def test_a_diverged_run_is_diverged_by_every_rule(tmp_path: Path) -> None:
    made = curves(0)
    for values in made.values():
        values[4:] = np.nan
    path = write_curves(tmp_path / "rates.csv", made, (*CURVE_COLUMNS, *RESPONSE_COLUMNS))
    (row,) = diagnose_table(path)
    assert row["by_gain"] == row["by_sensitivity"] == row["by_losses"] == "diverged"


def test_the_file_holds_the_runs_of_all_tables_in_their_order(tmp_path: Path) -> None:
    tables = [write_curves(tmp_path / f"{name}.csv", curves(0)) for name in ("b", "a")]
    empty = tmp_path / "empty.csv"
    write_table(empty, CURVE_COLUMNS, [])
    write_diagnoses([*tables, empty], tmp_path / "diagnoses.csv")
    with (tmp_path / "diagnoses.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == DIAGNOSIS_COLUMNS
    assert len(rows) == 2
    for row in rows:
        (expected,) = diagnose_table(tables[0])
        assert row == {name: str(value) for name, value in expected.items()}
    write_diagnoses([], tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text() == ",".join(DIAGNOSIS_COLUMNS) + "\n"


def test_a_table_of_something_else_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "toy.csv").write_text("place,gain\n1,2\n")
    with pytest.raises(InputError, match=r"toy\.csv has no column 'experiment'; it has place"):
        diagnose_table(tmp_path / "toy.csv")


@pytest.mark.parametrize("impulses", [False, True])
def test_people_read_it_within_a_hundred_columns(tmp_path: Path, impulses: bool) -> None:
    columns = (*CURVE_COLUMNS, *(RESPONSE_COLUMNS if impulses else ()))
    rows = diagnose_table(write_curves(tmp_path / "rates.csv", curves(0), columns))
    console = Console(width=100, highlight=False)
    with console.capture() as captured:
        console.print(diagnosis_table(rows, "rates"))
    printed = captured.get()
    assert max(map(len, printed.splitlines())) <= 100
    words = " ".join(printed.split())
    assert "[lenet] x0.25 0.01 3 converging" in words
    assert ("by sensitivity" in words) is impulses
    (line,) = diagnosis_lines(rows, ["It is done."])
    assert line == "[lenet] x0.25, rate 0.01, seed 3: It is done."
