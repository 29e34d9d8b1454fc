"""Claims N1-N3 and K1-K2: NIN beside LeNet, and LeNet's capacity (section IV-C2)."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from maxgain.claims.evidence import Claim, Evidence
from maxgain.claims.findings import add_note, conclude, hold_above, hold_below, hold_between
from maxgain.claims.runs import (
    SETTLED,
    compare_variability,
    count_epochs,
    pair_by_seed,
    select_runs,
)
from maxgain.statistics.intervals import (
    UNDEFINED,
    Quantity,
    compare_scales,
    measure_change,
    measure_mean,
    measure_order,
    slice_steps,
)
from maxgain.tables.results import ResultTables

#: Epochs that a level is read from: enough for a mean, few enough to be one place of the curve.
WINDOW = 5


def judge_n1(tables: ResultTables, claim: Claim) -> Evidence:
    """Lowest validation error (mean of five epochs in a row): LeNet's less NIN's, above 0.

    Both networks count over the epochs they were trained for. Where NIN has fewer than LeNet, a
    lower error is a lower error all the same, but a higher one proves nothing and the verdict is
    "inconclusive".
    """
    pairs = pair_by_seed(
        select_runs(tables, claim, network="lenet"), select_runs(tables, claim, network="nin")
    )
    excess = [_compare_lowest(a.validation_error, b.validation_error) for a, b in pairs]
    lenet, nin = ([pair[i] for pair in pairs] for i in (0, 1))
    evidence = conclude(
        [hold_above("lowest validation error, LeNet less NIN", excess, claim.threshold)],
        len(pairs),
        f"LeNet {count_epochs(lenet)}, NIN {count_epochs(nin)}",
    )
    if evidence.verdict == "not reproduced" and any(b.epochs < a.epochs for a, b in pairs):
        return Evidence(
            "inconclusive",
            evidence.effect,
            evidence.ci_low,
            evidence.ci_high,
            evidence.seeds,
            f"{evidence.numbers}; NIN was stopped before LeNet",
        )
    return evidence


def judge_n2(tables: ResultTables, claim: Claim) -> Evidence:
    """LeNet overfits beyond epoch 70 and its gain turns from flat to variable; NIN's is flat.

    Overfitting: validation loss rising, training loss falling beyond the epoch (signs of tau).
    Flat: a drift below 3 dB, the half-power convention, over epochs 10 to 70 for LeNet and 10 to
    the end for NIN. More variable, and more than NIN in the same epochs: signs of log2 ratios.
    """
    lenet = select_runs(tables, claim, network="lenet")
    nin = select_runs(tables, claim, network="nin")
    pairs = pair_by_seed(lenet, nin)
    epoch, first = int(claim.epoch), 2 * SETTLED
    late = [
        compare_scales(slice_steps(a.gain, epoch), slice_steps(b.gain, epoch)) for a, b in pairs
    ]
    lenet_drifts = [measure_change(a.gain[first - 1 : epoch]) for a, _ in pairs]
    nin_drifts = [measure_change(b.gain[first - 1 :]) for _, b in pairs]
    return conclude(
        [
            hold_above(
                f"log2 LeNet's variability after/before epoch {epoch}",
                [compare_variability(a, epoch, first) for a, _ in pairs],
                claim.threshold,
            ),
            *hold_between(
                f"LeNet's drift over epochs {first}-{epoch}, dB", lenet_drifts, claim.margin
            ),
            hold_above(
                "tau of LeNet's validation loss after it",
                [measure_order(a.validation_loss[epoch - 1 :]) for a, _ in pairs],
                claim.threshold,
            ),
            hold_below(
                "tau of LeNet's training loss after it",
                [measure_order(a.training_loss[epoch - 1 :]) for a, _ in pairs],
                claim.threshold,
            ),
            *hold_between(f"NIN's drift from epoch {first}, dB", nin_drifts, claim.margin),
            hold_above("log2 LeNet's/NIN's variability after it", late, claim.threshold),
        ],
        len(pairs),
        count_epochs(lenet + nin),
    )


def judge_n3(tables: ResultTables, claim: Claim) -> Evidence:
    """The better network's gain is not visibly higher: gain difference below 1 dB.

    Across the ImageNet networks (claim P1) a higher gain goes with a lower error. If gain told the
    better of LeNet and NIN, the one with the lower validation error would lie visibly (by 1 dB or
    more, the limit of smoothness) higher. Both are compared over the last quarter of the epochs
    they have in common.
    """
    pairs = pair_by_seed(
        select_runs(tables, claim, network="lenet"), select_runs(tables, claim, network="nin")
    )
    excess, better = [], []
    for lenet, nin in pairs:
        common = min(lenet.epochs, nin.epochs)
        window = slice(common - max(WINDOW, common // 4), common)
        errors = [float(np.mean(run.validation_error[window])) for run in (lenet, nin)]
        if not np.isfinite(errors).all() or errors[0] == errors[1]:
            excess.append(UNDEFINED)
            continue
        sign = 1 if errors[0] < errors[1] else -1
        better.append("LeNet" if sign > 0 else "NIN")
        excess.append(measure_mean(sign * _subtract(lenet.gain, nin.gain, common)[window]))
    evidence = conclude(
        [hold_below("gain of the better network less the other's, dB", excess, claim.threshold)],
        len(pairs),
        f"the first {min(run.epochs for pair in pairs for run in pair)} common",
    )
    return add_note(evidence, f"better: {', '.join(better) or 'neither'}")


def judge_k1(tables: ResultTables, claim: Claim) -> Evidence:
    """x1/4 against x1: higher training error, gain curves within 3 dB, higher variability.

    "High" and "somewhat more" are statements of sign. "Similar" gain: the mean distance of the
    curves over all epochs is below 3 dB, the half-power convention.
    """
    pairs = pair_by_seed(
        select_runs(tables, claim, capacity=1), select_runs(tables, claim, capacity=0.25)
    )
    excess, distances, ratios = [], [], []
    for full, small in pairs:
        common = min(full.epochs, small.epochs)
        last = slice(common - max(WINDOW, common // 4), common)
        excess.append(measure_mean(small.training_error[last] - full.training_error[last]))
        distances.append(measure_mean(np.abs(_subtract(small.gain, full.gain, common))))
        ratios.append(
            compare_scales(slice_steps(small.gain, 1, common), slice_steps(full.gain, 1, common))
        )
    return conclude(
        [
            hold_above("final training error, x1/4 less x1", excess, claim.threshold),
            hold_below("mean distance of the gain curves, dB", distances, claim.margin),
            hold_above("log2 variability x1/4 over x1", ratios, claim.threshold),
        ],
        len(pairs),
        count_epochs([run for pair in pairs for run in pair]),
    )


def judge_k2(tables: ResultTables, claim: Claim) -> Evidence:
    """x4: the gain's steps grow over the epochs, and the losses part from about epoch 15.

    "Increasingly variable": Kendall's tau of the size of the detrended steps and the epoch, after
    the start, above 0. Overfitting "from about epoch 15": the validation loss falls until epoch
    10 (15 less the tolerance of a third) and rises from 15 on while the training loss falls.
    """
    runs = select_runs(tables, claim, capacity=4)
    epoch, sure = int(claim.epoch), int(claim.epoch - claim.tolerance)
    growth = []
    for run in runs:
        steps = np.abs(slice_steps(run.gain, SETTLED))
        growth.append(measure_order(steps[np.isfinite(steps)]))
    return conclude(
        [
            hold_above("tau of the gain's step size", growth, claim.threshold),
            hold_above(
                f"tau of validation loss from epoch {epoch}",
                [measure_order(run.validation_loss[epoch - 1 :]) for run in runs],
                claim.threshold,
            ),
            hold_below(
                f"tau of validation loss to epoch {sure}",
                [measure_order(run.validation_loss[:sure]) for run in runs],
                claim.threshold,
            ),
            hold_below(
                f"tau of training loss from epoch {epoch}",
                [measure_order(run.training_loss[epoch - 1 :]) for run in runs],
                claim.threshold,
            ),
        ],
        len(runs),
        count_epochs(runs),
    )


def _compare_lowest(lenet: Float[ndarray, " epochs"], nin: Float[ndarray, " others"]) -> Quantity:
    """Return the difference of the lowest five-epoch means, with Welch's interval."""
    windows = [_find_lowest_window(curve) for curve in (lenet, nin)]
    if not all(np.isfinite(window).all() for window in windows):
        return UNDEFINED
    difference = float(windows[0].mean() - windows[1].mean())
    if np.ptp(windows[0]) == np.ptp(windows[1]) == 0:
        return Quantity(difference, difference, difference)
    interval = stats.ttest_ind(*windows, equal_var=False).confidence_interval(0.95)
    return Quantity(difference, float(interval.low), float(interval.high))


def _find_lowest_window(curve: Float[ndarray, " epochs"]) -> Float[ndarray, " window"]:
    """Return the five epochs in a row with the lowest mean; NaN if there are none without gap."""
    views = np.lib.stride_tricks.sliding_window_view(curve, WINDOW)
    means = views.mean(axis=1)
    if np.isnan(means).all():
        return np.full(WINDOW, np.nan)
    return np.asarray(views[np.nanargmin(means)])


def _subtract(
    one: Float[ndarray, " epochs"], other: Float[ndarray, " others"], epochs: int
) -> Float[ndarray, " common"]:
    """Return the difference over the first epochs; NaN where either is not finite."""
    pair = np.array([one[:epochs], other[:epochs]])
    pair = np.where(np.isfinite(pair).all(axis=0), pair, np.nan)
    return np.asarray(pair[0] - pair[1])
