"""Winograd's minimal filtering: a convolution by fewer multiplications, in float32 on a CPU.

A tile of 4 x 4 outputs of a 5 x 5 filter takes 64 products for each pair of channels instead of
400: input tiles and filters are evaluated as polynomials at 8 points in either direction,
multiplied, and interpolated (Winograd 1980; Lavin & Gray, arXiv:1509.09308). The result is that of
the convolution up to rounding, which is some ten times as large.
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.amp import custom_bwd, custom_fwd
from torch.autograd.function import once_differentiable

from maxgain.errors import InputError
from maxgain.kernels import winograd_tiles as tiles

KERNEL = tiles.INPUTS - tiles.TILE + 1
"""Rows and columns of a filter."""

_TILES_AT_ONCE = 80
"""Enough rows for fast matrix products, few enough that all steps of them stay in the cache."""

_SMALL = 2**18
"""Products of a matrix product up to which NumPy's library takes one thread, whatever it may take.
With threads to share, torch's spreads a batch over them where NumPy's splits every product."""


def winograd_conv2d(
    images: Float[Tensor, "batch channels height width"],
    weight: Float[Tensor, "filters channels kernel_rows kernel_columns"],
    bias: Float[Tensor, "filters"] | None,
    padding: int,
    *,
    rectified: bool = False,
) -> Float[Tensor, "batch filters rows columns"]:
    """Correlation of stride 1, as `torch.nn.functional.conv2d`; differentiable once.

    Parameters
    ----------
    images
        Fastest where channels-last, as the result and the derivative are.
    padding
        Rows and columns of zeros at each border.
    rectified
        Whether a ReLU follows, for which memory is then not passed again.

    Raises
    ------
    InputError
        The filters are not of 5 x 5 pixels.
    """
    if tuple(weight.shape[2:]) != (KERNEL, KERNEL):
        size = " x ".join(str(length) for length in weight.shape[2:])
        raise InputError(f"kernel is {size}; allowed is {KERNEL} x {KERNEL}.")
    result: Tensor = _WinogradConvolution.apply(images, weight, bias, padding, rectified)  # type: ignore[no-untyped-call]
    return result


@cache
def _filter_matrix() -> Float[Tensor, "64 25"]:
    """What evaluates filters; it holds interpolation's denominators, so that inputs meet none."""
    points = np.array(tiles.POINTS)
    denominators = [np.prod(point - np.delete(points, i)) for i, point in enumerate(points)]
    evaluation = np.vander(points, KERNEL, increasing=True) / np.array(denominators)[:, None]
    infinity = np.eye(KERNEL)[-1:]
    line = np.concatenate([evaluation, infinity])
    return torch.from_numpy(np.kron(line, line).astype(np.float32))


class _WinogradConvolution(torch.autograd.Function):
    @staticmethod
    @custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]
    def forward(
        ctx: Any,
        images: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        padding: int,
        rectified: bool,
    ) -> Tensor:
        images = images.permute(0, 2, 3, 1).contiguous()
        batch, height, width, channels = images.shape
        height, width = (size + 2 * padding - KERNEL + 1 for size in (height, width))
        grid = -(-height // tiles.TILE), -(-width // tiles.TILE)
        count = len(weight)
        by_pixel = weight.permute(2, 3, 1, 0).reshape(KERNEL**2, channels * count)
        filters = (_filter_matrix() @ by_pixel).view(-1, channels, count)
        outputs = torch.empty((batch, count, height, width), memory_format=torch.channels_last)
        added = (torch.zeros(count) if bias is None else bias).numpy()
        inputs, products = _Memory(channels, grid), _Memory(count, grid)
        factors, least = filters.numpy(), np.float32(0 if rectified else -np.inf)
        for part, target in _parts(grid, images, outputs.permute(0, 2, 3, 1)):
            here, there = inputs.of(part), products.of(part)
            tiles.inputs_to_tiles(part, padding, *grid, here)
            _multiply(here, factors, there)
            tiles.products_to_outputs(there, added, least, *grid, target)
        ctx.padding, ctx.grid, ctx.least = padding, grid, least
        ctx.save_for_backward(images, filters, *([outputs] if rectified else []))
        return outputs

    @staticmethod
    @custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor | None, None, None]:
        images, filters, *outputs = ctx.saved_tensors
        padding, grid = ctx.padding, ctx.grid
        gradient = gradient.permute(0, 2, 3, 1).contiguous()
        compared = outputs[0].permute(0, 2, 3, 1) if outputs else gradient
        _, channels, count = filters.shape
        of_images = torch.zeros_like(images)
        transposed = filters.transpose(1, 2).contiguous().numpy()
        of_filters, addend = (
            np.zeros(filters.shape, np.float32),
            np.empty(filters.shape, np.float32),
        )
        of_bias = np.zeros(count)
        inputs, products = _Memory(channels, grid), _Memory(count, grid)
        for part, of_outputs, reached, of_part in _parts(
            grid, images, gradient, compared, of_images
        ):
            here, there = inputs.of(part), products.of(part)
            tiles.outputs_to_products(of_outputs, reached, ctx.least, *grid, there, of_bias)
            # Evaluated again: to keep the inputs' tiles would take more time, and memory.
            tiles.inputs_to_tiles(part, padding, *grid, here)
            _multiply(here.transpose(0, 2, 1), there, addend)
            of_filters += addend
            _multiply(there, transposed, here)
            tiles.add_tiles_to_inputs(here, padding, *grid, of_part)
        by_pixel = _filter_matrix().T @ torch.from_numpy(of_filters).flatten(1)
        of_weight = by_pixel.view(KERNEL, KERNEL, channels, count).permute(3, 2, 0, 1)
        by_bias = torch.from_numpy(of_bias).float() if ctx.needs_input_grad[2] else None
        return of_images.permute(0, 3, 1, 2), of_weight, by_bias, None, None


class _Memory:
    """Memory of tiles of some channels, the same for all parts, so that it stays in the cache."""

    def __init__(self, channels: int, grid: tuple[int, int]) -> None:
        self._grid = grid
        self._channels = channels
        self._values = np.empty(
            tiles.INPUTS**2 * _images_at_once(grid) * grid[0] * grid[1] * channels, np.float32
        )

    def of(self, images: np.ndarray) -> np.ndarray:
        """Tiles of as many images: (value, tile, channel)."""
        shape = tiles.INPUTS**2, len(images) * self._grid[0] * self._grid[1], self._channels
        return self._values[: math.prod(shape)].reshape(shape)


def _images_at_once(grid: tuple[int, int]) -> int:
    return max(1, _TILES_AT_ONCE // (grid[0] * grid[1]))


def _parts(grid: tuple[int, int], *tensors: Tensor) -> Iterator[tuple[np.ndarray, ...]]:
    """Arrays of images, some images at a time."""
    at_once = _images_at_once(grid)
    arrays = [tensor.numpy() for tensor in tensors]
    for first in range(0, len(arrays[0]), at_once):
        yield tuple(array[first : first + at_once] for array in arrays)


def _multiply(a: np.ndarray, b: np.ndarray, product: np.ndarray) -> None:
    """Matrix products of two batches, in the faster of two libraries.

    On one thread that is NumPy's: its kernels for small matrices are better on a Zen 4 core, and on
    a Zen 5 core it takes AVX-512 where torch's MKL does not, for twice the rate.
    """
    if torch.get_num_threads() == 1 or a.shape[1] * a.shape[2] * b.shape[2] <= _SMALL:
        np.matmul(a, b, out=product)
    else:
        torch.bmm(torch.from_numpy(a), torch.from_numpy(b), out=torch.from_numpy(product))
