"""A convolution layer that can be told to take the fastest of several equal ways on a CPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.models.winograd import winograd_conv2d


class Convolution(nn.Conv2d):
    """`torch.nn.Conv2d` of stride 1 with square filters and two ways to the same result.

    By default it computes what its base class does, as it does. In the fast way, which
    `fast_convolutions` turns on, the same sums are taken in another order: filters of many
    channels by Winograd's algorithm, and a bias before a maximum pooling is added after it, where
    there are fewer numbers. Results differ by rounding. Measured on two Zen 4 cores, in float32,
    a training step takes three quarters of its time so for LeNet on MNIST, and half for LeNet x4.

    Parameters
    ----------
    channels, filters, kernel, padding
        As in the base class: in and out channels, rows of a filter, zeros at each border.
    winograd
        Whether the fast way is Winograd's algorithm: it pays from 64 channels on, and for
        fewer where their number fills vector registers badly.
    """

    def __init__(
        self, channels: int, filters: int, kernel: int, padding: int = 0, *, winograd: bool = False
    ) -> None:
        super().__init__(channels, filters, kernel, padding=padding)
        self.fast = False
        self._winograd = winograd
        # oneDNN's own layout, whole vectors of channels, which its pooling is fastest in.
        has_library = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        self._blocked = has_library and filters % 16 == 0 and not winograd

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters rows columns"]:
        """The convolution, bias included."""
        if self.fast and self._winograd:
            return self._by_winograd(images, self.bias)
        return super().forward(images)

    def max_pooled(
        self,
        images: Float[Tensor, "batch channels height width"],
        size: int,
        *,
        stride: int,
        ceil_mode: bool = False,
    ) -> Float[Tensor, "batch filters rows columns"]:
        """The convolution, then `torch.nn.functional.max_pool2d` of it."""
        pool = partial(F.max_pool2d, kernel_size=size, stride=stride, ceil_mode=ceil_mode)
        features: Tensor
        if self.fast and self._winograd:
            features = pool(self._by_winograd(images, None))
        elif self.fast and self._blocked:
            convolved = F.conv2d(images.to_mkldnn(), self.weight, None, padding=self.padding)
            features = pool(convolved).to_dense().contiguous(memory_format=torch.channels_last)
        else:
            features = pool(self(images))
            return features
        assert self.bias is not None
        return features.add_(self.bias[:, None, None])

    def _by_winograd(self, images: Tensor, bias: Tensor | None) -> Tensor:
        padding = self.padding[0]
        assert isinstance(padding, int)
        return winograd_conv2d(images, self.weight, bias, padding)


@contextmanager
def fast_convolutions(network: nn.Module) -> Iterator[None]:
    """Let a network take the fast way inside the context: in float32 on a CPU, without autocast.

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
