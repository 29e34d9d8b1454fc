"""The runs that a claim is judged on: selected by setting, paired by seed."""

import numpy as np

from maxgain.claims.evidence import Claim, NotRun
from maxgain.errors import InputError
from maxgain.statistics.intervals import (
    Quantity,
    compare_scales,
    slice_steps,
)
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import Run, read_runs

#: "At first": what happens before this epoch is the start, and is left out of steady stretches.
SETTLED = 5


def compare_variability(run: Run, epoch: int, first: int) -> Quantity:
    """Return log2 of the gain's variability after over before `epoch`, from `first` on."""
    return compare_scales(slice_steps(run.gain, epoch), slice_steps(run.gain, first, epoch))


#: Raised learning rates of figures 8 and 10, with the default one.
RAISED = (1.0, 2.0, 3.0, 4.0)


#: Lowered learning rates of figures 9 and 11.
THIRD, TENTH = 1 / 3, 1 / 10


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
