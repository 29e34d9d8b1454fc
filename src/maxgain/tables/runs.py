"""One run's curves out of a tidy table of an experiment, and which rows of it a run is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from numpy import ndarray
from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.tables.curves import QUANTITY_COLUMNS
from maxgain.tables.flags import read_flags

SETTING = ("dataset", "data", "network", "capacity", "learning_rate")
"""What makes a training one and the same, in whatever experiments it is listed."""


QUANTITIES = ("gain_db", "training_loss", "validation_loss", "training_error", "validation_error")
"""What is drawn over the epochs: dB, nats, nats, fraction, fraction."""


RUN = ("network", "capacity", "learning_rate", "seed")
"""Columns that tell the runs of one experiment apart."""


NEEDED_COLUMNS = ("data", "stand_in", *RUN, "rate_factor", "epoch", *QUANTITIES)


FACTOR_TOLERANCE = 1e-5
"""Relative difference within which two numbers are one setting: 1/3 written with six digits."""


@dataclass(frozen=True)
class RunCurves:
    """One training with its curves, one value an epoch, the first being epoch 1.

    Losses and errors are NaN from the epoch of divergence on; gains (dB) are NaN there too and
    minus infinity where the network is dead. Errors are fractions.

    Attributes
    ----------
    experiment
        The table that the run is of.
    setting
        The values of `SETTING`.
    rate_factor
        Its learning rate over the experiment's own.
    seed
        Of initial weights and order of images.
    curves
        The table's columns that hold a number an epoch, by name.
    """

    experiment: str
    setting: tuple[object, ...]
    rate_factor: float
    seed: int
    curves: Mapping[str, Float[ndarray, " epochs"]]

    def __getitem__(self, name: str) -> Float[ndarray, " epochs"]:
        """Curve of a column."""
        return self.curves[name]

    @property
    def epochs(self) -> int:
        """Number of epochs, diverged ones counted."""
        return int(self.curves["training_loss"].size)


def read_run(rows: DataFrame) -> RunCurves:
    """Run that rows of a tidy table hold, in whatever order they are.

    Raises
    ------
    InputError
        The epochs are not 1, 2, 3, ... with each one once.
    """
    rows = rows.sort_values("epoch", kind="stable")
    first = rows.iloc[0]
    if rows["epoch"].tolist() != list(range(1, len(rows) + 1)):
        raise InputError(
            f"curves/{first['experiment']}.csv: the run of {first['network']} with learning rate "
            f"{first['learning_rate']} and seed {first['seed']} has epochs "
            f"{rows['epoch'].tolist()}, must be 1, 2, 3, ... with each one once."
        )
    return RunCurves(
        str(first["experiment"]),
        tuple(first[name] for name in SETTING),
        float(first["rate_factor"]),
        int(first["seed"]),
        {
            name: rows[name].to_numpy(dtype=np.float64)
            for name in QUANTITY_COLUMNS
            if name in rows.columns
        },
    )


def read_runs(table: DataFrame) -> list[RunCurves]:
    """All runs of a table, ordered by setting, rate factor and seed.

    Raises
    ------
    InputError
        The epochs of a run are not 1, 2, 3, ... with each one once.
    """
    keys = [*SETTING, "rate_factor", "seed"]
    return [read_run(rows) for _, rows in table.groupby(keys, sort=True, dropna=False)]


def select_runs(table: DataFrame, settings: Mapping[str, str | float]) -> list[RunCurves]:
    """Runs with the given values in the given columns, ordered by seed; empty where none has them.

    Raises
    ------
    InputError
        Two of them have one seed, or their epochs are not 1, 2, 3, ... with each one once.
    """
    runs = sorted(read_runs(table[match(table, settings)]), key=lambda run: run.seed)
    if len({run.seed for run in runs}) < len(runs):
        raise InputError(
            f"curves/{runs[0].experiment}.csv has several runs of one seed with "
            f"{describe_settings(settings)}; one a seed is allowed."
        )
    return runs


def describe_settings(settings: Mapping[str, str | float]) -> str:
    """Settings as text, for example "network lenet, rate_factor 0.3333"."""
    texts = (
        f"{name} {value}" if isinstance(value, str) else f"{name} {value:.4g}"
        for name, value in settings.items()
    )
    return ", ".join(texts) or "any setting"


def is_rate_sweep(table: DataFrame) -> bool:
    """Whether an experiment varies the learning rate: its table holds more than one factor."""
    return bool(table["rate_factor"].nunique() > 1)


def read_data_label(table: pd.DataFrame) -> tuple[str, bool]:
    """Name of the data in a tidy table and whether any of it is a stand-in."""
    labels = sorted({str(label) for label in table["data"]})
    return "; ".join(labels), bool(flag_stand_ins(table).any())


def flag_stand_ins(table: pd.DataFrame) -> Bool[ndarray, " rows"]:
    """Which rows of a table rest on data that stand in for the paper's."""
    return read_flags(table["stand_in"]).to_numpy(dtype=bool)


def check_columns(table: pd.DataFrame) -> None:
    """Check the columns that figures of curves read.

    Raises
    ------
    InputError
        A column is missing, or holds text where numbers belong.
    """
    for name in NEEDED_COLUMNS:
        if name not in table.columns:
            raise InputError(
                f"the table of curves has no column '{name}'; it has {', '.join(table.columns)}."
            )
        text = not pd.api.types.is_numeric_dtype(table[name])
        if text and name not in ("data", "stand_in", "network") and not table.empty:
            raise InputError(
                f"the table of curves has text in the column '{name}'; it must hold numbers."
            )


def match(table: pd.DataFrame, settings: Mapping[str, str | float]) -> Bool[ndarray, " rows"]:
    """Which rows have the given values in the given columns."""
    wanted = np.ones(len(table), dtype=bool)
    for name, value in settings.items():
        if isinstance(value, str):
            wanted &= (table[name] == value).to_numpy()
        else:
            numbers = table[name].to_numpy(dtype=float)
            wanted &= np.isclose(numbers, value, rtol=FACTOR_TOLERANCE, atol=0)
    return wanted
