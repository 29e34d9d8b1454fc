"""The transfer function of a network linearised at one image, and its peak, the Maximum Gain.

Stamatescu & McDonnell, "Diagnosing Convolutional Neural Networks using their Spectral Response"
(DICTA 2018, arXiv:1810.03241), sections III-A to III-D: backpropagate a projection of the output
to the input, take the Fourier amplitude of that derivative, look at its peak.

Every function takes images in 0-255 pixel units. A network that expects other units is measured
with its scaling as a part of f (see `maxgain.networks.scaling.ScaledInput`), so that the gains of
different networks compare.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Real
from torch import Tensor, nn
from torch.func import functional_call

from maxgain.errors import InputError
from maxgain.response.guards import (
    checked_image,
    evaluation_mode,
    no_autocast,
    pixels_for,
    refusals_named,
    widened_half_precision,
)
from maxgain.response.projections import Projection, checked_projection, projected
from maxgain.response.spectrum import frequency_response, maximum_gain


@dataclass(frozen=True)
class Measurement:
    """What one forward and one backward pass on one image say of a network.

    Attributes
    ----------
    gradient
        Derivative dz/dx of the projected output by the image (eq. 4), per 0-255 pixel unit.
    response
        Frequency response |H| in dB (eq. 5); zero frequency lies at index [0, 0].
    gain
        Maximum Gain of each channel in dB.
    predicted_class
        Index of the winning class; None under a tensor projection.
    score
        Softmax output of the winning class; None under a tensor projection.
    """

    gradient: Float[Tensor, "channels height width"]
    response: Float[Tensor, "channels height width"]
    gain: Float[Tensor, "channels"]
    predicted_class: int | None
    score: float | None


def measure(
    network: nn.Module,
    image: Real[Tensor, "channels height width"],
    projection: Projection = "inverse-score",
    *,
    window: bool = False,
) -> Measurement:
    """Measure the transfer function and the Maximum Gain of a network at one image.

    Parameters
    ----------
    network
        Takes a batch (1, channels, height, width) of 0-255 pixels, returns logits. It is measured
        in evaluation mode and left as it was found. The arithmetic is float32 whatever precision
        training used; only a float64 network is measured in float64.
    image
        The input at which the network is linearised, in 0-255 pixel units; any real dtype.
    projection
        See `Projection`; a class projection needs logits of shape (1, classes).
    window
        Multiply dz/dx by a Hann window first: on for impulse images, off for natural ones (end of
        section III-B).

    Raises
    ------
    InputError
        The image or the projection does not fit the network.

    Examples
    --------
    >>> from maxgain.response.probes import impulse_image
    >>> network = nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten(), nn.Linear(4 * 24 * 24, 10))
    >>> measure(network, impulse_image(1, 28, 28), window=True).gain.shape
    torch.Size([1])
    """
    gradient, output = _gradient_and_output(network, image, projection)
    response = frequency_response(gradient, window=window)
    predicted_class = score = None
    if not isinstance(projection, Tensor):
        probabilities = output.flatten().softmax(0)
        predicted_class = int(probabilities.argmax())
        score = float(probabilities[predicted_class])
    return Measurement(gradient, response, maximum_gain(response), predicted_class, score)


def input_gradient(
    network: nn.Module,
    image: Real[Tensor, "channels height width"],
    projection: Projection = "inverse-score",
) -> Float[Tensor, "channels height width"]:
    """Derivative of the projected output by the image, d<p, z>/dx (eq. 4), by backpropagation.

    Parameters and errors are those of `measure`.
    """
    return _gradient_and_output(network, image, projection)[0]


def _gradient_and_output(
    network: nn.Module, image: Tensor, projection: Projection
) -> tuple[Tensor, Tensor]:
    checked_image(image)
    checked_projection(projection)
    pixels = pixels_for(network, image).requires_grad_(True)
    widened = widened_half_precision(network)
    with evaluation_mode(network), torch.enable_grad(), no_autocast(pixels.device):
        batch = pixels[None].clone()  # A network may begin with an operation in place.
        with refusals_named(image):
            # Without need a network is called as it is: functional_call refuses scripted modules.
            output = functional_call(network, widened, (batch,)) if widened else network(batch)
        if not isinstance(output, Tensor):
            raise InputError(f"the network returns a {type(output).__name__}; it must be a tensor.")
        (gradient,) = torch.autograd.grad(
            projected(output, projection), pixels, allow_unused=True, materialize_grads=True
        )
    if not all(parameter.isfinite().all() for parameter in network.parameters()):
        # A ReLU can hide a NaN weight; a diverged network has no transfer function.
        gradient = torch.full_like(gradient, torch.nan)
    return gradient.detach(), output.detach()
