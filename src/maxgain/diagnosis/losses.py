"""Read loss curves: where the validation loss is lowest, and whether overfitting follows."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from maxgain.diagnosis.thresholds import MINIMUM_RUN
from maxgain.diagnosis.verdicts import DiagnosisVerdict
from maxgain.statistics.gaps import keep_finite_epochs
from maxgain.statistics.trend import FLAT_SHARE, fit_line, late_share, trend
from maxgain.statistics.variability import variability

UNSTABLE_SHARE = 0.1

"""Training is unstable where a step of its loss is this share of the whole range of the loss: the
loss then undoes a tenth of the training's work from one epoch to the next."""


def loss_minimum(validation_loss: Float[ndarray, " epochs"]) -> int | None:
    """The epoch (from 1) at which the validation loss is lowest.

    It is the lowest epoch of the three whose median is lowest, so that one lucky epoch does not
    count. Epochs that are not finite are left out; None where fewer than 3 are left.
    """
    epochs, values = keep_finite_epochs(validation_loss)
    if values.size < 3:
        return None
    triples = np.lib.stride_tricks.sliding_window_view(values, 3)
    first = int(np.argmin(np.median(triples, axis=1)))
    return int(epochs[first + np.argmin(triples[first])])


def overfitting_onset(
    validation_loss: Float[ndarray, " epochs"], training_loss: Float[ndarray, " epochs"]
) -> int | None:
    """The epoch (from 1) from which on the validation loss rises as the training loss falls.

    It is the epoch of the lowest validation loss, if from there on the Mann-Kendall test finds the
    validation loss rising and the training loss falling, and if that rise exceeds twice the
    validation loss's variability: after the lowest of many noisy values the others lie higher by
    chance alone. None otherwise, among others where both losses rise (too high a learning rate)
    and where fewer than 5 finite epochs follow the minimum.
    """
    lowest = loss_minimum(validation_loss)
    if lowest is None:
        return None
    validation = trend(np.asarray(validation_loss)[lowest - 1 :])
    training = trend(np.asarray(training_loss)[lowest - 1 :])
    visible = validation.slope * validation.span > 2 * variability(validation_loss)
    overfits = visible and validation.direction == "rising" and training.direction == "falling"
    return lowest if overfits else None


def diagnose_losses(
    training_loss: Float[ndarray, " epochs"], validation_loss: Float[ndarray, " epochs"]
) -> DiagnosisVerdict:
    """The diagnosis that the loss curves give: what the gain's diagnosis is held against.

    The first of these that holds:

    1. a loss that is not finite: diverged;
    2. a training loss that rises over the second half, or that jumps from epoch to epoch by more
       than a tenth of its range (among others one stuck at chance): learning rate too high;
    3. a validation loss that turns up while the training loss falls: overfitting;
    4. a validation loss with more than a quarter of its fall in the second half of the run:
       learning rate too low, or train longer;
    5. a validation loss that fell before and is flat since: converging.

    Undecided elsewhere, and with fewer than 10 epochs.
    """
    training = np.asarray(training_loss, dtype=np.float64)
    validation = np.asarray(validation_loss, dtype=np.float64)
    if not (np.isfinite(training).all() and np.isfinite(validation).all()):
        return DiagnosisVerdict.DIVERGED
    if validation.size < MINIMUM_RUN:
        return DiagnosisVerdict.UNDECIDED
    if _is_unstable(training):
        return DiagnosisVerdict.LEARNING_RATE_TOO_HIGH
    if overfitting_onset(validation, training) is not None:
        return DiagnosisVerdict.OVERFITTING
    half = validation.size // 2
    share = late_share(validation, half)[0]
    if np.isnan(share) or fit_line(validation[:half]).slope >= 0 or share < -FLAT_SHARE:
        return DiagnosisVerdict.UNDECIDED
    if share > FLAT_SHARE:
        return DiagnosisVerdict.LEARNING_RATE_TOO_LOW
    return DiagnosisVerdict.CONVERGING


def _is_unstable(training_loss: Float[ndarray, " epochs"]) -> bool:
    """Whether the training loss rises over the second half or jumps all along."""
    if trend(training_loss[training_loss.size // 2 :]).direction == "rising":
        return True
    return variability(training_loss) > UNSTABLE_SHARE * float(np.ptp(training_loss))
