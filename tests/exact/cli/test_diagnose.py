"""`maxgain diagnose`: its sentences are of the rules that are asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from maxgain.cli.app import app
from maxgain.diagnosis.rules import diagnose
from maxgain.diagnosis.sensitivity import diagnose_sensitivity
from maxgain.diagnosis.verdicts import Diagnosis
from maxgain.errors import InputError
from maxgain.files.csv import write_table
from maxgain.monitor.curves import Curves
from maxgain.tables.curves import CURVE_COLUMNS, RESPONSE_COLUMNS, SENSITIVITY_COLUMNS
from tests.exact.cli.test_help import maxgain
from tests.exact.pipeline.test_diagnoses import EPOCHS, RUN, curves, write_curves

ALL = (*CURVE_COLUMNS, *RESPONSE_COLUMNS)
HEAD = "[lenet] x0.25, rate 0.01, seed"


def of_every_curve(curves: Curves) -> Diagnosis:
    """Rules of a user's: the first and last value of each curve, in a sentence."""
    parts = [f"{name} {values[0]:.3f} {values[-1]:.3f}" for name, values in vars(curves).items()]
    return replace(diagnose(curves.gain), sentence=", ".join(parts))


def of_an_empty_curve(curves: Curves) -> Diagnosis:
    raise InputError("these rules like no curve.")


def said(*arguments: str) -> list[str]:
    """What is printed, in one line each: the table, then the sentences."""
    done = CliRunner().invoke(app, ["diagnose", *arguments])
    if isinstance(done.exception, InputError):
        raise done.exception
    assert done.exit_code == 0, done.output
    words = " ".join(done.stdout.split())
    return [part.strip() for part in words.replace(f"{HEAD} ", f"\n{HEAD} ").split("\n")]


def by_sensitivity(made: dict[str, np.ndarray]) -> str:
    return diagnose_sensitivity(*(made[name] for name in SENSITIVITY_COLUMNS)).sentence


def two_runs(path: Path) -> list[dict[str, np.ndarray]]:
    """Curves of a run of seed 3 and of one of seed 4 whose gain jumps; the second stands first."""
    made = [curves(0), curves(1)]
    made[1]["gain_db"] = np.where(np.arange(EPOCHS) % 2, -20.0, -35.0)
    made[1]["saturation_mean_db"] = np.zeros(EPOCHS)
    rows = [
        RUN
        | {"seed": 3 + number, "epoch": epoch + 1}
        | {name: float(values[epoch]) for name, values in made[number].items()}
        for number in (1, 0)
        for epoch in range(EPOCHS)
    ]
    write_table(path, ALL, ({name: row[name] for name in ALL} for row in rows))
    return made


def test_each_runs_sentence_is_of_the_rules_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    made = two_runs(path)
    gain = [diagnose(one["gain_db"]).sentence for one in made]
    sensitivity = [by_sensitivity(one) for one in made]
    assert len({*gain, *sensitivity}) == 4, "no sentence can stand in another's place"
    table, *lines = said(str(path))
    assert lines == [f"{HEAD} {seed}: {gain[seed - 3]}" for seed in (3, 4)]
    assert said(str(path), "--rules", "paper") == [table, *lines]
    expected = [f"{HEAD} {seed}: {sensitivity[seed - 3]}" for seed in (3, 4)]
    assert said(str(path), "--rules", "sensitivity") == [table, *expected]


def test_rules_of_ones_own_see_every_curve(tmp_path: Path) -> None:
    made = curves(0)
    for place, name in enumerate(RESPONSE_COLUMNS):
        made[name] = np.linspace(place, place + 0.5, EPOCHS)
    path = write_curves(tmp_path / "rates.csv", made, ALL)
    (_, line) = said(str(path), "--rules", f"{__name__}:of_every_curve")
    gain = made["gain_db"]
    expected = {"epochs": f"1.000 {EPOCHS}.000", "gain": f"{gain[0]:.3f} {gain[-1]:.3f}"}
    for place, name in enumerate(RESPONSE_COLUMNS):
        expected[name.removesuffix("_db")] = f"{place:.3f} {place + 0.5:.3f}"
    found = dict(part.split(" ", 1) for part in line.removeprefix(f"{HEAD} 3: ").split(", "))
    assert found == expected


def test_the_papers_rules_need_the_gain_alone(tmp_path: Path) -> None:
    made = curves(0)
    (_, line) = said(str(write_curves(tmp_path / "rates.csv", made)))
    assert line == f"{HEAD} 3: {diagnose(made['gain_db']).sentence}"


@pytest.mark.parametrize("missing", SENSITIVITY_COLUMNS)
def test_a_missing_column_is_one_sentence_with_its_file(tmp_path: Path, missing: str) -> None:
    columns = tuple(name for name in ALL if name != missing)
    path = write_curves(tmp_path / "rates.csv", curves(0), columns)
    with pytest.raises(InputError) as error:
        said(str(path), "--rules", "sensitivity")
    assert str(error.value) == (
        f"{path} has no column '{missing}', which the rules 'sensitivity' need; it has "
        f"{', '.join(columns)}."
    )


def test_the_command_ends_with_that_sentence_alone(tmp_path: Path) -> None:
    path = write_curves(tmp_path / "rates.csv", curves(0))
    done = maxgain("diagnose", str(path), "--rules", "sensitivity")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"error: {path} has no column 'sensitivity_mean_db', which the rules 'sensitivity' need; "
        f"it has {', '.join(CURVE_COLUMNS)}.\n"
    )


def test_rules_of_ones_own_are_shown_no_curve_that_is_not_there(tmp_path: Path) -> None:
    path = write_curves(tmp_path / "rates.csv", curves(0))
    with pytest.raises(InputError, match=r"rates\.csv has no column 'sensitivity_db', which"):
        said(str(path), "--rules", f"{__name__}:of_every_curve")


def test_unknown_rules_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rule 'papers' is not known; did you mean 'paper'"):
        said(str(tmp_path / "none.csv"), "--rules", "papers")


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ("sensitivity", "the sensitivity's error holds no finite value; .* two impulses or more"),
        (f"{__name__}:of_an_empty_curve", "these rules like no curve"),
    ],
)
def test_a_run_that_rules_refuse_is_named(tmp_path: Path, rules: str, reason: str) -> None:
    made = curves(0)
    # A mean over one impulse has no error.
    for name in ("sensitivity_error_db", "saturation_error_db"):
        made[name] = np.full(EPOCHS, np.nan)
    path = write_curves(tmp_path / "rates.csv", made, ALL)
    run = r"rates\.csv: the run of \[lenet\] with learning rate 0\.01 and seed 3: "
    with pytest.raises(InputError, match=run + reason):
        said(str(path), "--rules", rules)
