"""Gradients through batch normalisation in a layout that torch's CPU kernel reads rightly.

With one image, the gradient of a flattened and transposed output has strides that pass for
channels-last, and the kernel (as of torch 2.13) then reads the contiguous input in that layout too:
the derivative is wrong by as much as its own size, in silence. Networks that go from convolutions
to tokens that way are timm's xcit and levit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class _ContiguousGradient(torch.autograd.Function):
    """The identity, whose gradient is passed on contiguous."""

    generate_vmap_rule = True

    @staticmethod
    def forward(output: Tensor) -> Tensor:
        """A copy of the output, as what follows may work in place."""
        return output.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        """Nothing is kept."""

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Tensor:
        """The gradient, laid out anew where it is not contiguous."""
        gradient: Tensor = gradients[0]
        return gradient.contiguous()


@contextmanager
def contiguous_gradients(network: nn.Module) -> Iterator[None]:
    """Gradients reach the outputs of batch normalisation contiguous, for the time of a measurement.

    Outputs that are channels-last themselves are left alone: there the kernel is right.
    """

    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if not output.requires_grad or not output.is_contiguous():
            return output
        passed: Tensor = _ContiguousGradient.apply(output)  # type: ignore[no-untyped-call]
        return passed

    handles = [
        module.register_forward_hook(hook)
        for module in network.modules()
        if isinstance(module, _BatchNorm)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
