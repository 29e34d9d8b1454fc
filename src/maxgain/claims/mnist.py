"""Claims M1-M6: LeNet on MNIST at six learning rates (section IV-A, figures 8 and 9)."""

import numpy as np
from scipy import stats

from maxgain.claims.conditions import (
    RAISED,
    TENTH,
    THIRD,
    above,
    below,
    between,
    grow_with_rate,
    judge_runs,
    select_blocks,
)
from maxgain.claims.evidence import Evidence, add_note
from maxgain.claims.parts import add_parts
from maxgain.claims.registry import Claim
from maxgain.statistics.intervals import (
    Statistic,
    measure_change,
    measure_late_share,
    measure_order,
    measure_scale,
    slice_steps,
)
from maxgain.statistics.trend import plateau_epoch
from maxgain.statistics.variability import scale_of
from maxgain.tables.results import ResultTables


def judge_m1(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain at x1: at most a quarter of its change after epoch 10, and a rise before.

    A straight line over 20 epochs would have half of its change after epoch 10, a perfect plateau
    none: the threshold is midway. The rise must exceed 1 dB, the ripple below which a curve passes
    as constant (`maxgain.diagnosis.thresholds.SMOOTH_DB`).
    """
    blocks = select_blocks(tables, claim, {"rate_factor": 1})
    epoch = int(claim.epoch)
    evidence = judge_runs(
        blocks,
        [
            *between(
                f"share of change after epoch {epoch}",
                lambda run: measure_late_share(claim.curve(run), epoch),
                claim.threshold,
            ),
            above(
                "rise before it, dB",
                lambda run: measure_change(claim.curve(run)[:epoch]),
                claim.margin,
            ),
        ],
    )
    plateaus = ", ".join(str(plateau_epoch(claim.curve(run)) or "none") for (run,) in blocks)
    return add_note(evidence, f"plateau from epoch {plateaus}")


def judge_m2(tables: ResultTables, claim: Claim) -> Evidence:
    """Losses at x1: training falls throughout, validation until about 12 and is flat after.

    "Falls" is a Kendall's tau below -1/2: three of four pairs of epochs are in falling order.
    "Throughout" asks it of the part after epoch 12 too. "Flat" is as in M1. "Error rates alike":
    the same of the training error over all epochs and the validation error before and after.
    """
    epoch, falls = int(claim.epoch), -claim.margin
    return judge_runs(
        select_blocks(tables, claim, {"rate_factor": 1}),
        [
            *between(
                f"share of validation loss's change after {epoch}",
                lambda run: measure_late_share(run["validation_loss"], epoch),
                claim.threshold,
            ),
            *between(
                "share of validation error's",
                lambda run: measure_late_share(run["validation_error"], epoch),
                claim.threshold,
            ),
            below("tau of training loss", lambda run: measure_order(run["training_loss"]), falls),
            below(
                f"tau of training loss after epoch {epoch}",
                lambda run: measure_order(run["training_loss"][epoch:]),
                falls,
            ),
            below(
                f"tau of validation loss to epoch {epoch}",
                lambda run: measure_order(run["validation_loss"][:epoch]),
                falls,
            ),
            below("tau of training error", lambda run: measure_order(run["training_error"]), falls),
            below(
                f"tau of validation error to epoch {epoch}",
                lambda run: measure_order(run["validation_error"][:epoch]),
                falls,
            ),
        ],
    )


def judge_m3(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain variability grows with the rate: a positive exponent over x1, x2, x3, x4.

    "Grows" is a statement of sign, so the threshold is 0. An exponent below 1/4 is equivalent to
    no growth: over the four rates the variability then grows by less than 4^(1/4), the 3 dB of
    the half-power convention. An exponent uses all four rates at once; Page's test for an ordered
    alternative with seeds as blocks is added as a check that assumes no power law. Diverged runs
    count up to their divergence.
    """
    blocks = select_blocks(tables, claim, *({"rate_factor": factor} for factor in RAISED))
    evidence = judge_runs(blocks, [grow_with_rate(claim)])
    evidence = add_parts(evidence, claim, blocks, lambda part: grow_with_rate(part).measure)
    scales = np.array(
        [[scale_of(slice_steps(claim.curve(run), 1)) for run in block] for block in blocks]
    )
    medians = [
        f"{np.median(column[np.isfinite(column)]):.2f}" if np.isfinite(column).any() else "none"
        for column in scales.T
    ]
    note = f"variability at x1, x2, x3, x4: {', '.join(medians)} dB"
    complete = scales[np.isfinite(scales).all(axis=1)]
    if len(complete) > 1:
        note += f"; Page's test p = {stats.page_trend_test(complete).pvalue:.2g}"
    return add_note(evidence, note)


def judge_m4(tables: ResultTables, claim: Claim) -> Evidence:
    """Losses at x4 rise beyond epoch 7 (tau above 0) and the gain jumps by more than 1 dB.

    A tau below 0.2 is equivalent to no rise: fewer than three of five pairs of epochs are in
    rising order. A gain that jumps by more than 1 dB an epoch, the limit of smoothness, neither
    rises smoothly nor stays constant. Diverged epochs count as the largest losses; the gain is
    judged up to the divergence.
    """
    blocks = select_blocks(tables, claim, {"rate_factor": RAISED[-1]})
    first = int(claim.epoch) - 1
    evidence = judge_runs(
        blocks,
        [
            above(
                f"tau of validation loss from epoch {first + 1}",
                lambda run: measure_order(run["validation_loss"][first:]),
                claim.threshold,
                claim.equivalence,
            ),
            above(
                "tau of training loss",
                lambda run: measure_order(run["training_loss"][first:]),
                claim.threshold,
                claim.equivalence,
            ),
            above(
                "gain variability, dB",
                lambda run: measure_scale(slice_steps(claim.curve(run), 1)),
                claim.margin,
            ),
        ],
    )
    diverged = sum(bool(np.isnan(run["training_loss"]).any()) for (run,) in blocks)
    return add_note(evidence, f"{diverged} of {len(blocks)} runs diverged")


def judge_m5(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain at x1/10: still rising in the second half, by a visible amount, smoothly.

    The complement of M1: more than a quarter of the rise in the second half (a straight line has
    one half), a whole rise above 1 dB and a variability below 1 dB.
    """
    return judge_runs(
        select_blocks(tables, claim, {"rate_factor": TENTH}),
        [
            above(
                "share of rise in the second half",
                lambda run: measure_late_share(claim.curve(run), run.epochs // 2),
                claim.threshold,
            ),
            above("whole rise, dB", lambda run: measure_change(claim.curve(run)), claim.margin),
            below(
                "gain variability, dB",
                lambda run: measure_scale(slice_steps(claim.curve(run), 1)),
                claim.margin,
            ),
        ],
    )


def judge_m6(tables: ResultTables, claim: Claim) -> Evidence:
    """Validation error after the last epoch: x1/3 less x1, paired by seed, above 0.

    "Lower" is a statement of sign; less than 0.001, ten of MNIST's validation images, is
    equivalent to no difference. A run that has diverged has no error: its seed is left out.
    """
    blocks = select_blocks(tables, claim, {"rate_factor": 1}, {"rate_factor": THIRD})
    evidence = judge_runs(
        blocks,
        [
            above(
                "final validation error, x1/3 less x1",
                lambda default, third: Statistic(
                    float(third["validation_error"][-1] - default["validation_error"][-1])
                ),
                claim.threshold,
                claim.equivalence,
            )
        ],
    )
    finals = np.array([[run["validation_error"][-1] for run in block] for block in blocks])
    means = [column[np.isfinite(column)] for column in finals.T]
    text = ", ".join(f"{values.mean():.4f}" if values.size else "none" for values in means)
    return add_note(evidence, f"mean error at x1, x1/3: {text}")
