"""Single training runs, read from the tidy tables of the experiments."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame

from maxgain.claims.evidence import Claim, NotRun, ResultTables
from maxgain.errors import InputError

#: What makes a training one and the same, in whatever experiments it is listed.
SETTING = ("dataset", "data", "network", "capacity", "learning_rate")


#: Raised learning rates of figures 8 and 10, with the default one.
RAISED = (1.0, 2.0, 3.0, 4.0)
#: Lowered learning rates of figures 9 and 11.
THIRD, TENTH = 1 / 3, 1 / 10


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


def select_runs(
    tables: ResultTables,
    claim: Claim,
    network: str | None = None,
    rate_factor: float | None = None,
    capacity: float | None = None,
) -> list[Run]:
    """Return the runs of the claim's experiment with the given settings, one a seed.

    Raises
    ------
    NotRun
        There is no such run, or they have fewer epochs than the claim needs.
    """
    table = tables.curves[claim.table]
    wanted = {"network": network, "rate_factor": rate_factor, "capacity": capacity}
    named = {name: value for name, value in wanted.items() if value is not None}
    for name, value in named.items():
        if isinstance(value, str):
            table = table[table[name] == value]
        else:
            # The factor 1/3 is written with six digits.
            table = table[np.isclose(table[name].astype(float), value, rtol=1e-3, atol=0)]
    label = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in named.items()
    )
    runs = sorted(read_runs(table), key=lambda run: run.seed)
    if not runs:
        raise NotRun(f"missing: {claim.table} with {label or 'any setting'}")
    if len({run.seed for run in runs}) < len(runs):
        raise InputError(
            f"curves/{claim.table}.csv has several runs of one seed with {label}; one a seed is "
            "allowed."
        )
    shortest = min(run.epochs for run in runs)
    if shortest < claim.epochs:
        raise NotRun(
            f"needs {claim.epochs:.0f} epochs, {claim.table} with {label or 'any setting'} has "
            f"{shortest}"
        )
    return runs


def pair_by_seed(*groups: list[Run]) -> list[tuple[Run, ...]]:
    """Return one tuple of runs for each seed that all groups have.

    Raises
    ------
    NotRun
        The groups have no seed in common.
    """
    by_seed = [{run.seed: run for run in group} for group in groups]
    seeds = sorted(set.intersection(*(set(runs) for runs in by_seed)))
    if not seeds:
        raise NotRun("missing: a seed that all compared settings have in common")
    return [tuple(runs[seed] for runs in by_seed) for seed in seeds]


def count_epochs(runs: list[Run]) -> str:
    """Return the epochs of the runs as text, "20" or "20 to 45"."""
    counts = sorted({run.epochs for run in runs})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
