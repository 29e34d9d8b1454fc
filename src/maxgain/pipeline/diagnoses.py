"""Every run of the experiments diagnosed by its gain, its sensitivity and its losses."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from maxgain.diagnosis.losses import diagnose_losses
from maxgain.diagnosis.rules import diagnose
from maxgain.diagnosis.sensitivity import diagnose_sensitivity
from maxgain.files.csv import write_table
from maxgain.tables.curves import SENSITIVITY_COLUMNS
from maxgain.tables.diagnoses import DIAGNOSIS_COLUMNS
from maxgain.tables.results import read_curve_table
from maxgain.tables.runs import SETTING, RunCurves, read_runs


def write_diagnoses(tables: Sequence[Path], output: Path) -> None:
    """Diagnose every run of tables of curves, and write diagnoses.csv.

    Raises
    ------
    InputError
        A table cannot be read, or the epochs of a run are not 1, 2, 3, ...
    """
    write_table(output, DIAGNOSIS_COLUMNS, (row for path in tables for row in diagnose_table(path)))


def diagnose_table(path: Path) -> list[dict[str, object]]:
    """Rows of `DIAGNOSIS_COLUMNS` on every run of a table of curves.

    Raises
    ------
    InputError
        As `write_diagnoses`.
    """
    return [_diagnose_run(run) for run in read_runs(read_curve_table(path))]


def _diagnose_run(run: RunCurves) -> dict[str, object]:
    setting = dict(zip(SETTING, run.setting, strict=True))
    by_gain = diagnose(run["gain_db"])
    row = setting | {
        "experiment": run.experiment,
        "rate_factor": run.rate_factor,
        "seed": run.seed,
        "by_gain": by_gain.verdict.value,
        "by_sensitivity": _judge_sensitivity(run),
        "by_losses": diagnose_losses(run["training_loss"], run["validation_loss"]).value,
        "sentence": by_gain.sentence,
    }
    return {column: row[column] for column in DIAGNOSIS_COLUMNS}


def _judge_sensitivity(run: RunCurves) -> str:
    """Verdict by sensitivity and saturation; "" without means over impulses that have an error."""
    if not run.curves.keys() >= set(SENSITIVITY_COLUMNS):
        return ""
    values, error, saturation, saturation_error = (run[name] for name in SENSITIVITY_COLUMNS)
    if np.isfinite(values).any() and not np.isfinite(error).any():
        return ""
    return diagnose_sensitivity(values, error, saturation, saturation_error).verdict.value
