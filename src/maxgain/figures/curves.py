"""Gather the runs of a tidy table into the curves that a figure draws."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from numpy import ndarray

from maxgain.errors import InputError

QUANTITIES = ("gain_db", "training_loss", "validation_loss", "training_error", "validation_error")
"""What is drawn over the epochs: dB, nats, nats, fraction, fraction."""

RUN = ("network", "capacity", "learning_rate", "seed")
"""Columns that tell the runs of one experiment apart."""

NEEDED_COLUMNS = ("data", "stand_in", *RUN, "rate_factor", "epoch", *QUANTITIES)


@dataclass(frozen=True)
class Curve:
    """The runs that differ in their seed only.

    Attributes
    ----------
    learning_rate
        Of all runs.
    epochs
        1, 2, ... up to the longest run's last epoch.
    values
        For each of `QUANTITIES` one row a run and one column an epoch; NaN where the run has no
        finite value (diverged, dead, or ended).
    diverged_at, dead_at
        For each run that diverged (NaN) or died (gain of minus infinity), the first such epoch.
    """

    learning_rate: float
    epochs: Int[ndarray, " epochs"]
    values: Mapping[str, Float[ndarray, "runs epochs"]]
    diverged_at: tuple[int, ...]
    dead_at: tuple[int, ...]

    @property
    def runs(self) -> int:
        """Number of runs, one a seed."""
        return len(self.values["gain_db"])

    def summarise(self, quantity: str) -> tuple[ndarray, ndarray, ndarray]:
        """Lowest, median and highest finite value of the runs at each epoch, NaN if none is."""
        table = pd.DataFrame(self.values[quantity])
        return table.min().to_numpy(), table.median().to_numpy(), table.max().to_numpy()


def select_curve(table: pd.DataFrame, settings: Mapping[str, str | float]) -> Curve | None:
    """Gather the runs with the given values in the given columns; None if there are none.

    Raises
    ------
    InputError
        The runs differ in more than their seed, or a run's epochs are not 1, 2, 3, ...
    """
    rows = table[_match(table, settings)]
    if rows.empty:
        return None
    for name in RUN[:-1]:
        if rows[name].nunique() > 1:
            raise InputError(
                f"the curve {dict(settings)} has runs with {name} "
                f"{', '.join(str(value) for value in sorted(rows[name].unique()))}; "
                "a curve's runs may differ in their seed only."
            )
    for seed, epochs_of_run in rows.groupby("seed")["epoch"]:
        if sorted(epochs_of_run) != list(range(1, len(epochs_of_run) + 1)):
            raise InputError(
                f"the curve {dict(settings)} has the epochs {sorted(epochs_of_run)[:5]} ... in "
                f"its run of seed {seed}; they must be 1, 2, 3, ..., each once."
            )
    loss = rows["training_loss"].astype(float) + rows["validation_loss"].astype(float)
    diverged = rows[rows["gain_db"].astype(float).isna() | ~np.isfinite(loss)]
    dead = rows[np.isneginf(rows["gain_db"].astype(float))]
    epochs = np.arange(1, int(rows["epoch"].max()) + 1)
    values = {}
    for quantity in QUANTITIES:
        runs = rows.pivot(index="seed", columns="epoch", values=quantity).astype(float)
        values[quantity] = runs.reindex(columns=epochs).to_numpy(copy=True)
        values[quantity][~np.isfinite(values[quantity])] = np.nan
    return Curve(
        float(rows["learning_rate"].iloc[0]),
        epochs,
        values,
        tuple(int(epoch) for epoch in diverged.groupby("seed")["epoch"].min()),
        tuple(int(epoch) for epoch in dead.groupby("seed")["epoch"].min()),
    )


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


def _match(table: pd.DataFrame, settings: Mapping[str, str | float]) -> ndarray:
    wanted = np.ones(len(table), dtype=bool)
    for name, value in settings.items():
        if isinstance(value, str):
            wanted &= (table[name] == value).to_numpy()
        else:
            # Tables hold 1/3 as 0.333333 or with more digits.
            wanted &= np.isclose(table[name].to_numpy(dtype=float), value, rtol=1e-3, atol=0)
    return wanted
