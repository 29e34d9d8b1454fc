"""What a diagnosis says, and the numbers it rests on."""

from dataclasses import dataclass
from enum import StrEnum

from maxgain.statistics.onset import Onset
from maxgain.statistics.trend import Trend


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

    Epochs are those that the curve's values are said to be of.

    Attributes
    ----------
    verdict
        What the curve says.
    sentence
        The same in one plain sentence.
    variability, early_variability, late_variability
        Variability in dB of the whole curve and of its halves (`maxgain.diagnosis.rules.
        split_halves`); NaN where undefined.
    trend
        Trend of the whole curve, dB from one value to the next.
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
