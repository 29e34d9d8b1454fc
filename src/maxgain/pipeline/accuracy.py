"""The table of accuracy checks, gathered from their trainings."""

from pathlib import Path

from maxgain.claims.accuracy import summarise_accuracy
from maxgain.files.csv import write_table
from maxgain.pipeline.accuracy_jobs import AccuracyJob
from maxgain.tables.accuracy import ACCURACY_COLUMNS
from maxgain.tables.results import read_curve_table


def write_accuracy(job: AccuracyJob, results: Path, output: Path) -> None:
    """Write accuracy.csv, one row a check, from accuracy/<check>.csv in a results folder.

    Raises
    ------
    InputError
        A table is missing, or its seeds or epochs are not those of its check.
    """
    rows = [
        summarise_accuracy(name, check, read_curve_table(results / f"accuracy/{name}.csv"))
        for name, check in job.checks.items()
    ]
    write_table(output, ACCURACY_COLUMNS, rows)
