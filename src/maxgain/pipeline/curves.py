"""The tidy table of an experiment: one row for each run and epoch, histories beside gains."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from maxgain.config.runs import Run
from maxgain.errors import InputError
from maxgain.files.csv import read_table, write_table
from maxgain.files.provenance import read_run_provenance
from maxgain.pipeline.jobs import CurvesJob
from maxgain.tables.curves import CURVE_COLUMNS, HISTORY_COLUMNS, RESPONSE_COLUMNS


def write_curves(job: CurvesJob, runs: Path, output: Path) -> None:
    """Gather the runs of an experiment, cut to its epochs, from the folder of all runs.

    Raises
    ------
    InputError
        A run's history or gains are missing or do not fit together.
    """
    responses = RESPONSE_COLUMNS if job.gain.impulses else ()
    measured = {name: name for name in ("gain_db", *responses)}
    rows = (
        row
        for run in job.setting.runs(job.experiment)
        for row in run_rows(job.name, run, runs / run.name, measured)
    )
    write_table(output, (*CURVE_COLUMNS, *responses), rows)


def run_rows(
    name: str,
    run: Run,
    folder: Path,
    measured: Mapping[str, str],
    gains_file: Path | None = None,
) -> Iterator[dict[str, object]]:
    """Rows of a run in the table of an experiment, one an epoch.

    Parameters
    ----------
    name
        Of the experiment.
    folder
        Of the run's tables.
    measured
        Column of the gains to column of the rows.
    gains_file
        In place of the run's own.

    Raises
    ------
    InputError
        The run's history or gains are missing or do not fit together.
    """
    gains_file = gains_file or folder / "gains.csv"
    history = read_table(folder / "history.csv", HISTORY_COLUMNS)
    gains = read_table(gains_file, ("epoch", *measured))
    if len(history) < run.epochs or len(gains) != len(history):
        raise InputError(
            f"{folder} has {len(history)} epochs in history.csv and {len(gains)} in gains.csv; "
            f"both must have the same number, at least {run.epochs}."
        )
    for file, rows in ((folder / "history.csv", history), (gains_file, gains)):
        _check_numbers(file, rows)
    made = read_run_provenance(folder / "provenance.json")
    common = {
        "experiment": name,
        "dataset": run.dataset,
        "data": made["settings"]["data"],
        "stand_in": made["settings"]["stand_in"],
        "network": run.network,
        "capacity": run.capacity,
        "rate_factor": run.rate_factor,
        "learning_rate": run.learning_rate,
        "seed": run.seed,
        "precision": run.precision,
        "device": made["device"],
    }
    for epoch, gain in zip(history[: run.epochs], gains, strict=False):
        yield {
            **common,
            **{key: epoch[key] for key in HISTORY_COLUMNS},
            **{key: gain[column] for column, key in measured.items()},
        }


def _check_numbers(path: Path, rows: list[dict[str, str]]) -> None:
    """Raise InputError unless the epochs are 1, 2, 3, ... and every value is a number."""
    for number, row in enumerate(rows, start=1):
        if row["epoch"] != str(number):
            raise InputError(f"{path} has the epoch '{row['epoch']}' where {number} must come.")
        for column, value in row.items():
            try:
                float(value)
            except ValueError as error:
                raise InputError(
                    f"{path}, epoch {number}: {column} is '{value}'; it must be a number."
                ) from error
