"""Claims N1-N3 and K1-K2: NIN beside LeNet, and LeNet's capacity (section IV-C2)."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from maxgain.claims.conditions import (
    SETTLED,
    above,
    below,
    between,
    compare_variability,
    count_epochs,
    judge_runs,
    select_blocks,
)
from maxgain.claims.evidence import Evidence, add_note
from maxgain.claims.registry import Claim
from maxgain.statistics.intervals import (
    UNDEFINED,
    Statistic,
    compare_scales,
    measure_change,
    measure_mean,
    measure_order,
    slice_steps,
)
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves

WINDOW = 5
"""Epochs that a level is read from: enough for a mean, few enough to be one place of the curve."""


LENET, NIN = {"network": "lenet"}, {"network": "nin"}


def judge_n1(tables: ResultTables, claim: Claim) -> Evidence:
    """Lowest validation error (mean of five epochs in a row): LeNet's less NIN's, above 0.

    Less than 0.01, one image in a hundred, is equivalent to no difference. Both networks count
    over the epochs they were trained for. Where NIN has fewer than LeNet, a lower error is a lower
    error all the same, but a higher one proves nothing and the outcome is "inconclusive".
    """
    blocks = select_blocks(tables, claim, LENET, NIN)
    lenet, nin = ([block[place] for block in blocks] for place in (0, 1))
    evidence = judge_runs(
        blocks,
        [
            above(
                "lowest validation error, LeNet less NIN",
                lambda a, b: _compare_lowest(a["validation_error"], b["validation_error"]),
                claim.threshold,
                claim.equivalence,
            )
        ],
        f"LeNet {count_epochs(lenet)}, NIN {count_epochs(nin)}",
    )
    if evidence.outcome == "fails" and any(b.epochs < a.epochs for a, b in blocks):
        evidence = replace(evidence, outcome="inconclusive")
        return add_note(evidence, "NIN was stopped before LeNet")
    return evidence


def judge_n2(tables: ResultTables, claim: Claim) -> Evidence:
    """LeNet overfits beyond epoch 70 and its gain turns from flat to variable; NIN's is flat.

    Overfitting: validation loss rising, training loss falling beyond the epoch (signs of tau).
    Flat: a drift below 3 dB, the half-power convention, over epochs 10 to 70 for LeNet and 10 to
    the end for NIN. More variable, and more than NIN in the same epochs: log2 ratios as in C1.
    """
    epoch, first = int(claim.epoch), 2 * SETTLED

    def late(*pair: RunCurves) -> Statistic:
        return compare_scales(*(slice_steps(claim.curve(run), epoch) for run in pair))

    return judge_runs(
        select_blocks(tables, claim, LENET, NIN),
        [
            above(
                f"log2 LeNet's variability after/before epoch {epoch}",
                lambda a, b: compare_variability(claim, a, epoch, first),
                claim.threshold,
                claim.equivalence,
            ),
            *between(
                f"LeNet's drift over epochs {first}-{epoch}, dB",
                lambda a, b: measure_change(claim.curve(a)[first - 1 : epoch]),
                claim.margin,
            ),
            above(
                "tau of LeNet's validation loss after it",
                lambda a, b: measure_order(a["validation_loss"][epoch - 1 :]),
                claim.threshold,
            ),
            below(
                "tau of LeNet's training loss after it",
                lambda a, b: measure_order(a["training_loss"][epoch - 1 :]),
                claim.threshold,
            ),
            *between(
                f"NIN's drift from epoch {first}, dB",
                lambda a, b: measure_change(claim.curve(b)[first - 1 :]),
                claim.margin,
            ),
            above(
                "log2 LeNet's/NIN's variability after it", late, claim.threshold, claim.equivalence
            ),
        ],
    )


def judge_n3(tables: ResultTables, claim: Claim) -> Evidence:
    """The better network's gain is not visibly higher: gain difference below 1 dB.

    Across the ImageNet networks (claim P1) a higher gain goes with a lower error. If gain told the
    better of LeNet and NIN, the one with the lower validation error would lie visibly (by 1 dB or
    more, the limit of smoothness) higher. Both are compared over the last quarter of the epochs
    they have in common.
    """
    blocks = select_blocks(tables, claim, LENET, NIN)
    evidence = judge_runs(
        blocks,
        [
            below(
                "gain of the better network less the other's, dB",
                lambda *pair: _measure_excess_of_better(claim, *pair),
                claim.threshold,
            )
        ],
        f"the first {min(run.epochs for block in blocks for run in block)} common",
    )
    signs = [_find_better(*block) for block in blocks]
    better = ", ".join("LeNet" if sign > 0 else "NIN" for sign in signs if sign)
    return add_note(evidence, f"better: {better or 'neither'}")


def judge_k1(tables: ResultTables, claim: Claim) -> Evidence:
    """x1/4 against x1: higher training error, gain curves within 3 dB, higher variability.

    "High" and "somewhat more" are statements of sign; an excess of error below 0.01, one image in
    a hundred, is equivalent to none. "Similar" gain: the mean distance of the curves over all
    epochs is below 3 dB, the half-power convention.
    """

    def excess(full: RunCurves, small: RunCurves) -> Statistic:
        last = _last_common(full, small)
        return measure_mean(small["training_error"][last] - full["training_error"][last])

    def ratio(full: RunCurves, small: RunCurves) -> Statistic:
        common = min(full.epochs, small.epochs)
        steps = [slice_steps(claim.curve(run), 1, common) for run in (small, full)]
        return compare_scales(*steps)

    return judge_runs(
        select_blocks(tables, claim, {"capacity": 1}, {"capacity": 0.25}),
        [
            above("final training error, x1/4 less x1", excess, claim.threshold, claim.equivalence),
            below(
                "mean distance of the gain curves, dB",
                lambda full, small: measure_mean(np.abs(_subtract(claim, small, full))),
                claim.margin,
            ),
            above("log2 variability x1/4 over x1", ratio, claim.threshold),
        ],
    )


def judge_k2(tables: ResultTables, claim: Claim) -> Evidence:
    """x4: the gain's steps grow over the epochs, and the losses part from about epoch 15.

    "Increasingly variable": Kendall's tau of the size of the detrended steps and the epoch, after
    the start, above 0; below 0.2 it is equivalent to none, as in M4. Overfitting "from about epoch
    15": the validation loss falls until epoch 10 (15 less the tolerance of a third) and rises from
    15 on while the training loss falls.
    """
    epoch, sure = int(claim.epoch), int(claim.epoch - claim.tolerance)

    def growth(run: RunCurves) -> Statistic:
        steps = np.abs(slice_steps(claim.curve(run), SETTLED))
        return measure_order(steps[np.isfinite(steps)])

    return judge_runs(
        select_blocks(tables, claim, {"capacity": 4}),
        [
            above("tau of the gain's step size", growth, claim.threshold, claim.equivalence),
            above(
                f"tau of validation loss from epoch {epoch}",
                lambda run: measure_order(run["validation_loss"][epoch - 1 :]),
                claim.threshold,
            ),
            below(
                f"tau of validation loss to epoch {sure}",
                lambda run: measure_order(run["validation_loss"][:sure]),
                claim.threshold,
            ),
            below(
                f"tau of training loss from epoch {epoch}",
                lambda run: measure_order(run["training_loss"][epoch - 1 :]),
                claim.threshold,
            ),
        ],
    )


def _last_common(one: RunCurves, other: RunCurves) -> slice:
    """The last quarter of the epochs that two runs have in common."""
    common = min(one.epochs, other.epochs)
    return slice(common - max(WINDOW, common // 4), common)


def _find_better(lenet: RunCurves, nin: RunCurves) -> int:
    """1 where LeNet has the lower validation error in the end, -1 where NIN has, 0 for neither."""
    window = _last_common(lenet, nin)
    errors = [float(np.mean(run["validation_error"][window])) for run in (lenet, nin)]
    if not np.isfinite(errors).all() or errors[0] == errors[1]:
        return 0
    return 1 if errors[0] < errors[1] else -1


def _measure_excess_of_better(claim: Claim, lenet: RunCurves, nin: RunCurves) -> Statistic:
    sign = _find_better(lenet, nin)
    if not sign:
        return UNDEFINED
    return measure_mean(sign * _subtract(claim, lenet, nin)[_last_common(lenet, nin)])


def _compare_lowest(lenet: Float[ndarray, " epochs"], nin: Float[ndarray, " others"]) -> Statistic:
    """Difference of the lowest five-epoch means, with Welch's interval."""
    windows = [_find_lowest_window(curve) for curve in (lenet, nin)]
    if not all(np.isfinite(window).all() for window in windows):
        return UNDEFINED
    difference = float(windows[0].mean() - windows[1].mean())
    if np.ptp(windows[0]) == np.ptp(windows[1]) == 0:
        return Statistic(difference, difference, difference)
    interval = stats.ttest_ind(*windows, equal_var=False).confidence_interval(0.95)
    return Statistic(difference, float(interval.low), float(interval.high))


def _find_lowest_window(curve: Float[ndarray, " epochs"]) -> Float[ndarray, " window"]:
    """The five epochs in a row with the lowest mean; NaN if there are none without gap."""
    views = np.lib.stride_tricks.sliding_window_view(curve, WINDOW)
    means = views.mean(axis=1)
    if np.isnan(means).all():
        return np.full(WINDOW, np.nan)
    return np.asarray(views[np.nanargmin(means)])


def _subtract(claim: Claim, one: RunCurves, other: RunCurves) -> Float[ndarray, " common"]:
    """Difference of two gains over their common epochs; NaN where either is not finite."""
    epochs = min(one.epochs, other.epochs)
    pair = np.array([claim.curve(one)[:epochs], claim.curve(other)[:epochs]])
    pair = np.where(np.isfinite(pair).all(axis=0), pair, np.nan)
    return np.asarray(pair[0] - pair[1])
