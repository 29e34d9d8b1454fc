"""A monitor on a network that expects normalised images, as most trainings make them."""

from collections.abc import Sequence

import torch
from torch import nn

from maxgain.errors import InputError
from maxgain.monitor.monitor import GainMonitor
from maxgain.monitor.shape import checked_shape, image_shape
from maxgain.networks.scaling import ScaledInput
from maxgain.response.guards import unwrapped


def monitor_of(
    network: nn.Module,
    shape: tuple[int, int, int] | None,
    std: float | Sequence[float],
    measure_every: int = 1,
    impulses: int = 16,
) -> GainMonitor:
    """Monitor of a network that expects (x / 255 - mean) / std.

    The impulse is the input after mean subtraction (section III-D): the mean need not be known.

    Raises
    ------
    InputError
        An argument does not fit, or the shape is neither given nor known.
    """
    network = unwrapped(network)[0]
    sizes = image_shape(network) if shape is None else checked_shape(shape)
    stds = [float(std)] * sizes[0] if isinstance(std, int | float) else list(std)
    if len(stds) != sizes[0]:
        raise InputError(f"std has {len(stds)} numbers; the image has {sizes[0]} channels.")
    scaled = ScaledInput(network, [0.0] * sizes[0], stds)
    like = next(network.parameters(), torch.zeros(1))
    scaled.to(like.device)  # its own two buffers; the network is there
    return GainMonitor(scaled, sizes, measure_every=measure_every, impulses=impulses)
