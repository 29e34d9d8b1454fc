"""The curves over a training's epochs that diagnosis rules and plots look at: no torch here."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Curves:
    """Curves over the recorded epochs in dB, means over the live channels.

    Attributes
    ----------
    epochs
        Of the records.
    gain, sensitivity, saturation
        At the centred impulse.
    gain_mean, sensitivity_mean, saturation_mean
        Means over the set of impulses; NaN where the set is empty.
    gain_error, sensitivity_error, saturation_error
        Their standard errors over the impulses.
    """

    epochs: np.ndarray
    gain: Float[np.ndarray, " epochs"]
    sensitivity: Float[np.ndarray, " epochs"]
    saturation: Float[np.ndarray, " epochs"]
    gain_mean: Float[np.ndarray, " epochs"]
    gain_error: Float[np.ndarray, " epochs"]
    sensitivity_mean: Float[np.ndarray, " epochs"]
    sensitivity_error: Float[np.ndarray, " epochs"]
    saturation_mean: Float[np.ndarray, " epochs"]
    saturation_error: Float[np.ndarray, " epochs"]
