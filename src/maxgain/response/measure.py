"""The Maximum Gain of a network at one image: one forward and one backward pass.

Every function takes images in 0-255 pixel units. A network that expects other units is measured
with its scaling as a part of f (see `maxgain.networks.scaling.ScaledInput`), so that the gains of
different networks compare.
"""

from contextlib import suppress
from dataclasses import dataclass

import torch
from jaxtyping import Float, Real
from torch import Tensor, nn
from torch.func import functional_call

from maxgain.errors import InputError
from maxgain.response.conditions import measurement_conditions
from maxgain.response.guards import (
    checked_image,
    checked_network,
    differentiable_state,
    has_diverged,
    pixels_for,
    refusals_named,
)
from maxgain.response.outputs import (
    Ending,
    check_margin,
    class_logits,
    detect_ending,
    output_tensor,
)
from maxgain.response.projections import (
    Projection,
    checked_projection,
    log_odds,
    saturation,
    shift_of_projection,
    tensor_projected,
)
from maxgain.response.slopes import check_precision, check_slopes
from maxgain.response.spectrum import frequency_response, maximum_gain
from maxgain.response.zeros import check_zeros, derivative, zero_channels


@dataclass(frozen=True)
class Measurement:
    """What one forward and one backward pass on one image say of a network.

    Attributes
    ----------
    gradient
        Derivative dz/dx of the projected output by the image (eq. 4), per 0-255 pixel unit. Under
        "inverse-score" and "score" it may underflow where logits lie more than 80 apart; response
        and gain do not.
    response
        Frequency response |H| in dB (eq. 5); zero frequency lies at index [0, 0].
    gain
        Maximum Gain of each channel in dB; minus infinity where the derivative is truly zero, NaN
        where the network diverged.
    predicted_class
        Index of the winning class; None under a tensor projection. Of one logit, the sigmoid's
        class: 1 where the logit is positive.
    score
        Softmax output of the winning class; None under a tensor projection.
    sensitivity
        Maximum Gain of each channel in dB for the log-odds of the winning class, S in G = S + C;
        None under a tensor projection.
    saturation
        C = 20 log10(1 - score) in dB, 0 at most; None under a tensor projection. The gain is S + C
        under "inverse-score", S under "log-odds", S + C + 40 log10 score under "score".
    """

    gradient: Float[Tensor, "channels height width"]
    response: Float[Tensor, "channels height width"]
    gain: Float[Tensor, "channels"]
    predicted_class: int | None
    score: float | None
    sensitivity: Float[Tensor, "channels"] | None = None
    saturation: float | None = None


def measure(
    network: nn.Module,
    image: Real[Tensor, "channels height width"],
    projection: Projection = "inverse-score",
    *,
    window: bool = False,
    checked: bool = True,
) -> Measurement:
    """Transfer function and Maximum Gain of a network at one image.

    Parameters
    ----------
    network
        Takes a batch (1, channels, height, width) of 0-255 pixels, returns logits: a tensor, an
        object or mapping with `logits`, or a tuple that begins with them. One logit stands for a
        sigmoid's two classes. Scores of a softmax or sigmoid at the end are recognised and turned
        back into logits. The network is measured in evaluation mode and left as it was found. The
        arithmetic is float32 whatever precision training used, inside autocasts of the forward
        pass too; only a float64 network is measured in float64.
    image
        The input at which the network is linearised, in 0-255 pixel units; any real dtype.
    projection
        See `Projection`; a class projection needs logits of shape (1, classes).
    window
        Multiply dz/dx by a Hann window first: on for impulse images, off for natural ones (end of
        section III-B).
    checked
        Compare the derivative with finite differences of the output beside the image, which takes
        a few forward passes in float64. What is compared lies in the network's code, so once for
        a network is enough.

    Raises
    ------
    InputError
        Network, image and projection do not fit, a pass through the network fails, no gradient
        arrives at an image on which the output depends, or one that is not the output's.

    Examples
    --------
    >>> from maxgain.response.probes import impulse_image
    >>> network = nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten(), nn.Linear(4 * 24 * 24, 10))
    >>> result = measure(network, impulse_image(1, 28, 28), window=True)
    >>> result.gain.shape
    torch.Size([1])
    >>> bool((result.gain - result.sensitivity - result.saturation).abs() < 1e-4)
    True
    """
    gradient, logits = _linearised(network, image, projection, checked)
    with torch.inference_mode(False), torch.no_grad():
        return _measurement(gradient, logits, projection, window)


def input_gradient(
    network: nn.Module,
    image: Real[Tensor, "channels height width"],
    projection: Projection = "inverse-score",
) -> Float[Tensor, "channels height width"]:
    """Derivative of the projected output by the image, d<p, z>/dx (eq. 4), by backpropagation.

    Parameters and errors are those of `measure`.
    """
    gradient, logits = _linearised(network, image, projection, checked=True)
    if isinstance(projection, Tensor) or logits is None:
        return gradient
    return gradient * _factor(float(shift_of_projection(log_odds(logits), projection)))


