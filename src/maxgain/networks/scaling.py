"""Input scaling as a part of the network, so that every gain is per 0-255 pixel unit."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.errors import InputError


class ScaledInput(nn.Module):
    """A network f(x) = network((x / 255 - mean) / std) that takes 0-255 pixels.

    Leaving the scaling out of f would shift the gain by 20 log10(255 std), tens of dB.

    Parameters
    ----------
    network
        Expects (x / 255 - mean) / std.
    mean, std
        Per channel, in units of x / 255. A mean of zero measures an impulse that is the input
        after mean subtraction (section III-D).

    Raises
    ------
    InputError
        They are not one finite number a channel, or a std is 0.

    Examples
    --------
    >>> network = ScaledInput(nn.Flatten(), mean=[0.5], std=[0.25])
    >>> network(torch.full((1, 1, 1, 1), 255.0)).item()
    2.0
    """

    mean: Float[Tensor, "channels 1 1"]
    std: Float[Tensor, "channels 1 1"]

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", _per_channel("mean", mean))
        self.register_buffer("std", _per_channel("std", std))
        if len(self.mean) != len(self.std):
            raise InputError(
                f"mean has {len(self.mean)} channels and std {len(self.std)}; both must have one "
                "number a channel."
            )
        if (self.std == 0).any():
            raise InputError("std holds 0; a channel cannot be divided by it.")

    def forward(
        self, pixels: Float[Tensor, "batch channels height width"]
    ) -> Any:  # a record or a tuple with the logits, as libraries return
        """Logits, or whatever the network returns, of 0-255 pixels."""
        return self.network((pixels / 255 - self.mean) / self.std)


def _per_channel(name: str, values: Sequence[float]) -> Float[Tensor, "channels 1 1"]:
    try:
        numbers = torch.as_tensor(values).float()
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{name} is {values}; it must be one number a channel.") from error
    if numbers.ndim != 1 or not len(numbers) or not numbers.isfinite().all():
        raise InputError(f"{name} is {values}; it must be one finite number a channel, as a list.")
    return numbers[:, None, None]
