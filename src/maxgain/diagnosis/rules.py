"""The paper's rules for users: what a gain curve says about a training, from the gain alone."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from maxgain.statistics.gaps import first_diverged_epoch, keep_finite_epochs
from maxgain.statistics.onset import Onset, variability_onset
from maxgain.statistics.trend import FLAT_SHARE, Trend, late_share, plateau_epoch, trend
from maxgain.statistics.variability import MINIMUM_DIFFERENCES, START_STEPS, variability

#: A gain curve is smooth where its variability is below this, in dB: the usual limit of ripple in
#: a filter's pass band, and a tenth of the 10 dB between two ticks of the paper's figures.
SMOOTH_DB = 1.0


#: A level is flat where it drifts by less than this, in dB: the half-power convention by which a
#: frequency response is called flat.
FLAT_DB = 3.0


#: Fewer finite epochs than this are not diagnosed: either half would have no trend of its own.
MINIMUM_RUN = 10


class DiagnosisVerdict(StrEnum):
    """What a gain curve says about a training (section IV-C1 of the paper)."""

    LEARNING_RATE_TOO_HIGH = "learning-rate-too-high"
    LEARNING_RATE_TOO_LOW = "learning-rate-too-low-or-train-longer"
    CONVERGING = "converging"
    OVERFITTING = "overfitting"
    DIVERGED = "diverged"
    DEAD = "dead"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Diagnosis:
    """A diagnosis and the numbers it rests on.

    Attributes
    ----------
    verdict
        What the curve says.
    sentence
        The same in one plain sentence.
    variability, early_variability, late_variability
        Variability in dB of the whole curve and of its halves (`split_halves`); NaN where
        undefined.
    trend
        Trend of the whole curve, dB per epoch.
    late_share
        Share of the change that happens in the second half; NaN where undefined.
    plateau
        Epoch at which a rise stops; None where it does not.
    onset
        When the curve becomes more variable; None where it does not.
    diverged_epoch
        The first NaN epoch; None where there is none.
    dead_epochs
        Number of epochs with a gain of minus infinity.
    epochs
        Number of epochs, all counted.
    """

    verdict: DiagnosisVerdict
    sentence: str
    variability: float
    early_variability: float
    late_variability: float
    trend: Trend
    late_share: float
    plateau: int | None
    onset: Onset | None
    diverged_epoch: int | None
    dead_epochs: int
    epochs: int


def diagnose(gain: Float[ndarray, " epochs"]) -> Diagnosis:
    """Return what a gain curve says about the training, by the paper's rules (section IV-C1).

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
    """
    values = np.asarray(gain, dtype=np.float64)
    half = values.size // 2
    early, late = split_halves(values)
    measured = {
        "variability": variability(values),
        "early_variability": variability(early),
        "late_variability": variability(late),
        "trend": trend(values),
        "late_share": late_share(values, half + 1)[0],
        "plateau": plateau_epoch(values),
        "onset": variability_onset(values),
        "diverged_epoch": first_diverged_epoch(values),
        "dead_epochs": int(np.isneginf(values).sum()),
        "epochs": values.size,
    }
    draft = Diagnosis(DiagnosisVerdict.UNDECIDED, "", **measured)  # type: ignore[arg-type]
    verdict, sentence = _apply_rules(draft, values)
    return Diagnosis(verdict, sentence, **measured)  # type: ignore[arg-type]


def split_halves(
    gain: Float[ndarray, " epochs"],
) -> tuple[Float[ndarray, " early"], Float[ndarray, " late"]]:
    """Return both halves of a curve, the early one without the start.

    The start is the first three steps (`maxgain.statistics.variability.START_STEPS`). The halves
    overlap in short curves: each keeps the five steps that a variability needs.
    """
    shortest = MINIMUM_DIFFERENCES + 1
    half = gain.size // 2
    early = gain[START_STEPS : max(half + 1, START_STEPS + shortest)]
    return early, gain[max(0, min(half, gain.size - shortest)) :]


def _apply_rules(draft: Diagnosis, gain: Float[ndarray, " epochs"]) -> tuple[DiagnosisVerdict, str]:
    """Return verdict and sentence for measured numbers."""
    early, late = draft.early_variability, draft.late_variability
    if draft.diverged_epoch is not None:
        return (
            DiagnosisVerdict.DIVERGED,
            f"The gain is not a number from epoch {draft.diverged_epoch} on: the training "
            "diverged; lower the learning rate.",
        )
    if gain.size and np.isneginf(gain[-1]):
        return (
            DiagnosisVerdict.DEAD,
            "The gain is minus infinity: the network is dead, its output no longer depends on its "
            "input.",
        )
    finite = keep_finite_epochs(gain)[0].size
    if finite < MINIMUM_RUN or np.isnan(early) or np.isnan(late):
        return (
            DiagnosisVerdict.UNDECIDED,
            f"{finite} epochs with a gain are too few to judge; {MINIMUM_RUN} are needed, without "
            "many gaps.",
        )
    if early >= SMOOTH_DB and late >= SMOOTH_DB:
        return (
            DiagnosisVerdict.LEARNING_RATE_TOO_HIGH,
            f"The gain jumps by {draft.variability:.1f} dB from epoch to epoch in both halves: the "
            "learning rate is too high.",
        )
    onset = draft.onset
    if onset is not None and onset.before < SMOOTH_DB <= onset.after:
        return (
            DiagnosisVerdict.OVERFITTING,
            f"The gain was smooth and jumps by {onset.after:.1f} dB an epoch since epoch "
            f"{onset.epoch}: strong overfitting; stop there.",
        )
    return _judge_smooth_curve(draft, gain)


def _judge_smooth_curve(
    draft: Diagnosis, gain: Float[ndarray, " epochs"]
) -> tuple[DiagnosisVerdict, str]:
    """Return verdict and sentence of a curve that is neither jumping nor starting to jump."""
    half = gain.size // 2
    early_trend, late_trend = trend(gain[: half + 1]), trend(gain[half:])
    rising = late_trend.direction == "rising"
    late_change = late_trend.slope * late_trend.span
    # A curve that rose by less than its jumps has not risen, whatever its ranks say.
    visible = late_change > draft.late_variability
    smooth_late = draft.late_variability < SMOOTH_DB
    if not smooth_late:
        return (
            DiagnosisVerdict.UNDECIDED,
            f"The gain jumps by {draft.late_variability:.1f} dB an epoch in the second half, "
            "without a clear onset: watch it for some more epochs.",
        )
    if (
        rising
        and visible
        and draft.early_variability < SMOOTH_DB
        and early_trend.slope > 0
        and draft.late_share > FLAT_SHARE
    ):
        return (
            DiagnosisVerdict.LEARNING_RATE_TOO_LOW,
            f"The gain still rises smoothly, by {late_change:.1f} dB over the last "
            f"{late_trend.span} epochs: train longer, or raise the learning rate.",
        )
    level = float(np.median(keep_finite_epochs(gain[half:])[1]))
    moved = abs(level - keep_finite_epochs(gain)[1][0]) >= max(
        SMOOTH_DB, 3 * draft.late_variability
    )
    if moved and (abs(draft.late_share) <= FLAT_SHARE or abs(late_change) < FLAT_DB):
        since = draft.plateau if draft.plateau is not None else half + 1
        return (
            DiagnosisVerdict.CONVERGING,
            f"The gain is smooth and flat since about epoch {since}: the training is beginning to "
            "converge.",
        )
    return (
        DiagnosisVerdict.UNDECIDED,
        "The gain follows none of the known patterns: compare it with the validation loss.",
    )
