"""The transfer function of a network linearised at one image, and its peak, the Maximum Gain.

Stamatescu & McDonnell, "Diagnosing Convolutional Neural Networks using their Spectral Response"
(DICTA 2018, arXiv:1810.03241), sections III-A to III-D: backpropagate a projection of the output
to the input, take the Fourier amplitude of that derivative, look at its peak.

Every function takes images in 0-255 pixel units. A network that expects other units is measured
with its scaling as a part of f (see `maxgain.models.scaling.ScaledInput`), so that the gains of
different networks compare.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import torch
from jaxtyping import Float, Real, Shaped
from torch import Tensor, nn
from torch.func import functional_call, vmap

from maxgain.errors import InputError

ClassProjection = Literal["inverse-score", "score"]
Projection = ClassProjection | Tensor
"""How the output is projected to a scalar: by the winning class's 1/score (the paper's eq. 6, its
default), by its score (end of section III-D), or by any tensor of the output's shape."""

CLASS_PROJECTIONS: tuple[ClassProjection, ...] = ("inverse-score", "score")


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
    >>> from maxgain.probes import impulse_image
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


def frequency_response(
    gradient: Float[Tensor, "*batch height width"], *, window: bool = False
) -> Float[Tensor, "*batch height width"]:
    """Fourier amplitude of a derivative, 20 log10 |F(dz/dx)| in dB (eq. 5).

    F is the unnormalised two-dimensional DFT; zero frequency lies at index [0, 0]. An amplitude of
    zero is minus infinity dB, and a derivative that is not finite gives NaN.
    """
    if window:
        gradient = gradient * hann_window(*gradient.shape[-2:]).to(gradient)
    amplitude = torch.fft.fft2(gradient).abs()
    finite = gradient.isfinite().all(dim=(-2, -1), keepdim=True)
    return torch.where(finite, 20 * amplitude.log10(), torch.nan)


def maximum_gain(
    response: Float[Tensor, "*batch height width"],
) -> Float[Tensor, "*batch"]:
    """Peak of a frequency response over all frequencies, in dB (section III-C).

    Minus infinity for a dead network (derivative zero everywhere), NaN for a diverged one.
    """
    return response.amax(dim=(-2, -1))


def hann_window(height: int, width: int) -> Float[Tensor, "height width"]:
    """Outer product of two symmetric Hann windows (end of section III-B)."""
    rows = torch.hann_window(height, periodic=False, dtype=torch.float64)
    columns = torch.hann_window(width, periodic=False, dtype=torch.float64)
    return torch.outer(rows, columns)


def snapshot_gains(
    network: nn.Module,
    snapshots: Mapping[str, Shaped[Tensor, "epochs *parameter"]],
    image: Real[Tensor, "channels height width"],
    projection: ClassProjection = "inverse-score",
    *,
    window: bool = True,
    snapshots_at_once: int = 32,
) -> Float[Tensor, "epochs channels"]:
    """Maximum Gain of every snapshot of one network, in dB, vectorised over the snapshots.

    Parameters
    ----------
    network
        The architecture; its own parameters are not used.
    snapshots
        For each name of the network's state dict, the values of all epochs stacked.
    image, projection, window
        As in `measure`; the window is on, as snapshots are measured on an impulse image.
    snapshots_at_once
        How many snapshots one vectorised call holds in memory.

    Raises
    ------
    InputError
        The snapshots' names, shapes or numbers of epochs do not fit the network, or the image or
        the projection does not.
    """
    _checked_image(image)
    _checked_projection(projection)
    if isinstance(projection, Tensor):
        raise InputError(
            f"projection is a tensor; snapshots allow only {', '.join(CLASS_PROJECTIONS)}."
        )
    if snapshots_at_once < 1:
        raise InputError(f"snapshots_at_once is {snapshots_at_once}; it must be at least 1.")
    epochs = _checked_epochs(network, snapshots)

    def project(
        pixels: Float[Tensor, "channels height width"], state: dict[str, Tensor]
    ) -> Float[Tensor, ""]:
        logits = functional_call(network, state, (pixels[None],))
        return _projected(logits, projection)

    project_each = vmap(project)
    pixels = image.detach().float()
    gains = []
    with _evaluation_mode(network), _no_autocast(pixels.device), torch.enable_grad():
        for first in range(0, epochs, snapshots_at_once):
            chunk = {
                name: values[first : first + snapshots_at_once].to(pixels.device).float()
                for name, values in snapshots.items()
            }
            with _refusals_named(image):
                images = pixels.repeat(len(next(iter(chunk.values()))), 1, 1, 1).requires_grad_()
                # Not torch.func.grad, which would import torch's compiler: seconds, for nothing.
                (gradient,) = torch.autograd.grad(project_each(images, chunk).sum(), images)
            gains.append(maximum_gain(frequency_response(gradient, window=window)))
    if not gains:
        return torch.empty(0, len(image))
    finite = torch.ones(epochs, dtype=torch.bool)
    for name, _ in network.named_parameters():
        finite &= snapshots[name].reshape(epochs, -1).isfinite().all(1).cpu()
    return torch.where(finite[:, None], torch.cat(gains).cpu(), torch.nan)