def _measurement(
    gradient: Tensor, logits: Tensor | None, projection: Projection, window: bool
) -> Measurement:
    response = frequency_response(gradient, window=window)
    # What underflowed in float32 was taken in float64; in dB it is in range again.
    dtype = gradient.dtype if logits is None else logits.dtype
    gradient, response = gradient.to(dtype), response.to(dtype)
    if isinstance(projection, Tensor):
        return Measurement(gradient, response, maximum_gain(response), None, None)
    assert logits is not None
    margin = log_odds(logits)
    sensitivity = maximum_gain(response)
    shift = float(shift_of_projection(margin, projection))
    probabilities = logits.flatten().softmax(0)
    winner = int(probabilities.argmax())
    return Measurement(
        gradient * _factor(shift),
        (response.double() + shift).to(response.dtype),
        (sensitivity.double() + shift).to(response.dtype),
        winner,
        float(probabilities[winner]),
        sensitivity,
        float(saturation(margin)),
    )


def _factor(decibels: float) -> float:
    return float(10.0 ** (decibels / 20))


class _Forward:
    """The scalar that is differentiated, of an image: log-odds or a tensor projection.

    `least` is the least precise type that weights are used in; the output's form may be `known`
    from the same scalar in another type.
    """

    def __init__(
        self,
        network: nn.Module,
        projection: Projection,
        least: torch.dtype = torch.float32,
        known: "_Forward | None" = None,
    ) -> None:
        self._network, self._projection = network, projection
        self._state = differentiable_state(network, least)
        self._ending: Ending = "logits" if known is None else known._ending
        self.logits: Tensor | None = None

    def output(self, pixels: Float[Tensor, "channels height width"]) -> Tensor:
        batch = pixels[None].clone()  # A network may begin with an operation in place.
        with refusals_named(pixels):
            # Without need a network is called as it is: functional_call refuses scripted modules.
            if self._state:
                return output_tensor(functional_call(self._network, self._state, (batch,)))
            return output_tensor(self._network(batch))

    def first(self, pixels: Float[Tensor, "channels height width"]) -> Float[Tensor, ""]:
        """Scalar at the probe, where the output's form is learnt as well."""
        output = self.output(pixels)
        check_precision(output)
        if isinstance(self._projection, Tensor):
            return tensor_projected(output, self._projection)
        self._ending = detect_ending(output, lambda: self.output(255 - pixels.detach()))
        logits = class_logits(output, self._ending)
        self.logits = logits.detach()
        margin = log_odds(logits)
        check_margin(margin, self._ending)
        return margin

    def __call__(self, pixels: Float[Tensor, "channels height width"]) -> Float[Tensor, ""]:
        if isinstance(self._projection, Tensor):
            return tensor_projected(self.output(pixels), self._projection)
        return log_odds(class_logits(self.output(pixels), self._ending))


def _linearised(
    network: nn.Module, image: Tensor, projection: Projection, checked: bool
) -> tuple[Tensor, Tensor | None]:
    """Derivative of log-odds or of a tensor projection, and the logits of a class projection."""
    network = checked_network(network)
    checked_image(image)
    checked_projection(projection)
    with torch.inference_mode(False):
        pixels = pixels_for(network, image).requires_grad_()
    with measurement_conditions(network, pixels.device):
        value_of = _Forward(network, projection)
        value = value_of.first(pixels)
        with refusals_named(pixels, "backward pass"):
            gradient = derivative(value, pixels).detach()
        logits = value_of.logits
        if has_diverged(network) or not value.isfinite():
            # A ReLU can hide a NaN weight; a diverged network has no transfer function.
            return torch.full_like(gradient, torch.nan), logits
        if zero_channels(gradient).any() and gradient.dtype == torch.float32:
            value_of, gradient = _in_float64(network, projection, pixels) or (value_of, gradient)
        check_zeros(value_of, pixels.detach().to(gradient), gradient)
        if checked:
            check_slopes(lambda: _Forward(network, projection, torch.float64, value_of), pixels)
    return gradient, logits


def _in_float64(
    network: nn.Module, projection: Projection, pixels: Tensor
) -> tuple[_Forward, Tensor] | None:
    """Scalar and derivative in float64, where float32 may have underflowed to zero.

    None for a network or a device that has float32 alone, as TorchScript and Apple's: zeros stand.
    """
    with suppress(InputError, TypeError):
        value_of = _Forward(network, projection, torch.float64)
        precise = pixels.detach().double().requires_grad_()
        return value_of, derivative(value_of.first(precise), precise).detach()
    return None
