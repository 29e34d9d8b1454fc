"""What a measurement asks of network and image, and the conditions it holds meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import Tensor, nn

from maxgain.errors import InputError


@contextmanager
def refusals_named(image: Tensor) -> Iterator[None]:
    """Turn what a network says of an image that does not fit into one sentence."""
    try:
        yield
    except (RuntimeError, ValueError, AssertionError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"the network does not accept an image of shape {tuple(image.shape)}: {said}"
        ) from error


def checked_image(image: Tensor) -> None:
    """Raise InputError unless an image is (channels, height, width)."""
    if image.ndim != 3:
        raise InputError(
            f"image has the shape {tuple(image.shape)}; it must be (channels, height, width)."
        )


def pixels_for(network: nn.Module, image: Tensor) -> Tensor:
    """The image where the network is, in float32; in float64 only for a float64 network."""
    for value in chain(network.parameters(), network.buffers()):
        if value.is_floating_point():
            dtype = torch.promote_types(value.dtype, torch.float32)
            return image.detach().to(value.device, dtype)
    return image.detach().to(torch.promote_types(image.dtype, torch.float32))


def widened_half_precision(network: nn.Module) -> dict[str, Tensor]:
    """The parameters and buffers that half precision holds, in float32."""
    named = chain(network.named_parameters(), network.named_buffers())
    return {
        name: value.detach().float()
        for name, value in named
        if value.dtype in (torch.float16, torch.bfloat16)
    }


@contextmanager
def no_autocast(device: torch.device) -> Iterator[None]:
    """Full precision even inside a caller's mixed-precision context."""
    with torch.autocast(device.type, enabled=False):
        yield


@contextmanager
def evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Dropout off and batch statistics frozen, for the time of a measurement."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
