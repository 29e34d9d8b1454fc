"""Rules on sensitivity and saturation: thresholds in units of the sensitivity's own error."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from maxgain.diagnosis.rules import (
    Finding,
    checked_curve,
    checked_epochs,
    judge_jumps,
    judge_smooth_curve,
    judge_undefined,
    measure_curve,
)
from maxgain.diagnosis.thresholds import FALLING_SHARE, thresholds_of_errors
from maxgain.diagnosis.verdicts import Diagnosis, DiagnosisVerdict
from maxgain.errors import InputError
from maxgain.statistics.fall import fall_onset
from maxgain.statistics.trend import fit_line, late_share, trend
from maxgain.statistics.variability import variability


def diagnose_sensitivity(
    sensitivity: Float[ndarray, " epochs"],
    error: Float[ndarray, " epochs"],
    saturation: Float[ndarray, " epochs"] | None = None,
    saturation_error: Float[ndarray, " epochs"] | None = None,
    *,
    epochs: Int[ndarray, " epochs"] | None = None,
) -> Diagnosis:
    """What sensitivity and saturation say about a training, each relative to its own error.

    The rules of `maxgain.diagnosis.rules.diagnose` with two differences. They are stated on the
    sensitivity S, and "smooth" is a variability below one standard error of a step from epoch to
    epoch (flat: two) instead of 1 dB (3 dB), so no threshold hangs on a network's level of noise.
    And a fall of the saturation C that belongs to the second half marks overfitting: the
    Mann-Kendall test finds it there, three quarters of the whole fall or more happen there (or C
    rose before), and it exceeds both two standard errors of a difference and twice C's own
    variability. Without C, and where it does not fall so, S's onset of variability decides as in
    the paper's rules. That S's plateau marks convergence and C's fall overfitting are hypotheses.

    Parameters
    ----------
    sensitivity
        S in dB, mean over impulses, one value an epoch; NaN where diverged, minus infinity where
        dead.
    error
        Its standard error over the impulses; two impulses at least.
    saturation, saturation_error
        C in dB, mean over impulses, and its standard error.
    epochs
        Which epochs the values are of, by which the diagnosis names them; without them from 1 on.

    Returns
    -------
    Diagnosis
        Its numbers are those of the sensitivity's curve.

    Raises
    ------
    InputError
        A curve is not one number an epoch, the curves differ in length, no error is finite, or
        the epochs are not ascending numbers, one a value.

    Examples
    --------
    >>> import numpy as np
    >>> epochs = np.arange(40)
    >>> sensitivity = -20 + 20 * (1 - np.exp(-epochs / 4))
    >>> diagnose_sensitivity(sensitivity, np.full(40, 0.5)).verdict.value
    'converging'
    >>> falling = np.where(epochs < 25, 0.0, 25.0 - epochs)
    >>> diagnose_sensitivity(sensitivity, np.full(40, 0.5), falling).verdict.value
    'overfitting'
    """
    values = checked_curve(sensitivity, "sensitivity")
    errors = _checked_error(error, values)
    numbers = checked_epochs(epochs, values)
    draft = measure_curve(values, numbers)
    thresholds = thresholds_of_errors(errors)
    finding = judge_undefined(draft, values, thresholds)
    if finding is None and not np.isfinite(errors).any():
        raise InputError(
            "the sensitivity's error holds no finite value; it must be that of two impulses or "
            "more."
        )
    jumps = finding or judge_jumps(draft, numbers, thresholds)
    if jumps is None and saturation is not None:
        jumps = _judge_saturation(values, numbers, saturation, saturation_error)
    verdict, sentence = jumps or judge_smooth_curve(draft, values, numbers, thresholds)
    return replace(draft, verdict=verdict, sentence=sentence)


def _checked_error(
    error: object, values: Float[ndarray, " epochs"], name: str = "error"
) -> Float[ndarray, " epochs"]:
    errors = checked_curve(error, name)
    if errors.shape != values.shape:
        raise InputError(
            f"{name} has {errors.size} epochs and its curve {values.size}; both must have the same."
        )
    if (errors < 0).any():
        raise InputError(f"{name} holds {errors.min():g}; a standard error must not be negative.")
    return errors


def _judge_saturation(
    sensitivity: Float[ndarray, " epochs"],
    epochs: Int[ndarray, " epochs"],
    saturation: Float[ndarray, " epochs"],
    saturation_error: Float[ndarray, " epochs"] | None,
) -> Finding | None:
    """Overfitting where the saturation falls in the second half as it did not before."""
    values = checked_curve(saturation, "saturation")
    if values.shape != sensitivity.shape:
        raise InputError(
            f"saturation has {values.size} epochs and sensitivity {sensitivity.size}; both must "
            "have the same."
        )
    half = values.size // 2
    late = trend(values[half:])
    fall = -late.slope * late.span
    least = 2 * variability(values)
    if saturation_error is not None:
        errors = _checked_error(saturation_error, values, "saturation_error")
        least = max(least, thresholds_of_errors(errors).flat)
    rose_before = fit_line(values[: half + 1]).slope >= 0
    belongs = rose_before or late_share(values, half + 1)[0] >= FALLING_SHARE
    if late.direction != "falling" or not fall > least or not belongs:
        return None
    since = fall_onset(values)
    onset = f"epoch {epochs[since - 1]}" if since is not None else f"about epoch {epochs[half]}"
    return (
        DiagnosisVerdict.OVERFITTING,
        f"The saturation falls by {fall:.1f} dB since {onset}: the network grows sure of itself, "
        "as in overfitting; compare it with the validation loss or stop.",
    )
