"""Claims M1-M6: LeNet on MNIST at six learning rates (section IV-A, figures 8 and 9)."""

import numpy as np
from scipy import stats

from maxgain.claims.evidence import Claim, Evidence
from maxgain.claims.findings import add_note, conclude, hold_above, hold_below, hold_between
from maxgain.claims.runs import RAISED, TENTH, THIRD, count_epochs, pair_by_seed, select_runs
from maxgain.statistics.intervals import (
    Quantity,
    fit_exponent,
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
    as constant (`maxgain.diagnosis.rules.SMOOTH_DB`).
    """
    runs = select_runs(tables, claim, rate_factor=1)
    epoch = int(claim.epoch)
    late = [measure_late_share(run.gain, epoch) for run in runs]
    rise = [measure_change(run.gain[:epoch]) for run in runs]
    evidence = conclude(
        [
            *hold_between(f"share of change after epoch {epoch}", late, claim.threshold),
            hold_above("rise before it, dB", rise, claim.margin),
        ],
        len(runs),
        count_epochs(runs),
    )
    plateaus = ", ".join(str(plateau_epoch(run.gain) or "none") for run in runs)
    return add_note(evidence, f"plateau from epoch {plateaus}")


def judge_m2(tables: ResultTables, claim: Claim) -> Evidence:
    """Losses at x1: training falls throughout, validation until about 12 and is flat after.

    "Falls" is a Kendall's tau below -1/2: three of four pairs of epochs are in falling order.
    "Throughout" asks it of the part after epoch 12 too. "Flat" is as in M1. "Error rates alike":
    the same of the training error over all epochs and the validation error before and after.
    """
    runs = select_runs(tables, claim, rate_factor=1)
    epoch, falls = int(claim.epoch), -claim.margin
    loss = [measure_late_share(run.validation_loss, epoch) for run in runs]
    error = [measure_late_share(run.validation_error, epoch) for run in runs]
    falling = {
        "training loss": [measure_order(run.training_loss) for run in runs],
        f"training loss after epoch {epoch}": [
            measure_order(run.training_loss[epoch:]) for run in runs
        ],
        f"validation loss to epoch {epoch}": [
            measure_order(run.validation_loss[:epoch]) for run in runs
        ],
        "training error": [measure_order(run.training_error) for run in runs],
        f"validation error to epoch {epoch}": [
            measure_order(run.validation_error[:epoch]) for run in runs
        ],
    }
    return conclude(
        [
            *hold_between(
                f"share of validation loss's change after {epoch}", loss, claim.threshold
            ),
            *hold_between("share of validation error's", error, claim.threshold),
            *(hold_below(f"tau of {name}", taus, falls) for name, taus in falling.items()),
        ],
        len(runs),
        count_epochs(runs),
    )


def judge_m3(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain variability grows with the rate: a positive exponent over x1, x2, x3, x4.

    "Grows" is a statement of sign, so the threshold is 0 and the interval makes the significance.
    An exponent uses all four rates at once; Page's test for an ordered alternative with seeds as
    blocks is added as a check that assumes no power law. Diverged runs count up to their
    divergence.
    """
    groups = [select_runs(tables, claim, rate_factor=factor) for factor in RAISED]
    blocks = pair_by_seed(*groups)
    exponents = [fit_exponent(list(RAISED), [slice_steps(r.gain, 1) for r in b]) for b in blocks]
    evidence = conclude(
        [hold_above("exponent of variability over rate", exponents, claim.threshold)],
        len(blocks),
        count_epochs([run for block in blocks for run in block]),
    )
    scales = np.array([[scale_of(slice_steps(run.gain, 1)) for run in block] for block in blocks])
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

    A gain that jumps by more than 1 dB an epoch, the limit of smoothness, neither rises smoothly
    nor stays constant. Diverged epochs count as the largest losses; the gain is judged up to the
    divergence.
    """
    runs = select_runs(tables, claim, rate_factor=RAISED[-1])
    epoch = int(claim.epoch)
    validation = [measure_order(run.validation_loss[epoch - 1 :]) for run in runs]
    training = [measure_order(run.training_loss[epoch - 1 :]) for run in runs]
    jumps = [measure_scale(slice_steps(run.gain, 1)) for run in runs]
    evidence = conclude(
        [
            hold_above(f"tau of validation loss from epoch {epoch}", validation, claim.threshold),
            hold_above("tau of training loss", training, claim.threshold),
            hold_above("gain variability, dB", jumps, claim.margin),
        ],
        len(runs),
        count_epochs(runs),
    )
    diverged = sum(bool(np.isnan(run.training_loss).any()) for run in runs)
    return add_note(evidence, f"{diverged} of {len(runs)} runs diverged")


def judge_m5(tables: ResultTables, claim: Claim) -> Evidence:
    """Gain at x1/10: still rising in the second half, by a visible amount, smoothly.

    The complement of M1: more than a quarter of the rise in the second half (a straight line has
    one half), a whole rise above 1 dB and a variability below 1 dB.
    """
    runs = select_runs(tables, claim, rate_factor=TENTH)
    share = [measure_late_share(run.gain, run.epochs // 2) for run in runs]
    rise = [measure_change(run.gain) for run in runs]
    jumps = [measure_scale(slice_steps(run.gain, 1)) for run in runs]
    return conclude(
        [
            hold_above("share of rise in the second half", share, claim.threshold),
            hold_above("whole rise, dB", rise, claim.margin),
            hold_below("gain variability, dB", jumps, claim.margin),
        ],
        len(runs),
        count_epochs(runs),
    )


def judge_m6(tables: ResultTables, claim: Claim) -> Evidence:
    """Validation error after the last epoch: x1/3 less x1, paired by seed, above 0.

    "Lower" is a statement of sign. One seed's last epoch has no interval: it decides nothing. A
    run that has diverged has no error: its seed is left out.
    """
    default = select_runs(tables, claim, rate_factor=1)
    third = select_runs(tables, claim, rate_factor=THIRD)
    pairs = pair_by_seed(default, third)
    excess = [Quantity(float(b.validation_error[-1] - a.validation_error[-1])) for a, b in pairs]
    evidence = conclude(
        [hold_above("final validation error, x1/3 less x1", excess, claim.threshold)],
        len(pairs),
        count_epochs([run for pair in pairs for run in pair]),
    )
    finals = np.array([[run.validation_error[-1] for run in pair] for pair in pairs])
    means = [column[np.isfinite(column)] for column in finals.T]
    text = ", ".join(f"{values.mean():.4f}" if values.size else "none" for values in means)
    return add_note(evidence, f"mean error at x1, x1/3: {text}")
