"""ResNet-20 for CIFAR (He, Zhang, Ren & Sun 2016, "Deep residual learning", section 4.2)."""

from collections import OrderedDict
from math import sqrt

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.networks.recipes import Layer, Recipe

_BLOCKS = 3
"""Blocks of each of the three stages: 6 x 3 + 2 layers with weights."""


class ResNet20(nn.Sequential):
    """ResNet-20: a convolution, three stages of three basic blocks, a global average, logits.

    It takes preprocessed images (batch, channels, height, width). Stages have 16, 32 and 64
    filters; the second and the third halve the image. Convolutions have no bias, as batch
    normalisation follows.

    Parameters
    ----------
    channels, height, width
        Of the images; the paper's are 3, 32, 32, and any size will do.
    classes
        Number of logits; the capacity factor leaves it.
    capacity
        Factor on the number of filters, from 1/16.
    """

    def __init__(
        self,
        channels: int = 3,
        height: int = 32,
        width: int = 32,
        classes: int = 10,
        capacity: float = 1.0,
    ) -> None:
        widths = [round(filters * capacity) for filters in (16, 32, 64)]
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            convolution1=nn.Conv2d(channels, widths[0], 3, padding=1, bias=False),
            normalisation1=nn.BatchNorm2d(widths[0]),
            relu1=nn.ReLU(inplace=True),
        )
        before = widths[0]
        for stage, filters in enumerate(widths, start=1):
            blocks = []
            for place in range(_BLOCKS):
                blocks.append(BasicBlock(before, filters, 2 if stage > 1 and place == 0 else 1))
                before = filters
            layers[f"stage{stage}"] = nn.Sequential(*blocks)
        layers["average"] = nn.AdaptiveAvgPool2d(1)
        layers["flattening"] = nn.Flatten()
        layers["linear"] = nn.Linear(before, classes)
        super().__init__(layers)


class BasicBlock(nn.Module):
    """Two convolutions whose result is added to their input (He et al. 2016, figure 2).

    The shortcut has no parameters (option A): every `stride`-th pixel, and zeros for the channels
    that are new.

    Parameters
    ----------
    channels, filters
        In and out.
    stride
        Of the first convolution.
    """

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False)
        self.normalisation1 = nn.BatchNorm2d(filters)
        self.convolution2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.normalisation2 = nn.BatchNorm2d(filters)
        self._stride = stride
        self._new_channels = filters - channels

    def forward(
        self, features: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters rows columns"]:
        """ReLU of the sum of both ways."""
        residual = self.normalisation1(self.convolution1(features)).relu()
        residual = self.normalisation2(self.convolution2(residual))
        shortcut = features[:, :, :: self._stride, :: self._stride]
        before = self._new_channels // 2
        shortcut = F.pad(shortcut, (0, 0, 0, 0, before, self._new_channels - before))
        features = residual + shortcut
        return features.relu_()


def _he(place: int, count: int, layer: Layer) -> float:
    """He et al. 2015, "Delving deep into rectifiers", eq. 10."""
    return sqrt(2 / layer.weight[0].numel())


RECIPE = Recipe(initial_std=_he, rates=(1.0, 1.0), last_rates=(1.0, 1.0), weight_decay=1e-4)
