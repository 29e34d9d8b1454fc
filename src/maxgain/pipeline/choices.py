"""Choices that the paper leaves open: tables of varied experiments, and their comparison."""

from pathlib import Path
from tempfile import TemporaryDirectory

from maxgain.claims.choices import compare_choices
from maxgain.claims.choices_page import render_choices
from maxgain.config.runs import Run
from maxgain.files.atomic import atomic_path
from maxgain.files.csv import write_table
from maxgain.pipeline.choice_jobs import ChoicesJob, VariedCurvesJob
from maxgain.pipeline.curves import run_rows
from maxgain.pipeline.jobs import QuantitiesJob
from maxgain.pipeline.quantities import measure_snapshots
from maxgain.tables.curves import CURVE_COLUMNS
from maxgain.tables.results import read_curve_table, read_result_tables


def write_varied_curves(job: VariedCurvesJob, runs: Path, output: Path) -> None:
    """Gather the runs of a varied experiment; where only the gain is another, measure it anew.

    Raises
    ------
    InputError
        As `write_curves`, or the snapshots of a run are missing or damaged.
    """
    trained = job.setting.runs(job.experiment)
    rows = (row for run in trained for row in _varied_rows(job, run, runs / run.name))
    write_table(output, CURVE_COLUMNS, rows)


def _varied_rows(job: VariedCurvesJob, run: Run, folder: Path) -> list[dict[str, object]]:
    column = {job.gain_column: "gain_db"}
    if not job.measured_anew:
        return list(run_rows(job.name, run, folder, column))
    with TemporaryDirectory() as scratch:
        gains = Path(scratch) / "gains.csv"
        measure_snapshots(QuantitiesJob(gain=job.gain), folder / "snapshots.safetensors", gains)
        return list(run_rows(job.name, run, folder, column, gains))


def write_choices(job: ChoicesJob, results: Path, table: Path, page: Path) -> None:
    """Compare every varied experiment with the protocol's own; write choices.csv and choices.md.

    Parameters
    ----------
    results
        Folder of curves/*.csv and choices/<choice>/<experiment>.csv.

    Raises
    ------
    InputError
        A table is missing or inconsistent, or a training has no counterpart.
    """
    tables = [
        read_curve_table(results / f"choices/{each.choice}/{each.of}.csv")
        for each in job.alternatives
    ]
    compared = list(zip(job.alternatives, tables, strict=True))
    found = compare_choices(read_result_tables(results), compared)
    with atomic_path(table) as temporary:
        found.to_csv(temporary, index=False, na_rep="nan", lineterminator="\n")
    with atomic_path(page) as temporary:
        text = render_choices(found, f"Choices the paper leaves open, protocol {results.name}")
        temporary.write_text(text, encoding="utf-8")
