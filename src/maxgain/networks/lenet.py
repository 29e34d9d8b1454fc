"""The two LeNets of the paper's section IV, as MatConvNet's examples define them."""

from collections import OrderedDict

from torch import nn

from maxgain.networks.layers import FlattenChannelsLast
from maxgain.networks.recipes import Recipe


class LeNetMNIST(nn.Sequential):
    """LeNet for MNIST (section IV-A): no padding, and no ReLU after the first two convolutions.

    It takes mean-subtracted 0-255 images (batch, channels, height, width) and returns logits. The
    last two convolutions cover their whole input and are written as the matrix products that they
    are; the columns of the first one's weights are ordered by row, column and channel.

    Parameters
    ----------
    channels, height, width
        Of the images; the paper's are 1, 28, 28, and the least 16 x 16.
    classes
        Number of logits.
    """

    def __init__(
        self, channels: int = 1, height: int = 28, width: int = 28, classes: int = 10
    ) -> None:
        rows, columns = (((size - 4) // 2 - 4) // 2 for size in (height, width))
        super().__init__(
            OrderedDict(
                convolution1=nn.Conv2d(channels, 20, 5),
                pooling1=nn.MaxPool2d(2),
                convolution2=nn.Conv2d(20, 50, 5),
                pooling2=nn.MaxPool2d(2),
                flattening=FlattenChannelsLast(),
                convolution3=nn.Linear(50 * rows * columns, 500),
                relu3=nn.ReLU(inplace=True),
                convolution4=nn.Linear(500, classes),
            )
        )


MNIST_RECIPE = Recipe(
    initial_std=lambda place, count, layer: 0.01,
    rates=(1.0, 1.0),
    last_rates=(1.0, 1.0),
    weight_decay=5e-4,
)


class LeNetCIFAR(nn.Sequential):
    """LeNet for CIFAR-10 (section IV-B), with a capacity factor for figure 13.

    It takes whitened images (batch, channels, height, width) and returns logits. Pooling windows
    reach over the bottom and right border only, and averages divide by the pixels really covered.
    The columns of `convolution4`'s weights are ordered by row, column and channel.

    Parameters
    ----------
    channels, height, width
        Of the images; the paper's are 3, 32, 32, and the least 8 x 8.
    classes
        Number of logits; the capacity factor leaves it.
    capacity
        Factor on the number of filters of each convolution but the last, from 1/32.
    """

    def __init__(
        self,
        channels: int = 3,
        height: int = 32,
        width: int = 32,
        classes: int = 10,
        capacity: float = 1.0,
    ) -> None:
        rows, columns = (_halved_three_times(size) for size in (height, width))
        narrow, wide = round(32 * capacity), round(64 * capacity)
        super().__init__(
            OrderedDict(
                convolution1=nn.Conv2d(channels, narrow, 5, padding=2),
                pooling1=nn.MaxPool2d(3, stride=2, ceil_mode=True),
                relu1=nn.ReLU(inplace=True),
                convolution2=nn.Conv2d(narrow, narrow, 5, padding=2),
                relu2=nn.ReLU(inplace=True),
                pooling2=nn.AvgPool2d(3, stride=2, ceil_mode=True),
                convolution3=nn.Conv2d(narrow, wide, 5, padding=2),
                relu3=nn.ReLU(inplace=True),
                pooling3=nn.AvgPool2d(3, stride=2, ceil_mode=True),
                flattening=FlattenChannelsLast(),
                convolution4=nn.Linear(wide * rows * columns, wide),
                relu4=nn.ReLU(inplace=True),
                convolution5=nn.Linear(wide, classes),
            )
        )


CIFAR_RECIPE = Recipe(
    initial_std=lambda place, count, layer: 0.01 if place == 0 else 0.05,
    rates=(0.1, 2.0),
    last_rates=(0.01, 0.2),
    weight_decay=1e-4,
)


def _halved_three_times(size: int) -> int:
    for _ in range(3):
        size = -(-(size - 3) // 2) + 1
    return size
