"""The two LeNets of the paper's section IV, as MatConvNet's examples define them."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.kernels.accelerate import Convolution


class LeNetMNIST(nn.Module):
    """LeNet for MNIST (section IV-A): no padding, and no ReLU after the first two convolutions.

    The last two convolutions cover their whole input and are written as the matrix products that
    they are. The columns of the first one's weights are ordered by row, column and channel: that is
    how channels-last features lie in memory, so neither they nor their gradients are reordered.

    Parameters
    ----------
    channels, height, width
        Of the images; the paper's are 1, 28, 28.
    classes
        Number of logits.

    Raises
    ------
    InputError
        The image is too small for two convolutions and two poolings.
    """

    def __init__(
        self, channels: int = 1, height: int = 28, width: int = 28, classes: int = 10
    ) -> None:
        super().__init__()
        rows, columns = (((size - 4) // 2 - 4) // 2 for size in (height, width))
        if min(rows, columns) < 1:
            raise InputError(
                f"images are {height} x {width} pixels; LeNet for MNIST needs at least 16 x 16."
            )
        self.convolution1 = Convolution(channels, 20, 5)
        self.convolution2 = Convolution(20, 50, 5, winograd=True)
        self.convolution3 = nn.Linear(50 * rows * columns, 500)
        self.convolution4 = nn.Linear(500, classes)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch classes"]:
        """Logits of mean-subtracted 0-255 images."""
        features = F.max_pool2d(self.convolution1(images), 2)
        features = F.max_pool2d(self.convolution2(features), 2)
        features = self.convolution3(_in_memory_order(features)).relu_()
        logits: Tensor = self.convolution4(features)
        return logits


class LeNetCIFAR(nn.Module):
    """LeNet for CIFAR-10 (section IV-B), with a capacity factor for figure 13.

    Pooling windows reach over the bottom and right border only, and averages divide by the
    pixels really covered. The columns of `convolution4`'s weights are ordered by row, column and
    channel.

    Parameters
    ----------
    channels, height, width
        Of the images; the paper's are 3, 32, 32.
    classes
        Number of logits; the capacity factor leaves it.
    capacity
        Factor on the number of filters of each convolution but the last.

    Raises
    ------
    InputError
        The image is too small for three poolings, or the capacity is not from 1/32 to 64.
    """

    def __init__(
        self,
        channels: int = 3,
        height: int = 32,
        width: int = 32,
        classes: int = 10,
        capacity: float = 1.0,
    ) -> None:
        super().__init__()
        if not 1 / 32 <= capacity <= 64:  # 64 times the filters are 0.6 billion weights.
            raise InputError(f"capacity is {capacity:g}; LeNet for CIFAR-10 takes 1/32 to 64.")
        if min(height, width) < 8:
            raise InputError(
                f"images are {height} x {width} pixels; LeNet for CIFAR-10 needs at least 8 x 8."
            )
        rows, columns = (_halved_three_times(size) for size in (height, width))
        narrow, wide = round(32 * capacity), round(64 * capacity)
        self.convolution1 = Convolution(channels, narrow, 5, padding=2)
        self.convolution2 = Convolution(narrow, narrow, 5, padding=2, winograd=narrow >= 32)
        self.convolution3 = Convolution(narrow, wide, 5, padding=2, winograd=narrow >= 32)
        self.convolution4 = nn.Linear(wide * rows * columns, wide)
        self.convolution5 = nn.Linear(wide, classes)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch classes"]:
        """Logits of whitened images."""
        features = self.convolution1.rectified_max_pooled(images, stride=2, ceil_mode=True)
        features = self.convolution2.rectified(features)
        features = F.avg_pool2d(features, 3, stride=2, ceil_mode=True)
        features = self.convolution3.rectified(features)
        features = F.avg_pool2d(features, 3, stride=2, ceil_mode=True)
        features = self.convolution4(_in_memory_order(features)).relu_()
        logits: Tensor = self.convolution5(features)
        return logits


def _in_memory_order(
    features: Float[Tensor, "batch channels rows columns"],
) -> Float[Tensor, "batch values"]:
    """Each image's features in a line, without a copy where they are channels-last."""
    return features.permute(0, 2, 3, 1).flatten(1)


def _halved_three_times(size: int) -> int:
    for _ in range(3):
        size = -(-(size - 3) // 2) + 1
    return size
