"""Claims C1-C5: LeNet on CIFAR-10 at six learning rates (section IV-B, figures 10 and 11)."""

import math

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from maxgain.claims.evidence import Claim, Evidence
from maxgain.claims.findings import add_note, conclude, hold_above, hold_below, hold_between
from maxgain.claims.runs import (
    RAISED,
    SETTLED,
    TENTH,
    THIRD,
    compare_variability,
    count_epochs,
    pair_by_seed,
    select_runs,
)
from maxgain.diagnosis.losses import overfitting_onset
from maxgain.statistics.intervals import (
    UNDEFINED,
    Quantity,
    fit_exponent,
    measure_change,
    measure_mean,
    measure_order,
    measure_scale,
    slice_steps,
)
from maxgain.statistics.onset import variability_onset
from maxgain.tables.results import ResultTables

METRICS = ("training_loss", "validation_loss", "training_error", "validation_error")


def judge_c1(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain at x1: a drop, a steady stretch to about epoch 27, then more variable.

    "More variable" is a statement of sign: log2 of the ratio of variabilities above 0. Drop and
    steadiness use 3 dB, the half-power convention for "flat": epoch 1 lies that far above the
    stretch from epoch 5 to 27, whose drift stays below it. "About epoch 27" allows a third of the
    epoch named, 9 epochs, on either side; the onset is a change point in the size of the steps.
    """
    runs = select_runs(tables, claim, rate_factor=1)
    epoch = int(claim.epoch)
    ratios = [compare_variability(run, epoch, SETTLED) for run in runs]
    drops = [_measure_drop(run.gain, epoch) for run in runs]
    drifts = [measure_change(run.gain[SETTLED - 1 : epoch]) for run in runs]
    onsets = [_measure_onset(run.gain) for run in runs]
    return conclude(
        [
            hold_above(f"log2 variability after/before epoch {epoch}", ratios, claim.threshold),
            hold_above("drop, dB", drops, claim.margin),
            *hold_between(f"drift over epochs {SETTLED}-{epoch}, dB", drifts, claim.margin),
            hold_above("onset of variability, epoch", onsets, claim.epoch - claim.tolerance),
            hold_below("onset of variability, epoch", onsets, claim.epoch + claim.tolerance),
        ],
        len(runs),
        count_epochs(runs),
    )


def judge_c2(tables: ResultTables, claim: Claim) -> Evidence:
    """Onset of variability and of overfitting at x1 are within 9 epochs of each other.

    9 epochs is what "about epoch 27" allows for in C1: what coincides cannot be asked to do so
    more closely. The onset of overfitting is the lowest validation loss, where the validation loss
    then rises and the training loss falls. Runs with only one of the two onsets speak against the
    claim; runs with neither say nothing.
    """
    runs = select_runs(tables, claim, rate_factor=1)
    distances, contradictions, names = [], 0, []
    for run in runs:
        onset = variability_onset(run.gain)
        overfit = overfitting_onset(run.validation_loss, run.training_loss)
        names.append(f"{onset.epoch if onset else 'none'}/{overfit or 'none'}")
        if onset is None or overfit is None:
            distances.append(UNDEFINED)
            contradictions += (onset is None) != (overfit is None)
        else:
            distances.append(
                Quantity(onset.epoch - overfit, onset.low - overfit, onset.high - overfit)
            )
    parts = hold_between("epochs from overfitting to variability", distances, claim.threshold)
    evidence = conclude(parts, len(runs), count_epochs(runs))
    evidence = add_note(evidence, f"onset of variability/overfitting: {', '.join(names)}")
    if 2 * contradictions > len(runs):
        return Evidence("not reproduced", seeds=len(runs), numbers=evidence.numbers)
    return evidence


def judge_c3(tables: ResultTables, claim: Claim) -> Evidence:
    """Variability (over all, and in either half), losses and errors grow with the rate.

    Statements of sign: thresholds are 0. The variability's exponent is as in M3. Losses and errors
    over the last quarter of the epochs are ordered against the rate by Kendall's tau, epoch by
    epoch, with a diverged loss above any number.
    """
    groups = [select_runs(tables, claim, rate_factor=factor) for factor in RAISED]
    blocks = pair_by_seed(*groups)
    half = min(run.epochs for block in blocks for run in block) // 2
    parts = []
    stretches: dict[str, tuple[int, int | None]] = {
        "": (1, None),
        f" to epoch {half}": (1, half),
        f" from epoch {half}": (half, None),
    }
    for name, (first, last) in stretches.items():
        exponents = [
            fit_exponent(list(RAISED), [slice_steps(run.gain, first, last) for run in block])
            for block in blocks
        ]
        parts.append(
            hold_above(f"exponent of variability over rate{name}", exponents, claim.threshold)
        )
    for metric in METRICS:
        taus = [_order_rates([getattr(run, metric) for run in block]) for block in blocks]
        parts.append(
            hold_above(f"tau of final {metric.replace('_', ' ')} and rate", taus, claim.threshold)
        )
    return conclude(parts, len(blocks), count_epochs([run for block in blocks for run in block]))


def judge_c4(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain at x1/3 and x1/10 from epoch 7 on: rises (above 0 dB), variability below 1 dB.

    The rise is a statement of sign; 1 dB is the limit of smoothness.
    """
    parts, runs = [], []
    for name, factor in (("x1/3", THIRD), ("x1/10", TENTH)):
        group = select_runs(tables, claim, rate_factor=factor)
        runs += group
        first = int(claim.epoch)
        rises = [measure_change(run.gain[first - 1 :]) for run in group]
        jumps = [measure_scale(slice_steps(run.gain, first)) for run in group]
        parts += [
            hold_above(f"rise at {name} from epoch {first}, dB", rises, claim.threshold),
            hold_below(f"variability at {name}, dB", jumps, claim.margin),
        ]
    # The effect is the smaller of the two rises.
    parts.sort(key=lambda part: (not part.name.startswith("rise"), part.mean))
    return conclude(parts, min(part.seeds + part.undefined for part in parts), count_epochs(runs))


def judge_c5(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain at x1/3: more variable after epoch 27 than before, while the losses part.

    Statements of sign: thresholds are 0. "Later epochs" is read as in C1, after epoch 27.
    """
    runs = select_runs(tables, claim, rate_factor=THIRD)
    epoch = int(claim.epoch)
    ratios = [compare_variability(run, epoch, SETTLED) for run in runs]
    return conclude(
        [
            hold_above(f"log2 variability after/before epoch {epoch}", ratios, claim.threshold),
            hold_above(
                "tau of validation loss after it",
                [measure_order(run.validation_loss[epoch - 1 :]) for run in runs],
                claim.threshold,
            ),
            hold_below(
                "tau of training loss after it",
                [measure_order(run.training_loss[epoch - 1 :]) for run in runs],
                claim.threshold,
            ),
        ],
        len(runs),
        count_epochs(runs),
    )


def _measure_drop(gain: Float[ndarray, " epochs"], epoch: int) -> Quantity:
    """Return how far epoch 1 lies above the mean of the stretch from `SETTLED` to `epoch`, dB."""
    if not np.isfinite(gain[0]):
        return UNDEFINED
    return measure_mean(gain[0] - gain[SETTLED - 1 : epoch])


def _measure_onset(gain: Float[ndarray, " epochs"]) -> Quantity:
    """Return the onset of variability, in epochs; undefined where there is none."""
    onset = variability_onset(gain)
    return UNDEFINED if onset is None else Quantity(onset.epoch, onset.low, onset.high)


def _order_rates(curves: list[Float[ndarray, " epochs"]]) -> Quantity:
    """Return Kendall's tau of a metric with the raised rates, averaged over the last quarter."""
    last = max(3, min(curve.size for curve in curves) // 4)
    final = np.array([curve[-last:] for curve in curves])
    ranked = stats.rankdata(np.where(np.isnan(final), math.inf, final), axis=0)
    taus = [
        float(stats.kendalltau(RAISED, column).statistic)
        for column in ranked.T
        if np.unique(column).size > 1
    ]
    return measure_mean(np.array(taus, dtype=np.float64))
