"""Layers that torch lacks and the architectures here need."""

from jaxtyping import Shaped
from torch import Tensor, nn


class FlattenChannelsLast(nn.Module):
    """Each image's features in a line, ordered by row, column and channel.

    That is how channels-last features lie in memory, so neither they nor their gradients are
    copied; `nn.Flatten` orders by channel, row and column.
    """

    def forward(
        self, features: Shaped[Tensor, "batch channels rows columns"]
    ) -> Shaped[Tensor, "batch values"]:
        """The lines, without a copy where the features are channels-last."""
        return features.permute(0, 2, 3, 1).flatten(1)
