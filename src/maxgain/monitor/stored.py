"""What a set of diagnosis rules says of the runs of a stored table of curves."""

from dataclasses import fields
from pathlib import Path

import numpy as np

from maxgain.diagnosis.verdicts import Diagnosis
from maxgain.errors import InputError
from maxgain.monitor.curves import Curves
from maxgain.monitor.registry import DIAGNOSIS_RULES
from maxgain.tables.results import read_curve_table
from maxgain.tables.runs import SETTING, RunCurves, read_runs


def diagnose_stored(path: Path, rules: str = "paper") -> list[Diagnosis]:
    """What rules say of each run of a table of curves, in the order of `read_runs`.

    Parameters
    ----------
    path
        Table of one experiment's curves (`maxgain.tables.curves`), gains in dB.
    rules
        As of `maxgain.GainMonitor.diagnose`.

    Raises
    ------
    InputError
        The rules are not known, the table cannot be read or lacks a column that they need, or they
        refuse a run.
    """
    row, judge = DIAGNOSIS_RULES.find(rules), DIAGNOSIS_RULES.load(rules)
    table = read_curve_table(path)
    if missing := [name for name in row.columns if name not in table]:
        raise InputError(
            f"{path} has no column '{missing[0]}', which the rules '{rules}' need; it has "
            f"{', '.join(map(str, table))}."
        )
    found: list[Diagnosis] = []
    for run in read_runs(table):
        try:
            found.append(judge(curves_of_run(run)))
        except InputError as error:
            setting = dict(zip(SETTING, run.setting, strict=True))
            raise InputError(
                f"{path}: the run of {setting['network']} with learning rate "
                f"{setting['learning_rate']} and seed {run.seed}: {error}"
            ) from error
    return found


def curves_of_run(run: RunCurves) -> Curves:
    """The curves of a stored run in dB; NaN where its table lacks the column."""
    unknown = np.full(run.epochs, np.nan)
    names = [field.name for field in fields(Curves) if field.name != "epochs"]
    columns = {name: run.curves.get(f"{name}_db", unknown) for name in names}
    return Curves(np.arange(1, run.epochs + 1), **columns)
