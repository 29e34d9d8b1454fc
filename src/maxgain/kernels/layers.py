"""Convolution layers that take the fast way, with the ReLU or the pooling that follows them."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.kernels.pooling import rectified_max_pool2d
from maxgain.kernels.winograd import winograd_conv2d


class _FasterConvolution(nn.Conv2d):
    """Another way to compute a convolution that exists.

    Parameters
    ----------
    convolution
        All that it is and holds is shared.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        self.__dict__.update(convolution.__dict__)

    def _by_winograd(self, images: Tensor, bias: Tensor | None, *, rectified: bool) -> Tensor:
        padding = self.padding
        if isinstance(padding, str):
            zeros = {"valid": 0, "same": self.kernel_size[0] // 2}[padding]
        else:
            zeros = padding[0]
        return winograd_conv2d(images, self.weight, bias, zeros, rectified=rectified)


class WinogradConvolution(_FasterConvolution):
    """A convolution by Winograd's algorithm in float32, and perhaps the ReLU that follows it.

    Parameters
    ----------
    convolution
        Of stride 1, with filters of 5 x 5 pixels.
    rectified
        Whether the ReLU is a part of this layer.
    """

    def __init__(self, convolution: nn.Conv2d, *, rectified: bool = False) -> None:
        super().__init__(convolution)
        self._rectified = rectified

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters rows columns"]:
        """The convolution, bias included, and its ReLU."""
        return self._by_winograd(images, self.bias, rectified=self._rectified)


class RectifiedMaxPooledConvolution(_FasterConvolution):
    """ReLU of the maxima of 3 x 3 pixels of a convolution; bias, maximum and ReLU in one pass.

    Parameters
    ----------
    convolution
        Any.
    stride, ceil_mode
        Of the pooling, which has no padding.
    winograd
        Whether the convolution too goes the fast way.
    """

    def __init__(
        self, convolution: nn.Conv2d, stride: int, ceil_mode: bool, *, winograd: bool
    ) -> None:
        super().__init__(convolution)
        self._pooling = stride, ceil_mode
        self._winograd = winograd

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters rows columns"]:
        """The pooled features."""
        if self._winograd:
            convolved = self._by_winograd(images, None, rectified=False)
        else:
            convolved = self._conv_forward(images, self.weight, None)
        bias = torch.zeros(self.out_channels) if self.bias is None else self.bias
        return rectified_max_pool2d(convolved, bias, *self._pooling)
