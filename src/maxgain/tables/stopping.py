"""What the study of stop rules stores: its runs, their signals and outcomes, and how rules did."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.files.csv import read_frame
from maxgain.tables.quantities import read_quantities, signals_of

STUDY_RUN_COLUMNS = (
    "run",
    "dataset",
    "network",
    "training_images",
    "noise_rate",
    "rate_factor",
    "seed",
    "epochs",
    "impulses",
    "classes",
    "ranked",
)
"""Columns of runs.csv: a training of the study. noise_rate is the share of wrong labels, epochs the
length it was given, impulses and classes what costs of signals depend on; ranked is 1 where rules
are compared on it and 0 where it answers another question."""

HELD_OUT, HELD_OUT_SHARE = "held_out", 0.1
"""A column of runs.csv that may lack: the share of its images that a run's twin holds out. It is
0.1 where nothing is said, as in tables older than the column."""

STUDY_OUTPUTS = (
    "regret.csv",
    "regret_by_noise.csv",
    "regret_by_cell.csv",
    "momentum.csv",
    "comparisons.csv",
    "ranks.csv",
    "recommended.csv",
    "agreement.csv",
    "marks.csv",
    "examples.csv",
    "rates.csv",
    "tuned.csv",
    "verdict.md",
)
"""What is made from the tables of a study: `maxgain.pipeline.regrets.write_regrets`."""

DATA_COLUMNS = ("dataset", "label", "stand_in")
"""Columns of data.csv: what the data sets of runs.csv are, and whether they stand in for others."""

CELL = ("dataset", "network", "training_images", "noise_rate", "rate_factor")
"""What a cell is: runs that differ in their seed alone."""

WITHOUT_MOMENTUM = "-momentum0"
"""How the name of a network ends in runs.csv that was trained without momentum."""

GROUP = ("dataset", "noise_rate")
"""What the bootstrap draws: cells of one group are not independent."""

TEST_COLUMNS = ("test_loss_a", "test_loss_b", "test_error_a", "test_error_b")
"""What is judged by: loss in nats and share of errors on two halves of the test images."""

TWIN_TEST_COLUMNS = tuple(f"twin_{name}" for name in TEST_COLUMNS)
"""The same of the twin, which was trained on the images that are not held out."""

HELD_OUT_COLUMNS = ("twin_training_loss", "held_out_loss", "clean_held_out_loss")
"""What reference rules see: losses of the twin on its training images and on those held out, with
the labels as they are and with the true ones."""

OUTCOME_COLUMNS = ("run", "epoch", *TEST_COLUMNS, *TWIN_TEST_COLUMNS, *HELD_OUT_COLUMNS)
"""Columns of outcomes.csv, one row for each run and epoch. The last two groups are NaN where a run
has no twin."""


@dataclass(frozen=True)
class StudyTables:
    """The stored tables of a study of stop rules; none is changed once a run was asked for.

    Attributes
    ----------
    runs
        One row a run.
    signals
        One row a run and epoch, one column a quantity.
    outcomes
        One row a run and epoch: what rules without held-out data never see.
    """

    runs: DataFrame
    signals: DataFrame
    outcomes: DataFrame

    @property
    def ranked(self) -> DataFrame:
        """The rows of `runs` that rules are compared on."""
        return self.runs[self.runs["ranked"] == 1].reset_index(drop=True)

    def of_run(self, run: str) -> tuple[DataFrame, DataFrame]:
        """Signals and outcomes of one run, by epoch."""
        signals, outcomes = (parts[run] for parts in self._by_run)
        return signals, outcomes

    @cached_property
    def _by_run(self) -> tuple[dict[str, DataFrame], ...]:
        """Rows of each run, found once: hundreds of rules ask for them."""
        return tuple(
            {
                str(run): rows.sort_values("epoch", kind="stable").reset_index(drop=True)
                for run, rows in table.groupby("run", sort=False)
            }
            for table in (self.signals, self.outcomes)
        )


def read_study(folder: Path) -> StudyTables:
    """The tables runs.csv, outcomes.csv, and signals.csv or quantities.csv of a folder.

    quantities.csv is the same as signals.csv with a row a quantity (`maxgain.tables.quantities`).

    Raises
    ------
    InputError
        A table is missing or damaged, both of signals and quantities are there, or a run has other
        epochs than 1 to its length.
    """
    if not folder.is_dir():
        raise InputError(f"results folder {folder} does not exist.")
    runs = read_runs(folder / "runs.csv")
    signals = _read_signals(folder)
    outcomes = read_frame(folder / "outcomes.csv", OUTCOME_COLUMNS, OUTCOME_COLUMNS[2:], ("epoch",))
    for table in (runs, signals, outcomes):
        table["run"] = table["run"].astype(str)
    return checked_study(StudyTables(runs, signals, outcomes))


def read_runs(path: Path) -> DataFrame:
    """Rows of runs.csv, of one run or of many, with the column `HELD_OUT`.

    Raises
    ------
    InputError
        The table is missing or damaged.
    """
    texts = ("run", "dataset", "network")
    numbers = [name for name in STUDY_RUN_COLUMNS if name not in texts]
    finite = [*numbers, HELD_OUT]
    runs = read_frame(path, STUDY_RUN_COLUMNS, (), finite, optional=[HELD_OUT])
    return runs if HELD_OUT in runs else runs.assign(**{HELD_OUT: HELD_OUT_SHARE})


def _read_signals(folder: Path) -> DataFrame:
    wide, tidy = folder / "signals.csv", folder / "quantities.csv"
    if not tidy.exists():
        return read_frame(wide, ("run", "epoch"), (), ("epoch",))
    if wide.exists():
        raise InputError(f"{folder} has signals.csv and quantities.csv; allowed is one of them.")
    return signals_of(read_quantities(tidy))


def checked_study(tables: StudyTables) -> StudyTables:
    """The tables as they are, if every run has its epochs, each once.

    Raises
    ------
    InputError
        A run is listed twice, or its epochs in a table are not 1 to its length.
    """
    runs = tables.runs
    if runs.empty:
        raise InputError("runs.csv lists no run; there must be at least one.")
    if (twice := runs["run"].duplicated()).any():
        raise InputError(f"runs.csv lists the run {runs['run'][twice].iloc[0]} twice.")
    lengths = dict(zip(runs["run"], runs["epochs"].astype(int), strict=True))
    for name, table in (("the signals", tables.signals), ("outcomes.csv", tables.outcomes)):
        found = {run: np.sort(rows.to_numpy()) for run, rows in table.groupby("run")["epoch"]}
        for run, epochs in lengths.items():
            if run not in found or not np.array_equal(found[run], np.arange(1, epochs + 1)):
                raise InputError(
                    f"{name}: the run {run} must have the epochs 1 to {epochs}, each once; it has "
                    f"{len(found.get(run, ()))} epochs."
                )
    return tables


def write_study(tables: StudyTables, folder: Path) -> None:
    """Write the three tables, with seven digits: more than any signal is reproducible to."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("runs", "signals", "outcomes"):
        write_frame(getattr(tables, name), folder / f"{name}.csv", "%.7g")


def write_frame(table: DataFrame, path: Path, floats: str | None = None) -> None:
    """Write a table of the study; NaN is "nan"."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, na_rep="nan", float_format=floats, lineterminator="\n")


def cell_name(row: Sequence[object]) -> str:
    """A cell in words, as "mnist lenet n=1000 noise=0.2 rate x3"."""
    dataset, network, images, noise, factor = row
    return f"{dataset} {network} n={images} noise={noise} rate x{factor}"
