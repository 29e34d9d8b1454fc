"""The transfer function of a network linearised at one image, and its peak, the Maximum Gain.

Stamatescu & McDonnell, "Diagnosing Convolutional Neural Networks using their Spectral Response"
(DICTA 2018, arXiv:1810.03241), sections III-A to III-D: backpropagate a projection of the output
to the input, take the Fourier amplitude of that derivative, look at its peak. Beyond the paper,
the gain is split exactly into sensitivity and saturation, G = S + C
(`maxgain.response.projections`).

Every function takes images in 0-255 pixel units. A network that expects other units is measured
with its scaling as a part of f (see `maxgain.networks.scaling.ScaledInput`), so that the gains of
different networks compare.
"""

from maxgain.response.measure import Measurement, input_gradient, measure
from maxgain.response.probes import impulse_image, impulse_set, raw_impulse_image
from maxgain.response.projections import (
    ALL_CLASS_PROJECTIONS,
    CLASS_PROJECTIONS,
    ClassProjection,
    Projection,
)
from maxgain.response.snapshots import (
    SnapshotResponses,
    mean_over_impulses,
    snapshot_gains,
    snapshot_responses,
)
from maxgain.response.spectrum import frequency_response, hann_window, maximum_gain

__all__ = [
    "ALL_CLASS_PROJECTIONS",
    "CLASS_PROJECTIONS",
    "ClassProjection",
    "Measurement",
    "Projection",
    "SnapshotResponses",
    "frequency_response",
    "hann_window",
    "impulse_image",
    "impulse_set",
    "input_gradient",
    "maximum_gain",
    "mean_over_impulses",
    "measure",
    "raw_impulse_image",
    "snapshot_gains",
    "snapshot_responses",
]
