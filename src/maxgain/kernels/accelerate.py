"""A convolution layer that can be told to take the fastest of several equal ways on a CPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class Convolution(nn.Conv2d):
    """`torch.nn.Conv2d` of stride 1 with square filters and two ways to the same result.

    By default it computes what its base class does, as it does. In the fast way, which
    `fast_convolutions` turns on, the same sums are taken in another order.

    Parameters
    ----------
    channels, filters, kernel, padding
        As in the base class: in and out channels, rows of a filter, zeros at each border.
    winograd
        Whether the fast way is Winograd's algorithm in float32, for filters of 5 x 5 pixels; it
        pays from 20 channels on.
    """

    def __init__(
        self, channels: int, filters: int, kernel: int, padding: int = 0, *, winograd: bool = False
    ) -> None:
        super().__init__(channels, filters, kernel, padding=padding)
        self.fast = False
        self._winograd = winograd

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters rows columns"]:
        """The convolution, bias included."""
        if self.fast and self._winograd:
            return self._by_winograd(images, rectified=False)
        return super().forward(images)

    def rectified(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters rows columns"]:
        """ReLU of the convolution."""
        if self.fast and self._winograd:
            return self._by_winograd(images, rectified=True)
        features: Tensor = self(images)
        return features.relu_()

    def rectified_max_pooled(
        self, images: Float[Tensor, "batch channels height width"], *, stride: int, ceil_mode: bool
    ) -> Float[Tensor, "batch filters rows columns"]:
        """ReLU of the maxima of 3 x 3 pixels of the convolution."""
        if not self.fast:
            return F.max_pool2d(self(images), 3, stride, ceil_mode=ceil_mode).relu_()
        from maxgain.kernels.pooling import rectified_max_pool2d

        assert self.bias is not None
        convolved = F.conv2d(images, self.weight, None, padding=self.padding)
        return rectified_max_pool2d(convolved, self.bias, stride, ceil_mode)

    def _by_winograd(self, images: Tensor, *, rectified: bool) -> Tensor:
        from maxgain.kernels.winograd import winograd_conv2d

        padding = self.padding[0]
        assert isinstance(padding, int)
        return winograd_conv2d(images, self.weight, self.bias, padding, rectified=rectified)


@contextmanager
def fast_convolutions(network: nn.Module) -> Iterator[None]:
    """Let a network take the fast way inside the context: on a CPU, in float32 or bf16 autocast.

    Not for measurements of the transfer function: these are taken of the layers as they are
    defined, and `torch.func` cannot batch the fast way.
    """
    layers = [module for module in network.modules() if isinstance(module, Convolution)]
    for layer in layers:
        layer.fast = True
    try:
        yield
    finally:
        for layer in layers:
            layer.fast = False
