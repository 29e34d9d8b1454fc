"""Winograd's minimal filtering: a convolution by fewer multiplications, in float32 on a CPU.

A tile of 4 x 4 outputs of a 5 x 5 filter takes 64 products for each pair of channels instead of
400: input tiles and filters are evaluated as polynomials at 8 points in either direction,
multiplied, and interpolated (Winograd 1980; Lavin & Gray, arXiv:1509.09308). The result is that of
the convolution up to rounding, which is some ten times as large. Everything else, the transforms
and their derivatives, is matrix products too.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from maxgain.errors import InputError

TILE = 4
"""Rows and columns of outputs in a tile. Larger tiles save little more, and rounding grows fast."""

_POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
"""Where polynomials are evaluated, besides infinity: the first n - 1 for tiles of n inputs. Small
numbers and their inverses keep rounding small, and powers of two are exact."""

MAXIMUM_KERNEL = len(_POINTS) + 2 - TILE
"""Rows and columns of the largest filter that there are points for."""

_TILES_AT_ONCE = 160
"""Enough rows for fast matrix products, few enough that all steps of them stay in the cache."""


def winograd_conv2d(
    images: Float[Tensor, "batch channels height width"],
    weight: Float[Tensor, "filters channels kernel kernel"],
    bias: Float[Tensor, "filters"] | None,
    padding: int,
) -> Float[Tensor, "batch filters rows columns"]:
    """Correlation of stride 1, as `torch.nn.functional.conv2d`; differentiable once.

    Parameters
    ----------
    images
        Fastest where channels-last, as the result and the derivative are.
    weight
        Square filters of 2 to `MAXIMUM_KERNEL` rows.
    padding
        Rows and columns of zeros at each border.

    Raises
    ------
    InputError
        The filters are of another size.
    """
    if not 2 <= weight.shape[2] <= MAXIMUM_KERNEL:
        raise InputError(f"kernel is {weight.shape[2]}; allowed are 2 to {MAXIMUM_KERNEL}.")
    if not torch.is_grad_enabled():  # Or what a derivative needs would be kept all the same.
        weight, bias = weight.detach(), None if bias is None else bias.detach()
    result: Tensor = _WinogradConvolution.apply(images, weight, bias, padding)  # type: ignore[no-untyped-call]
    return result


@dataclass(frozen=True)
class _Tiling:
    """How many tiles cover the outputs, and which inputs they read."""

    kernel: int
    padding: int
    height: int
    width: int

    @property
    def inputs(self) -> int:
        """Rows and columns of inputs that a tile reads."""
        return TILE + self.kernel - 1

    @property
    def outputs(self) -> tuple[int, int]:
        """Rows and columns of the result."""
        height, width = (
            size + 2 * self.padding - self.kernel + 1 for size in (self.height, self.width)
        )
        return height, width

    @property
    def tiles(self) -> tuple[int, int]:
        """Tiles from top to bottom and from left to right; the last may reach over the border."""
        rows, columns = (-(-size // TILE) for size in self.outputs)
        return rows, columns

    @property
    def at_once(self) -> int:
        """Images whose tiles are transformed together."""
        rows, columns = self.tiles
        return max(1, _TILES_AT_ONCE // (rows * columns))


@cache
def _matrices(kernel: int) -> tuple[Tensor, Tensor, Tensor]:
    """What takes a tile of inputs, a filter and a tile of products to the other side.

    Interpolation's matrix, transposed, acts on the inputs. Its denominators go to the filters, so
    that its other entries are exact.
    """
    points = np.array(_POINTS[: TILE + kernel - 2])
    others = [np.delete(points, place) for place in range(len(points))]

    def evaluation(coefficients: int) -> np.ndarray:
        infinity = np.eye(coefficients)[-1:]
        return np.concatenate([np.vander(points, coefficients, increasing=True), infinity])

    of_inputs = np.zeros((len(points) + 1, len(points) + 1))
    of_inputs[:-1, :-1] = [np.poly(rest)[::-1] for rest in others]
    of_inputs[-1] = np.poly(points)[::-1]
    denominators = [np.prod(point - rest) for point, rest in zip(points, others, strict=True)]
    of_filters = evaluation(kernel) / np.array([*denominators, 1.0])[:, None]
    matrices = of_inputs, of_filters, evaluation(TILE).T
    return tuple(torch.from_numpy(m.astype(np.float32)) for m in matrices)  # type: ignore[return-value]


def _transform(matrix: Float[Tensor, "to of"], tiles: Tensor) -> Tensor:
    """Apply a matrix to both of the first two dimensions."""
    rows = (matrix @ tiles.flatten(1)).view(len(matrix), tiles.shape[1], -1)
    result: Tensor = (matrix @ rows).view(len(matrix), len(matrix), *tiles.shape[2:])
    return result


def _input_tiles(padded: Float[Tensor, "batch height width channels"], tiling: _Tiling) -> Tensor:
    """Overlapping tiles of inputs: (row in tile, column in tile, tile, channel)."""
    tiles = padded.unfold(1, tiling.inputs, TILE).unfold(2, tiling.inputs, TILE)
    return tiles.permute(4, 5, 0, 1, 2, 3).flatten(2, 4).contiguous()


def _add_input_tiles(tiles: Tensor, padded: Tensor, tiling: _Tiling) -> None:
    """Add tiles to where `_input_tiles` takes them from; a view that ends with a whole tile."""
    batch, *_, channels = padded.shape
    rows, columns = tiling.tiles
    overlap = tiling.kernel - 1
    blocks = padded.view(batch, rows + 1, TILE, columns + 1, TILE, channels)
    tiles = tiles.view(*tiles.shape[:2], batch, rows, columns, channels)
    tiles = tiles.permute(2, 3, 0, 4, 1, 5)
    for first_row, row, height in ((0, 0, TILE), (1, TILE, overlap)):
        for first_column, column, width in ((0, 0, TILE), (1, TILE, overlap)):
            part = tiles[:, :, row : row + height, :, column : column + width]
            below = blocks[:, first_row : first_row + rows, :height]
            below[:, :, :, first_column : first_column + columns, :width] += part


def _output_tiles(
    outputs: Float[Tensor, "batch height width filters"], tiling: _Tiling
) -> Float[Tensor, "tile tile batch rows columns filters"]:
    """View of outputs that whole tiles cover."""
    rows, columns = tiling.tiles
    blocks = outputs.view(len(outputs), rows, TILE, columns, TILE, -1)
    return blocks.permute(2, 4, 0, 1, 3, 5)


class _WinogradConvolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, images: Tensor, weight: Tensor, bias: Tensor | None, padding: int
    ) -> Tensor:
        tiling = _Tiling(weight.shape[2], padding, *images.shape[2:])
        of_inputs, of_filters, of_products = _matrices(tiling.kernel)
        filters = _transform(of_filters, weight.permute(2, 3, 1, 0)).flatten(0, 1)
        padded = _padded(images.permute(0, 2, 3, 1), tiling)
        rows, columns = tiling.tiles
        whole = _channels_last(len(images), len(weight), rows * TILE, columns * TILE)
        targets = torch.split(_output_tiles(whole.permute(0, 2, 3, 1), tiling), tiling.at_once, 2)
        kept = []
        for part, target in zip(torch.split(padded, tiling.at_once), targets, strict=True):
            inputs = _transform(of_inputs, _input_tiles(part, tiling)).flatten(0, 1)
            products = (inputs @ filters).view(tiling.inputs, tiling.inputs, -1, len(weight))
            target.copy_(_transform(of_products, products).view(target.shape))
            if any(ctx.needs_input_grad):
                kept.append(inputs)
        ctx.tiling = tiling
        ctx.save_for_backward(filters, *kept)
        height, width = tiling.outputs
        result = whole
        if whole.shape[2:] != (height, width):
            result = _channels_last(*whole.shape[:2], height, width)
            result.copy_(whole[:, :, :height, :width])
        return result if bias is None else result.add_(bias[:, None, None])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor | None, None]:
        filters, *kept = ctx.saved_tensors
        tiling: _Tiling = ctx.tiling
        of_inputs, of_filters, of_products = _matrices(tiling.kernel)
        gradient = gradient.permute(0, 2, 3, 1).contiguous()
        of_bias = gradient.sum((0, 1, 2)) if ctx.needs_input_grad[2] else None
        rows, columns = tiling.tiles
        height, width = tiling.outputs
        if (height, width) != (rows * TILE, columns * TILE):
            gradient = F.pad(gradient, (0, 0, 0, columns * TILE - width, 0, rows * TILE - height))
        _, channels, count = filters.shape
        padded = torch.zeros(len(gradient), (rows + 1) * TILE, (columns + 1) * TILE, channels)
        of_weight = torch.zeros_like(filters)
        parts = torch.split(_output_tiles(gradient, tiling), tiling.at_once, 2)
        targets = torch.split(padded, tiling.at_once)
        for part, target, inputs in zip(parts, targets, kept, strict=True):
            products = _transform(of_products.T, part.flatten(2, 4)).flatten(0, 1)
            of_weight.baddbmm_(inputs.transpose(1, 2), products)
            tiles = products @ filters.transpose(1, 2)
            tiles = tiles.view(tiling.inputs, tiling.inputs, -1, channels)
            _add_input_tiles(_transform(of_inputs.T, tiles), target, tiling)
        top = tiling.padding
        of_images = padded[:, top : top + tiling.height, top : top + tiling.width]
        of_weight = of_weight.view(tiling.inputs, tiling.inputs, channels, count)
        of_weight = _transform(of_filters.T, of_weight)
        return of_images.permute(0, 3, 1, 2), of_weight.permute(3, 2, 0, 1), of_bias, None


def _channels_last(*shape: int) -> Float[Tensor, "batch channels height width"]:
    return torch.empty(shape, memory_format=torch.channels_last)


def _padded(images: Float[Tensor, "batch height width channels"], tiling: _Tiling) -> Tensor:
    """Images with zeros around them, as far as tiles reach."""
    rows, columns = (tiles * TILE + tiling.kernel - 1 for tiles in tiling.tiles)
    if (rows, columns) == (tiling.height, tiling.width):
        return images.contiguous()
    bottom, right = rows - tiling.height - tiling.padding, columns - tiling.width - tiling.padding
    return F.pad(images, (0, 0, tiling.padding, right, tiling.padding, bottom))
