"""The transfer function of a network linearised at one image, and its peak, the Maximum Gain.

Stamatescu & McDonnell, "Diagnosing Convolutional Neural Networks using their Spectral Response"
(DICTA 2018, arXiv:1810.03241), sections III-A to III-D: backpropagate a projection of the output
to the input, take the Fourier amplitude of that derivative, look at its peak.

Every function takes images in 0-255 pixel units. A network that expects other units is measured
with its scaling as a part of f (see `maxgain.networks.scaling.ScaledInput`), so that the gains of
different networks compare.
"""

from maxgain.response.measure import Measurement, input_gradient, measure
from maxgain.response.probes import impulse_image
from maxgain.response.projections import CLASS_PROJECTIONS, ClassProjection, Projection
from maxgain.response.snapshots import snapshot_gains
from maxgain.response.spectrum import frequency_response, hann_window, maximum_gain

__all__ = [
    "CLASS_PROJECTIONS",
    "ClassProjection",
    "Measurement",
    "Projection",
    "frequency_response",
    "hann_window",
    "impulse_image",
    "input_gradient",
    "maximum_gain",
    "measure",
    "snapshot_gains",
]
