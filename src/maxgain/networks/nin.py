"""The paper's Network in Network for CIFAR-10 (section IV-C2), as MatConvNet defines it."""

from collections import OrderedDict
from math import sqrt

from torch import nn

from maxgain.networks.recipes import Layer, Recipe


class NetworkInNetwork(nn.Sequential):
    """Network in Network: three convolutions, each followed by 1x1 convolutions.

    It takes whitened images (batch, channels, height, width) and returns logits, a global average.
    Pooling is without padding (32 -> 15 -> 7).

    Parameters
    ----------
    channels, height, width
        Of the images; the paper's are 3, 32, 32, and the least 7 x 7.
    classes
        Number of logits.
    """

    def __init__(
        self, channels: int = 3, height: int = 32, width: int = 32, classes: int = 10
    ) -> None:
        super().__init__(
            OrderedDict(
                convolution1=nn.Conv2d(channels, 192, 5, padding=2),
                relu1=nn.ReLU(inplace=True),
                convolution2=nn.Conv2d(192, 160, 1),
                relu2=nn.ReLU(inplace=True),
                convolution3=nn.Conv2d(160, 96, 1),
                relu3=nn.ReLU(inplace=True),
                pooling1=nn.MaxPool2d(3, stride=2),
                dropout1=nn.Dropout(0.5),
                convolution4=nn.Conv2d(96, 192, 5, padding=2),
                relu4=nn.ReLU(inplace=True),
                convolution5=nn.Conv2d(192, 192, 1),
                relu5=nn.ReLU(inplace=True),
                convolution6=nn.Conv2d(192, 192, 1),
                relu6=nn.ReLU(inplace=True),
                pooling2=nn.AvgPool2d(3, stride=2),
                dropout2=nn.Dropout(0.5),
                convolution7=nn.Conv2d(192, 192, 3, padding=1),
                relu7=nn.ReLU(inplace=True),
                convolution8=nn.Conv2d(192, 192, 1),
                relu8=nn.ReLU(inplace=True),
                convolution9=nn.Conv2d(192, classes, 1),
                average=nn.AdaptiveAvgPool2d(1),
                flattening=nn.Flatten(),
            )
        )


def _scaled_to_fan_in(place: int, count: int, layer: Layer) -> float:
    std = sqrt(2 / layer.weight[0].numel())
    return 0.1 * std if place == count - 1 else std


RECIPE = Recipe(
    initial_std=_scaled_to_fan_in,
    rates=(1.0, 10.0),
    last_rates=(0.001, 0.01),
    weight_decay=5e-4,
)
