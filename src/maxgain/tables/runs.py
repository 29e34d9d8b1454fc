"""One run's curves out of a tidy table of an experiment."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame

from maxgain.errors import InputError

#: What makes a training one and the same, in whatever experiments it is listed.
SETTING = ("dataset", "data", "network", "capacity", "learning_rate")


@dataclass(frozen=True)
class Run:
    """One training with its curves, one value an epoch, the first being epoch 1.

    Losses and errors are NaN from the epoch of divergence on; the gain (dB) is NaN there too and
    minus infinity where the network is dead. Errors are fractions.
    """

    experiment: str
    setting: tuple[object, ...]
    rate_factor: float
    seed: int
    gain: Float[ndarray, " epochs"]
    training_loss: Float[ndarray, " epochs"]
    validation_loss: Float[ndarray, " epochs"]
    training_error: Float[ndarray, " epochs"]
    validation_error: Float[ndarray, " epochs"]

    @property
    def epochs(self) -> int:
        """Number of epochs, diverged ones counted."""
        return int(self.gain.size)


def read_run(rows: DataFrame) -> Run:
    """Return the run that rows of a tidy table hold, in whatever order they are.

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

    def column(name: str) -> Float[ndarray, " epochs"]:
        return rows[name].to_numpy(dtype=np.float64)

    return Run(
        str(first["experiment"]),
        tuple(first[name] for name in SETTING),
        float(first["rate_factor"]),
        int(first["seed"]),
        column("gain_db"),
        column("training_loss"),
        column("validation_loss"),
        column("training_error"),
        column("validation_error"),
    )


def read_runs(table: DataFrame) -> list[Run]:
    """Return all runs of a table, ordered by setting, rate factor and seed."""
    keys = [*SETTING, "rate_factor", "seed"]
    return [read_run(rows) for _, rows in table.groupby(keys, sort=True, dropna=False)]


QUANTITIES = ("gain_db", "training_loss", "validation_loss", "training_error", "validation_error")
"""What is drawn over the epochs: dB, nats, nats, fraction, fraction."""


RUN = ("network", "capacity", "learning_rate", "seed")
"""Columns that tell the runs of one experiment apart."""


NEEDED_COLUMNS = ("data", "stand_in", *RUN, "rate_factor", "epoch", *QUANTITIES)


def read_data_label(table: pd.DataFrame) -> tuple[str, bool]:
    """Return the name of the data in a tidy table and whether any of it is a stand-in."""
    labels = sorted({str(label) for label in table["data"]})
    stand_in = table["stand_in"].map(lambda value: str(value).lower() == "true").any()
    return "; ".join(labels), bool(stand_in)


def check_columns(table: pd.DataFrame) -> None:
    """Raise InputError if a column is missing, or holds text where numbers belong."""
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


def match(table: pd.DataFrame, settings: Mapping[str, str | float]) -> ndarray:
    """Which rows have the given values in the given columns."""
    wanted = np.ones(len(table), dtype=bool)
    for name, value in settings.items():
        if isinstance(value, str):
            wanted &= (table[name] == value).to_numpy()
        else:
            # Tables hold 1/3 as 0.333333 or with more digits.
            wanted &= np.isclose(table[name].to_numpy(dtype=float), value, rtol=1e-3, atol=0)
    return wanted