def _gradient_and_output(
    network: nn.Module, image: Tensor, projection: Projection
) -> tuple[Tensor, Tensor]:
    _checked_image(image)
    _checked_projection(projection)
    pixels = _pixels_for(network, image).requires_grad_(True)
    widened = _widened_half_precision(network)
    with _evaluation_mode(network), torch.enable_grad(), _no_autocast(pixels.device):
        batch = pixels[None].clone()  # A network may begin with an operation in place.
        with _refusals_named(image):
            # Without need a network is called as it is: functional_call refuses scripted modules.
            output = functional_call(network, widened, (batch,)) if widened else network(batch)
        if not isinstance(output, Tensor):
            raise InputError(f"the network returns a {type(output).__name__}; it must be a tensor.")
        (gradient,) = torch.autograd.grad(
            _projected(output, projection), pixels, allow_unused=True, materialize_grads=True
        )
    if not all(parameter.isfinite().all() for parameter in network.parameters()):
        # A ReLU can hide a NaN weight; a diverged network has no transfer function.
        gradient = torch.full_like(gradient, torch.nan)
    return gradient.detach(), output.detach()


def _projected(output: Tensor, projection: Projection) -> Float[Tensor, ""]:
    """Scalar whose derivative by the image is dz/dx under the projection (eq. 4 and 6)."""
    if isinstance(projection, Tensor):
        fits = projection.shape in (output.shape, output.shape[1:])
        if not fits:
            raise InputError(
                f"projection has the shape {tuple(projection.shape)}; the network's output has "
                f"{tuple(output.shape)} and the projection must have the same."
            )
        return (output.reshape(projection.shape) * projection.to(output)).sum()
    if output.ndim != 2 or len(output) != 1:
        raise InputError(
            f"the network's output has the shape {tuple(output.shape)}; the projection "
            f"'{projection}' needs logits of shape (1, classes)."
        )
    return _projected_log_score(_winning_log_score(output), projection)


def _winning_log_score(logits: Float[Tensor, "1 classes"]) -> Float[Tensor, ""]:
    """Logarithm of the softmax output of the winning class.

    Written as -log(1 + the other classes' sum of exp(l - l_c)): where z_c is nearly 1, the
    derivative of log-softmax would be the rounding error of 1 - z_c.
    """
    values = logits.flatten()
    winner = torch.arange(len(values), device=values.device) == values.argmax()
    own = torch.where(winner, values, 0.0).sum()
    others = values.masked_fill(winner, -torch.inf).logsumexp(0)
    return nn.functional.logsigmoid(own - others)


def _projected_log_score(
    log_score: Float[Tensor, ""], projection: ClassProjection
) -> Float[Tensor, ""]:
    """Scalar whose derivative is that of the winning class's output times its projection.

    With the score held fixed, (1/z_c) dz_c/dx is d log z_c / dx, which stays finite when the
    softmax saturates; and z_c dz_c/dx is z_c^2 d log z_c / dx.
    """
    if projection == "inverse-score":
        return log_score
    return log_score * log_score.detach().exp().square()


@contextmanager
def _refusals_named(image: Tensor) -> Iterator[None]:
    """Turn what a network says of an image that does not fit into one sentence."""
    try:
        yield
    except (RuntimeError, ValueError, AssertionError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"the network does not accept an image of shape {tuple(image.shape)}: {said}"
        ) from error


def _checked_image(image: Tensor) -> None:
    if image.ndim != 3:
        raise InputError(
            f"image has the shape {tuple(image.shape)}; it must be (channels, height, width)."
        )


def _checked_projection(projection: Projection) -> None:
    if not isinstance(projection, Tensor) and projection not in CLASS_PROJECTIONS:
        raise InputError(
            f"projection is '{projection}'; allowed are {', '.join(CLASS_PROJECTIONS)} or a tensor."
        )


def _pixels_for(network: nn.Module, image: Tensor) -> Tensor:
    """The image where the network is, in float32; in float64 only for a float64 network."""
    for value in chain(network.parameters(), network.buffers()):
        if value.is_floating_point():
            dtype = torch.promote_types(value.dtype, torch.float32)
            return image.detach().to(value.device, dtype)
    return image.detach().to(torch.promote_types(image.dtype, torch.float32))


def _widened_half_precision(network: nn.Module) -> dict[str, Tensor]:
    """The parameters and buffers that half precision holds, in float32."""
    named = chain(network.named_parameters(), network.named_buffers())
    return {
        name: value.detach().float()
        for name, value in named
        if value.dtype in (torch.float16, torch.bfloat16)
    }


@contextmanager
def _no_autocast(device: torch.device) -> Iterator[None]:
    """Full precision even inside a caller's mixed-precision context."""
    with torch.autocast(device.type, enabled=False):
        yield


def _checked_epochs(network: nn.Module, snapshots: Mapping[str, Tensor]) -> int:
    state = network.state_dict()
    if not state:
        raise InputError("the network has no parameters; its snapshots cannot be measured.")
    if missing := sorted(state.keys() - snapshots.keys()):
        raise InputError(f"the snapshots lack '{missing[0]}', which the network has.")
    if unknown := sorted(snapshots.keys() - state.keys()):
        raise InputError(f"the snapshots hold '{unknown[0]}', which the network does not have.")
    for name, values in snapshots.items():
        if values.shape[1:] != state[name].shape:
            raise InputError(
                f"the snapshots' '{name}' has the shape {tuple(values.shape[1:])}; the network's "
                f"has {tuple(state[name].shape)}."
            )
    counts = {len(values) for values in snapshots.values()}
    if len(counts) != 1:
        raise InputError(
            f"the snapshots' numbers of epochs differ ({sorted(counts)}); they must be equal."
        )
    return counts.pop()


@contextmanager
def _evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Dropout off and batch statistics frozen, for the time of a measurement."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
