"""Pooling by the maximum, a bias and a ReLU in one pass through memory, on a CPU."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from maxgain.kernels import pooling_loops as loops


def rectified_max_pool2d(
    features: Float[Tensor, "batch channels height width"],
    bias: Float[Tensor, "channels"],
    stride: int,
    ceil_mode: bool,
) -> Float[Tensor, "batch channels rows columns"]:
    """ReLU of the maxima of 3 x 3 pixels plus a bias, in float32; differentiable once.

    As `torch.nn.functional.max_pool2d` without padding and `relu` of the biased features: a
    maximum commutes with both. Fastest where channels-last, as the result is.

    Parameters
    ----------
    features
        float32 or bfloat16.
    stride
        From one window to the next, in pixels, at most 3.
    ceil_mode
        Whether the last window may reach over the border.
    """
    result: Tensor = _RectifiedMaxPool.apply(features, bias, stride, ceil_mode)  # type: ignore[no-untyped-call]
    return result


class _RectifiedMaxPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, bias: Tensor, stride: int, ceil_mode: bool) -> Tensor:
        features = _last(features)
        outputs = _outputs(features, stride, ceil_mode)
        places = torch.empty(_last(outputs).shape, dtype=torch.uint8)
        loops.pool(_array(features), bias.numpy(), stride, _array(_last(outputs)), places.numpy())
        ctx.stride, ctx.shape, ctx.dtype = stride, features.shape, features.dtype
        ctx.save_for_backward(places)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        (places,) = ctx.saved_tensors
        of_features = torch.empty(ctx.shape, dtype=ctx.dtype)
        of_bias = torch.empty(ctx.shape[3])
        loops.pool_transposed(
            _array(_last(gradient)),
            places.numpy(),
            ctx.stride,
            _array(of_features),
            of_bias.numpy(),
        )
        return of_features.permute(0, 3, 1, 2), of_bias, None, None


def _last(features: Tensor) -> Tensor:
    """Channels last, as they lie in memory."""
    return features.permute(0, 2, 3, 1).contiguous()


def _outputs(
    features: Float[Tensor, "batch height width channels"], stride: int, ceil_mode: bool
) -> Tensor:
    """Memory for the result of a pooling."""
    batch, height, width, channels = features.shape
    rounding = stride - 1 if ceil_mode else 0
    rows, columns = (1 + (size - loops.SIZE + rounding) // stride for size in (height, width))
    return torch.empty((batch, channels, rows, columns), memory_format=torch.channels_last)


def _array(features: Tensor) -> Any:
    """The memory of features; of bfloat16, which NumPy lacks, the bits."""
    bits = features.view(torch.int16) if features.dtype == torch.bfloat16 else features
    return bits.numpy()
