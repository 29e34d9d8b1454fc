"""The thresholds of the diagnosis rules, declared in one place before any curve is judged.

None is tuned on results. The paper names no numbers; those of its rules are conventions of filter
design, in dB. Those of the rules on sensitivity have no unit: they count standard errors of the
sensitivity itself, so that "smooth" means the same for every network.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

MINIMUM_RUN = 10
"""Fewer finite epochs than this are not diagnosed: either half would have no trend of its own."""

SMOOTH_DB = 1.0
"""A gain curve is smooth where its variability is below this, in dB: the usual limit of ripple in
a filter's pass band, and a tenth of the 10 dB between two ticks of the paper's figures."""

FLAT_DB = 3.0
"""A level is flat where it drifts by less than this, in dB: the half-power convention by which a
frequency response is called flat."""

SMOOTH_ERRORS = 1.0
"""A sensitivity curve is smooth where its variability is below this many standard errors of a
step: it then jumps no more than if the impulses' places were drawn anew at every epoch."""

FLAT_ERRORS = 2.0
"""A level is flat where it drifts by less than this many standard errors of a difference: what is
not significant at 5 % for a normal distribution."""

FALLING_SHARE = 0.75
"""The saturation's fall is overfitting's where at least this share of it comes in the second half:
confidence grows in every training, a straight fall has 1/2, one that only starts there has 1; this
is midway, as `maxgain.statistics.trend.FLAT_SHARE` is on the other side."""

RESOLUTION_DB = 1e-4
"""No error is taken as smaller than this, in dB: the rounding of a gain in float32."""


@dataclass(frozen=True)
class Thresholds:
    """What counts as smooth and as flat for one curve, in dB, and what it is a curve of."""

    smooth: float
    flat: float
    quantity: str


PAPER = Thresholds(SMOOTH_DB, FLAT_DB, "gain")
"""Of the paper's rules on the gain."""


def thresholds_of_errors(error: Float[ndarray, " epochs"]) -> Thresholds:
    """Thresholds for a curve of sensitivity, or of saturation, of given standard errors.

    A step between two epochs has the error of a difference, sqrt(2) times that of an epoch; the
    median over the epochs is taken.
    """
    finite = error[np.isfinite(error)]
    step = float(np.sqrt(2) * np.median(finite)) if finite.size else float("nan")
    step = max(step, RESOLUTION_DB)
    return Thresholds(SMOOTH_ERRORS * step, FLAT_ERRORS * step, "sensitivity")
