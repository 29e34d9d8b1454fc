"""Gather the runs of a tidy table into the curves that a figure draws."""

from collections.abc import Mapping
from dataclasses import dataclass
import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from numpy import ndarray
from maxgain.errors import InputError
from maxgain.tables.runs import QUANTITIES
from maxgain.tables.runs import RUN
from maxgain.tables.runs import match


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
    rows = table[match(table, settings)]
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
