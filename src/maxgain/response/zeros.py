"""A derivative of zero: is the network dead there, or did no gradient arrive?

Autograd says zero in both cases. Where the derivative is zero and yet the value moves with the
image, with no derivative at the places it moved to either, the network detaches its input (under
`torch.no_grad`, by `detach`), is quantised, or rounds.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from maxgain.errors import InputError

ValueOf = Callable[[Tensor], Tensor]
"""The scalar that is differentiated, of an image (channels, height, width)."""

STEPS = (1.0, 16.0, 255.0)
"""Sizes of the moves that look for a dependence, in 0-255 pixel units: from one grey level, which
a rounding of pixels notices, to the whole range, which reaches beyond a layer's dead zone."""

HALVINGS = 20
"""Of the way between two images in search of a slope: to a millionth of it."""

ROUNDING = 1e-6
"""A value moves if it changes by more than this share of itself: the rounding of float32."""


def derivative(value: Float[Tensor, ""], pixels: Tensor) -> Tensor:
    """Derivative of a scalar by the image; zero where the image is not in its graph."""
    if not value.requires_grad:
        return torch.zeros_like(pixels)
    (gradient,) = torch.autograd.grad(value, pixels, allow_unused=True, materialize_grads=True)
    return gradient


def zero_channels(
    gradient: Float[Tensor, "*batch channels height width"],
) -> Bool[Tensor, "*batch channels"]:
    """Channels in which a derivative is zero everywhere."""
    return (gradient == 0).flatten(-2).all(-1)


def check_zeros(
    value_of: ValueOf,
    image: Float[Tensor, "channels height width"],
    gradient: Float[Tensor, "channels height width"],
) -> None:
    """Raise InputError if a channel's derivative is zero because no gradient arrived there.

    True zeros pass: channels on which the value does not depend, and those on which it depends
    elsewhere, where a gradient does arrive.

    Parameters
    ----------
    value_of
        The scalar that is differentiated, of an image.
    image
        Where it was differentiated.
    gradient
        The derivative there.
    """
    lost = zero_channels(gradient)
    while lost.any():
        arrived = _arrived(value_of, image.detach(), lost)
        if arrived is None:
            return
        if not arrived.any():
            break
        lost = lost & ~arrived
    else:
        return
    channels = ", ".join(str(int(channel)) for channel in lost.nonzero().flatten())
    where = "the image" if lost.all() else f"channel {channels} of the image (from 0)"
    raise InputError(
        f"no gradient arrives at {where}, although the output depends on it: the network detaches "
        "it (torch.no_grad, detach), is quantised or rounds; its gain cannot be measured."
    )


def _arrived(
    value_of: ValueOf,
    image: Float[Tensor, "channels height width"],
    channels: Bool[Tensor, " channels"],
) -> Bool[Tensor, " channels"] | None:
    """Which of the channels a gradient arrives at somewhere, none where it does at none.

    None if the value does not depend on these channels.
    """
    generator = torch.Generator().manual_seed(0)
    for size in STEPS:
        # All channels move first: at the impulse itself a kink of a ReLU at 0 would deceive.
        near = image + _noise(image, size, generator)
        far = near + _noise(image, size, generator) * channels[:, None, None]
        values = []
        for place in (near, far):
            value, arrived = _value_and_arrival(value_of, place, channels)
            if arrived.any():
                return arrived
            values.append(value)
        if _differ(*values):
            return _searched(value_of, (near, far), values[0], channels)
    return None


def _searched(
    value_of: ValueOf,
    ends: tuple[Tensor, Tensor],
    first: Tensor,
    channels: Bool[Tensor, " channels"],
) -> Bool[Tensor, " channels"]:
    """Channels that a gradient arrives at on the way between two images of different values.

    A continuous function has a slope somewhere between them, which halving finds; a step has none.
    """
    near, far = ends
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        value, arrived = _value_and_arrival(value_of, middle, channels)
        if arrived.any():
            return arrived
        near, far = (near, middle) if _differ(first, value) else (middle, far)
    return torch.zeros_like(channels)


def _value_and_arrival(
    value_of: ValueOf, place: Tensor, channels: Bool[Tensor, " channels"]
) -> tuple[Tensor, Bool[Tensor, " channels"]]:
    pixels = place.detach().clone().requires_grad_()
    value = value_of(pixels)
    return value.detach(), channels & ~zero_channels(derivative(value, pixels))


def _differ(first: Tensor, second: Tensor) -> bool:
    return bool((first - second).abs() > ROUNDING * first.abs().clamp(min=1))


def _noise(
    image: Float[Tensor, "channels height width"], size: float, generator: torch.Generator
) -> Float[Tensor, "channels height width"]:
    """Uniform noise up to a size; the global generator is kept."""
    return size * (2 * torch.rand(image.shape, generator=generator) - 1).to(image)
