"""The paper's rules for users: what a gain curve says about a training, from the gain alone."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from maxgain.diagnosis.thresholds import MINIMUM_RUN, PAPER, SMOOTH_DB, Thresholds
from maxgain.diagnosis.verdicts import Diagnosis, DiagnosisVerdict
from maxgain.errors import InputError
from maxgain.statistics.gaps import first_diverged_epoch, keep_finite_epochs
from maxgain.statistics.onset import variability_onset
from maxgain.statistics.trend import FLAT_SHARE, late_share, plateau_epoch, trend
from maxgain.statistics.variability import MINIMUM_DIFFERENCES, START_STEPS, variability

Finding = tuple[DiagnosisVerdict, str]
"""A verdict and its sentence."""


def diagnose(
    gain: Float[ndarray, " epochs"],
    smooth_db: float = SMOOTH_DB,
    *,
    epochs: Int[ndarray, " epochs"] | None = None,
) -> Diagnosis:
    """What a gain curve says about the training, by the paper's rules (section IV-C1).

    The gain alone is used, no validation data. The first of these that holds:

    1. a NaN epoch: the network diverged; a last epoch of minus infinity: it is dead;
    2. variability of at least 1 dB in both halves ("high variability at all epochs"): the learning
       rate is too high;
    3. a significant onset of variability, from a smooth stretch (below 1 dB) to one that is not:
       strong overfitting;
    4. smooth in both halves, with a significant rise over the second half that makes up more than
       a quarter of the whole change ("smooth gradual rise"): the rate is too low, or training
       should go on;
    5. smooth in the second half, after a change in the first, and at most a quarter of the change
       or less than 3 dB in the second half ("rise, then smooth flattening"): converging. A drop
       before a flat stretch counts too, as in the paper's figure 10.

    Undecided elsewhere, and with fewer than 10 finite epochs.

    Parameters
    ----------
    gain
        Maximum Gain in dB, one value an epoch; NaN where diverged, minus infinity where dead.
    smooth_db
        The variability below which a curve is smooth, in dB; the paper names no number.
    epochs
        Which epochs the values are of, by which the diagnosis names them; without them from 1 on.

    Raises
    ------
    InputError
        The curve is not one number an epoch, or the epochs are not ascending numbers, one a value.

    Examples
    --------
    >>> import numpy as np
    >>> epochs = np.arange(40)
    >>> diagnose(-30 + 0.5 * epochs).verdict.value
    'learning-rate-too-low-or-train-longer'
    >>> diagnose(-30 + 20 * (1 - np.exp(-epochs / 4))).verdict.value
    'converging'
    """
    values = checked_curve(gain, "gain")
    numbers = checked_epochs(epochs, values)
    draft, thresholds = measure_curve(values, numbers), replace(PAPER, smooth=smooth_db)
    finding = judge_undefined(draft, values, thresholds) or judge_jumps(draft, numbers, thresholds)
    verdict, sentence = finding or judge_smooth_curve(draft, values, numbers, thresholds)
    return replace(draft, verdict=verdict, sentence=sentence)


def checked_curve(curve: object, name: str) -> Float[ndarray, " epochs"]:
    """A curve in float64.

    Raises
    ------
    InputError
        It is not one number an epoch.
    """
    try:
        values = np.asarray(curve, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} is a {type(curve).__name__}; it must be numbers in dB."
        ) from error
    if values.ndim != 1:
        raise InputError(
            f"{name} has the shape {values.shape}; it must be one value an epoch, for channels "
            "their mean."
        )
    return values


def checked_epochs(epochs: object, values: Float[ndarray, " epochs"]) -> Int[ndarray, " epochs"]:
    """The epochs of a curve's values; without any the numbers from 1 on.

    Raises
    ------
    InputError
        They are not ascending whole numbers, one a value.
    """
    if epochs is None:
        return np.arange(1, values.size + 1)
    numbers = np.asarray(epochs)
    if (
        numbers.shape != values.shape
        or numbers.dtype.kind not in "iu"
        or (np.diff(numbers) < 1).any()
    ):
        raise InputError(
            f"epochs is {numbers.tolist()}; it must be {values.size} ascending whole numbers, one "
            "for each value of the curve."
        )
    return numbers


def measure_curve(values: Float[ndarray, " epochs"], epochs: Int[ndarray, " epochs"]) -> Diagnosis:
    """The numbers of a curve that rules look at, without a verdict yet."""

    def named(place: int | None) -> int | None:
        return None if place is None else int(epochs[place - 1])

    early, late = split_halves(values)
    onset = variability_onset(values)
    if onset is not None:
        places = {name: int(epochs[getattr(onset, name) - 1]) for name in ("epoch", "low", "high")}
        onset = replace(onset, **places)
    return Diagnosis(
        verdict=DiagnosisVerdict.UNDECIDED,
        sentence="",
        variability=variability(values),
        early_variability=variability(early),
        late_variability=variability(late),
        trend=trend(values),
        late_share=late_share(values, values.size // 2 + 1)[0],
        plateau=named(plateau_epoch(values)),
        onset=onset,
        diverged_epoch=named(first_diverged_epoch(values)),
        dead_epochs=int(np.isneginf(values).sum()),
        epochs=values.size,
    )


def split_halves(
    gain: Float[ndarray, " epochs"],
) -> tuple[Float[ndarray, " early"], Float[ndarray, " late"]]:
    """Both halves of a curve, the early one without the start.

    The start is the first three steps (`maxgain.statistics.variability.START_STEPS`). The halves
    overlap in short curves: each keeps the five steps that a variability needs.
    """
    shortest = MINIMUM_DIFFERENCES + 1
    half = gain.size // 2
    early = gain[START_STEPS : max(half + 1, START_STEPS + shortest)]
    return early, gain[max(0, min(half, gain.size - shortest)) :]


def judge_undefined(
    draft: Diagnosis, values: Float[ndarray, " epochs"], thresholds: Thresholds
) -> Finding | None:
    """Verdict on a diverged, a dead and a short curve; None on others."""
    quantity = thresholds.quantity
    if draft.diverged_epoch is not None:
        return (
            DiagnosisVerdict.DIVERGED,
            f"The {quantity} is not a number from epoch {draft.diverged_epoch} on: the training "
            "diverged; lower the learning rate.",
        )
    if values.size and np.isneginf(values[-1]):
        return (
            DiagnosisVerdict.DEAD,
            f"The {quantity} is minus infinity: the network is dead where it is measured, its "
            "output no longer changes with the image there.",
        )
    finite = keep_finite_epochs(values)[0].size
    if finite < MINIMUM_RUN or np.isnan([draft.early_variability, draft.late_variability]).any():
        return (
            DiagnosisVerdict.UNDECIDED,
            f"{finite} epochs with a {quantity} are too few to judge; {MINIMUM_RUN} are needed, "
            "without many gaps.",
        )
    return None


def _step(epochs: Int[ndarray, " epochs"]) -> str:
    """What lies between two values."""
    return "an epoch" if (np.diff(epochs) == 1).all() else "from one measured epoch to the next"


def judge_jumps(
    draft: Diagnosis, epochs: Int[ndarray, " epochs"], thresholds: Thresholds
) -> Finding | None:
    """Verdict on a curve that jumps at all epochs or starts to; None on others."""
    smooth, quantity = thresholds.smooth, thresholds.quantity
    if draft.early_variability >= smooth and draft.late_variability >= smooth:
        return (
            DiagnosisVerdict.LEARNING_RATE_TOO_HIGH,
            f"The {quantity} jumps by {draft.variability:.1f} dB from epoch to epoch in both "
            "halves: the learning rate is too high.",
        )
    onset = draft.onset
    if onset is not None and onset.before < smooth <= onset.after:
        return (
            DiagnosisVerdict.OVERFITTING,
            f"The {quantity} was smooth and jumps by {onset.after:.1f} dB {_step(epochs)} since "
            f"epoch {onset.epoch}: strong overfitting; stop there.",
        )
    return None


def judge_smooth_curve(
    draft: Diagnosis,
    values: Float[ndarray, " epochs"],
    epochs: Int[ndarray, " epochs"],
    thresholds: Thresholds,
) -> Finding:
    """Verdict on a curve that is neither jumping nor starting to jump."""
    quantity = thresholds.quantity
    if draft.late_variability >= thresholds.smooth:
        return (
            DiagnosisVerdict.UNDECIDED,
            f"The {quantity} jumps by {draft.late_variability:.1f} dB {_step(epochs)} in the "
            "second half, without a clear onset: watch it for some more epochs.",
        )
    half = values.size // 2
    late = trend(values[half:])
    change = late.slope * late.span
    if _still_rises(draft, values, thresholds):
        return (
            DiagnosisVerdict.LEARNING_RATE_TOO_LOW,
            f"The {quantity} still rises smoothly, by {change:.1f} dB over the last "
            f"{epochs[-1] - epochs[-1 - late.span]} epochs: train longer, or raise the learning "
            "rate.",
        )
    level = float(np.median(keep_finite_epochs(values[half:])[1]))
    moved = abs(level - keep_finite_epochs(values)[1][0]) >= max(
        thresholds.smooth, 3 * draft.late_variability
    )
    if moved and (abs(draft.late_share) <= FLAT_SHARE or abs(change) < thresholds.flat):
        since = draft.plateau if draft.plateau is not None else epochs[half]
        return (
            DiagnosisVerdict.CONVERGING,
            f"The {quantity} is smooth and flat since about epoch {since}: the training is "
            "beginning to converge.",
        )
    return (
        DiagnosisVerdict.UNDECIDED,
        f"The {quantity} follows none of the known patterns: compare it with the validation loss.",
    )


def _still_rises(
    draft: Diagnosis, values: Float[ndarray, " epochs"], thresholds: Thresholds
) -> bool:
    half = values.size // 2
    early, late = trend(values[: half + 1]), trend(values[half:])
    # A curve that rose by less than its jumps has not risen, whatever its ranks say.
    visible = late.slope * late.span > draft.late_variability
    return (
        late.direction == "rising"
        and visible
        and draft.early_variability < thresholds.smooth
        and early.slope > 0
        and draft.late_share > FLAT_SHARE
    )
