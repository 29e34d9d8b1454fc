"""Claims C1-C5: LeNet on CIFAR-10 at six learning rates (section IV-B, figures 10 and 11)."""

import math

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from maxgain.claims.conditions import (
    RAISED,
    SETTLED,
    TENTH,
    THIRD,
    Condition,
    above,
    below,
    between,
    compare_variability,
    grow_with_rate,
    judge_runs,
    select_blocks,
)
from maxgain.claims.diagnosed_runs import find_overfitting
from maxgain.claims.evidence import Evidence, add_note
from maxgain.claims.parts import GAIN_AND_PARTS, add_parts
from maxgain.claims.registry import Claim
from maxgain.statistics.intervals import (
    UNDEFINED,
    Statistic,
    measure_change,
    measure_distance,
    measure_mean,
    measure_order,
    measure_scale,
    slice_steps,
)
from maxgain.statistics.onset import variability_onset
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves

METRICS = ("training_loss", "validation_loss", "training_error", "validation_error")


def judge_c1(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain at x1: a drop, a steady stretch to about epoch 27, then more variable.

    "More variable" is a statement of sign: log2 of the ratio of variabilities above 0; below 1/2,
    the 3 dB of the half-power convention, it is equivalent to no change. Drop and steadiness use
    3 dB too: epoch 1 lies that far above the stretch from epoch 5 to 27, whose drift stays below
    it. "About epoch 27" allows a third of the epoch named, 9 epochs, on either side; the onset is
    a change point in the size of the steps, and a run without one counts as if it came right after
    the last epoch.
    """
    epoch = int(claim.epoch)

    def onset(run: RunCurves) -> Statistic:
        return _measure_onset(claim.curve(run))

    blocks = select_blocks(tables, claim, {"rate_factor": 1})
    evidence = judge_runs(
        blocks,
        [
            _later(claim),
            above("drop, dB", lambda run: _measure_drop(claim.curve(run), epoch), claim.margin),
            *between(
                f"drift over epochs {SETTLED}-{epoch}, dB",
                lambda run: measure_change(claim.curve(run)[SETTLED - 1 : epoch]),
                claim.margin,
            ),
            above("onset of variability, epoch", onset, claim.epoch - claim.tolerance),
            below("onset of variability, epoch", onset, claim.epoch + claim.tolerance),
        ],
    )
    return add_parts(evidence, claim, blocks, lambda part: _later(part).measure)


def judge_c2(tables: ResultTables, claim: Claim) -> Evidence:
    """Onset of variability and of overfitting at x1 are within 9 epochs of each other.

    9 epochs is what "about epoch 27" allows for in C1: what coincides cannot be asked to do so
    more closely. The onset of overfitting is the lowest validation loss, where the validation loss
    then rises and the training loss falls. The distance has no sign, so that onsets too early in
    one run and too late in another do not cancel. An onset that does not come lies beyond the last
    epoch: the distance is then at least that to the epoch after it, and a run in which this is
    within 9 epochs says nothing.

    The claim is conditional: it is about trainings in which something sets in. Those in which
    neither onset comes are outside of it, and are left out and counted in the note; five others are
    needed, as everywhere.
    """
    blocks = select_blocks(tables, claim, {"rate_factor": 1})
    judged = [block for block in blocks if any(_find_onsets(claim, block[0]))]
    evidence = judge_runs(
        judged or blocks,
        [
            below(
                "epochs between overfitting and variability",
                lambda run: measure_distance(
                    *_find_onsets(claim, run), run.epochs, claim.threshold
                ),
                claim.threshold,
            )
        ],
    )
    evidence = add_parts(
        evidence,
        claim,
        judged,
        lambda part: lambda run: _compare_around_overfitting(part, run),
        "log2 variability after/before overfitting",
        GAIN_AND_PARTS,
    )
    names = [
        "/".join(str(onset or "none") for onset in _find_onsets(claim, run)) for (run,) in blocks
    ]
    quiet = len(blocks) - len(judged)
    return add_note(
        evidence,
        f"neither onset in {quiet} of {len(blocks)} runs, left out; onset of variability/"
        f"overfitting: {', '.join(names)}",
    )


def judge_c3(tables: ResultTables, claim: Claim) -> Evidence:
    """Variability (over all, and in either half), losses and errors grow with the rate.

    Statements of sign: thresholds are 0. The variability's exponent is as in M3. Losses and errors
    over the last quarter of the epochs are ordered against the rate by Kendall's tau, epoch by
    epoch, with a diverged loss above any number.
    """
    blocks = select_blocks(tables, claim, *({"rate_factor": factor} for factor in RAISED))
    half = min(run.epochs for block in blocks for run in block) // 2
    stretches: dict[str, tuple[int, int | None]] = {
        "": (1, None),
        f" to epoch {half}": (1, half),
        f" from epoch {half}": (half, None),
    }
    growths = [
        grow_with_rate(claim, name, first, last) for name, (first, last) in stretches.items()
    ]
    evidence = judge_runs(blocks, [*growths, *(_order(claim, metric) for metric in METRICS)])
    return add_parts(evidence, claim, blocks, lambda part: grow_with_rate(part).measure)


def judge_c4(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain at x1/10 and x1/3 from epoch 7 on: rises (above 0 dB), variability below 1 dB.

    The rise is a statement of sign, and below 1 dB, the limit of smoothness, it is equivalent to
    none.
    """
    first = int(claim.epoch)
    conditions = []
    for name, place in (("x1/10", 0), ("x1/3", 1)):
        conditions += [
            above(
                f"rise at {name} from epoch {first}, dB",
                lambda *runs, place=place: measure_change(claim.curve(runs[place])[first - 1 :]),
                claim.threshold,
                claim.equivalence,
            ),
            below(
                f"variability at {name}, dB",
                lambda *runs, place=place: measure_scale(
                    slice_steps(claim.curve(runs[place]), first)
                ),
                claim.margin,
            ),
        ]
    return judge_runs(
        select_blocks(tables, claim, {"rate_factor": TENTH}, {"rate_factor": THIRD}), conditions
    )


def judge_c5(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain at x1/3: more variable after epoch 27 than before, while the losses part.

    Statements of sign: thresholds are 0; equivalence of variabilities is as in C1. "Later epochs"
    is read as in C1, after epoch 27.
    """
    epoch = int(claim.epoch)
    blocks = select_blocks(tables, claim, {"rate_factor": THIRD})
    evidence = judge_runs(
        blocks,
        [
            _later(claim),
            above(
                "tau of validation loss after it",
                lambda run: measure_order(run["validation_loss"][epoch - 1 :]),
                claim.threshold,
            ),
            below(
                "tau of training loss after it",
                lambda run: measure_order(run["training_loss"][epoch - 1 :]),
                claim.threshold,
            ),
        ],
    )
    return add_parts(evidence, claim, blocks, lambda part: _later(part).measure)


def _later(claim: Claim) -> Condition:
    """Condition that the claim's quantity is more variable after its epoch than before."""
    epoch = int(claim.epoch)
    return above(
        f"log2 variability after/before epoch {epoch}",
        lambda run: compare_variability(claim, run, epoch, SETTLED),
        claim.threshold,
        claim.equivalence,
    )


def _compare_around_overfitting(claim: Claim, run: RunCurves) -> Statistic:
    """Log2 of the variability after over before overfitting sets in; undefined where it does not.

    Nor where it sets in so early or late that nothing could be said of one of the sides.
    """
    epoch = find_overfitting(run)
    if epoch is None or not 2 * SETTLED <= epoch <= run.epochs - SETTLED:
        return UNDEFINED
    return compare_variability(claim, run, epoch, SETTLED)


def _find_onsets(claim: Claim, run: RunCurves) -> tuple[int | None, int | None]:
    """Epochs from which on the gain is more variable, and the training overfits."""
    onset = variability_onset(claim.curve(run))
    overfit = find_overfitting(run)
    return (None if onset is None else onset.epoch), overfit


def _measure_drop(gain: Float[ndarray, " epochs"], epoch: int) -> Statistic:
    """How far epoch 1 lies above the mean of the stretch from `SETTLED` to `epoch`, dB."""
    if not np.isfinite(gain[0]):
        return UNDEFINED
    return measure_mean(gain[0] - gain[SETTLED - 1 : epoch])


def _measure_onset(gain: Float[ndarray, " epochs"]) -> Statistic:
    """Onset of variability, in epochs; the epoch after the last where a whole curve has none."""
    onset = variability_onset(gain)
    if onset is not None:
        return Statistic(onset.epoch, onset.low, onset.high)
    return Statistic(float(gain.size + 1)) if np.isfinite(gain).all() else UNDEFINED


def _order(claim: Claim, metric: str) -> Condition:
    """Condition that a final loss or error grows with the raised rates."""
    return above(
        f"tau of final {metric.replace('_', ' ')} and rate",
        lambda *runs: _order_rates([run[metric] for run in runs]),
        claim.threshold,
    )


def _order_rates(curves: list[Float[ndarray, " epochs"]]) -> Statistic:
    """Kendall's tau of a metric with the raised rates, averaged over the last quarter."""
    last = max(3, min(curve.size for curve in curves) // 4)
    final = np.array([curve[-last:] for curve in curves])
    ranked = stats.rankdata(np.where(np.isnan(final), math.inf, final), axis=0)
    taus = [
        float(stats.kendalltau(RAISED, column).statistic)
        for column in ranked.T
        if np.unique(column).size > 1
    ]
    return measure_mean(np.array(taus, dtype=np.float64))
