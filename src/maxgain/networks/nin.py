"""The paper's Network in Network for CIFAR-10 (section IV-C2), as MatConvNet defines it."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.kernels.accelerate import Convolution


class NetworkInNetwork(nn.Module):
    """Network in Network: three convolutions, each followed by 1x1 convolutions.

    Pooling is without padding (32 -> 15 -> 7); the logits are a global average.

    Parameters
    ----------
    channels, height, width
        Of the images; the paper's are 3, 32, 32.
    classes
        Number of logits.

    Raises
    ------
    InputError
        The image is too small for two poolings.
    """

    def __init__(
        self, channels: int = 3, height: int = 32, width: int = 32, classes: int = 10
    ) -> None:
        super().__init__()
        if min(height, width) < 7:
            raise InputError(
                f"images are {height} x {width} pixels; Network in Network needs at least 7 x 7."
            )
        self.convolution1 = nn.Conv2d(channels, 192, 5, padding=2)
        self.convolution2 = nn.Conv2d(192, 160, 1)
        self.convolution3 = nn.Conv2d(160, 96, 1)
        self.convolution4 = Convolution(96, 192, 5, padding=2, winograd=True)
        self.convolution5 = nn.Conv2d(192, 192, 1)
        self.convolution6 = nn.Conv2d(192, 192, 1)
        self.convolution7 = nn.Conv2d(192, 192, 3, padding=1)
        self.convolution8 = nn.Conv2d(192, 192, 1)
        self.convolution9 = nn.Conv2d(192, classes, 1)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch classes"]:
        """Logits of whitened images."""
        features = self.convolution1(images).relu_()
        features = self.convolution2(features).relu_()
        features = self.convolution3(features).relu_()
        features = F.dropout(F.max_pool2d(features, 3, stride=2), 0.5, self.training)
        features = self.convolution4.rectified(features)
        features = self.convolution5(features).relu_()
        features = self.convolution6(features).relu_()
        features = F.dropout(F.avg_pool2d(features, 3, stride=2), 0.5, self.training)
        features = self.convolution7(features).relu_()
        features = self.convolution8(features).relu_()
        logits: Tensor = self.convolution9(features).mean((2, 3))
        return logits
