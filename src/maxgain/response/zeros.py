"""A derivative of zero: is the network dead there, or did no gradient arrive?

Autograd says zero in both cases. Where the derivative is zero and yet the value moves with the
image, with no derivative at the places it moved to either, the network detaches its input (under
`torch.no_grad`, by `detach`), is quantised, or rounds.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.errors import InputError

STEPS = (1.0, 16.0, 255.0)
"""Sizes of the moves that look for a dependence, in 0-255 pixel units: from one grey level, which
a rounding of pixels notices, to the whole range, which reaches beyond a layer's dead zone."""


ROUNDING = 1e-6
"""A value moves if it changes by more than this share of itself: the rounding of float32."""


def derivative(value: Float[Tensor, ""], pixels: Tensor) -> Tensor:
    """Derivative of a scalar by the image; zero where the image is not in its graph."""
    if not value.requires_grad:
        return torch.zeros_like(pixels)
    (gradient,) = torch.autograd.grad(value, pixels, allow_unused=True, materialize_grads=True)
    return gradient


def check_zeros(
    value_of: Callable[[Tensor], Float[Tensor, ""]],
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
    zero = (gradient == 0).flatten(1).all(1)
    if not zero.any():
        return
    generator = torch.Generator().manual_seed(0)
    moved = False
    for size in STEPS:
        # All channels move first: at the impulse itself a kink of a ReLU at 0 would deceive.
        near = _noised(image, torch.ones_like(zero), size, generator).requires_grad_()
        value = value_of(near)
        zero = zero & (derivative(value, near) == 0).flatten(1).all(1)
        if not zero.any():
            return
        far_image = _noised(near.detach(), zero, size, generator).requires_grad_()
        far = value_of(far_image)
        zero = zero & (derivative(far, far_image) == 0).flatten(1).all(1)
        change = (far.detach() - value.detach()).abs()
        moved = moved or bool(change > ROUNDING * value.detach().abs().clamp(min=1))
    if moved and zero.any():
        channels = ", ".join(str(int(channel)) for channel in zero.nonzero().flatten())
        where = "the image" if zero.all() else f"channel {channels} of the image (from 0)"
        raise InputError(
            f"no gradient arrives at {where}, although the output depends on it: the network "
            "detaches it (torch.no_grad, detach), is quantised or rounds; its gain cannot be "
            "measured."
        )


def _noised(
    image: Tensor, channels: Tensor, size: float, generator: torch.Generator
) -> Float[Tensor, "channels height width"]:
    """The image with uniform noise of a size in some channels; the global generator is kept."""
    noise = size * (2 * torch.rand(image.shape, generator=generator) - 1).to(image)
    return (image.detach() + noise * channels[:, None, None]).clone()
