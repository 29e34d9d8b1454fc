"""Claim S4b of this project: the saturation falls on overfitting, and only there.

Whether it is training confidence in disguise stands beside the verdict.
"""

from collections.abc import Sequence

import numpy as np

from maxgain.claims.conditions import Block, below, count_epochs, judge_runs
from maxgain.claims.diagnosed_runs import find_overfitting
from maxgain.claims.evidence import Evidence, NotRun, add_note
from maxgain.claims.registry import Claim
from maxgain.diagnosis.losses import loss_minimum
from maxgain.statistics.concordance import concordance, partial_concordance
from maxgain.statistics.fall import fall_onset
from maxgain.statistics.intervals import average, measure_distance
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves, read_runs


def judge_s4b(tables: ResultTables, claim: Claim) -> Evidence:
    """S4b: C (mean over impulses) begins to fall where a training overfits, and nowhere else.

    Over all rates and both data sets, diverged runs left out. Where the losses show overfitting,
    the fall's onset is within a fifth of the epochs (as in S4) of the lowest validation loss, in
    the mean over a seed's runs. Where they do not, at most a quarter of a seed's runs have such an
    onset: "none" with what the finding of an onset in noise allows for. A seed without runs of one
    of the two kinds says nothing of it.
    """
    runs = _judged_runs(tables, claim)
    blocks: list[Block] = [
        tuple(run for run in runs if run.seed == seed)
        for seed in sorted({run.seed for run in runs})
    ]
    evidence = judge_runs(
        blocks,
        [
            below(
                "epochs from lowest validation loss to C's fall, over the run's",
                lambda *block: average([_distance(claim, run) for run in block if _overfits(run)]),
                claim.threshold,
            ),
            below(
                "share of runs without overfitting in which C falls",
                lambda *block: average([_falls(claim, run) for run in block if not _overfits(run)]),
                claim.margin,
            ),
        ],
        count_epochs(runs),
    )
    for name in claim.tables:
        of_table = [run for run in runs if run.experiment == name]
        said = describe_confidence(of_table, claim.quantities[0])
        evidence = add_note(evidence, f"{name}: {said}")
    return evidence


def describe_confidence(runs: Sequence[RunCurves], saturation: str) -> str:
    """How saturation goes with the losses over the epochs, as short text with means over runs.

    Kendall's tau with the training loss says how much of the saturation is confidence on the
    training images; the partial tau with the validation loss, the training loss held fixed, what
    it says of overfitting besides.

    Parameters
    ----------
    saturation
        Its column.
    """
    curves = [(run[saturation], run["training_loss"], run["validation_loss"]) for run in runs]
    trained = average([concordance(own, training) for own, training, _ in curves]).value
    besides = average(
        [partial_concordance(own, validation, training) for own, training, validation in curves]
    ).value
    return (
        f"tau of C and training loss {trained:.2f}, of C and validation loss with the training "
        f"loss held {besides:.2f}"
    )


def _judged_runs(tables: ResultTables, claim: Claim) -> list[RunCurves]:
    """Runs of both data sets that are long enough and have not diverged."""
    runs = [
        run
        for name in claim.tables
        for run in read_runs(tables.curves[name])
        if run.epochs >= claim.epochs and np.isfinite(run["validation_loss"]).all()
    ]
    if not runs:
        raise NotRun(f"needs a run of {claim.epochs:.0f} epochs or more, there is none")
    return runs


def _overfits(run: RunCurves) -> bool:
    return find_overfitting(run) is not None


def _distance(claim: Claim, run: RunCurves) -> float:
    """Distance of the onset of C's fall and the lowest validation loss, over the epochs."""
    lowest = loss_minimum(run["validation_loss"])
    tolerance = claim.threshold * run.epochs
    distance = measure_distance(fall_onset(claim.curve(run)), lowest, run.epochs, tolerance)
    return distance.value / run.epochs


def _falls(claim: Claim, run: RunCurves) -> float:
    """1 where C begins to fall somewhere, else 0."""
    return float(fall_onset(claim.curve(run)) is not None)
