"""Input scaling as a part of the network, so that every gain is per 0-255 pixel unit."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


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
    """

    mean: Float[Tensor, "channels 1 1"]
    std: Float[Tensor, "channels 1 1"]

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).float()[:, None, None])
        self.register_buffer("std", torch.tensor(std).float()[:, None, None])

    def forward(
        self, pixels: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch *output"]:
        """Logits, or whatever the network returns, of 0-255 pixels."""
        output: Tensor = self.network((pixels / 255 - self.mean) / self.std)
        return output
