"""Transforms of Winograd's algorithm: from tiles of images to tiles of values and back.

For filters of 5 rows and tiles of 4 x 4 outputs, thus of 8 x 8 inputs, and the points 0, 1, -1, 2,
-2, 1/2, -1/2 and infinity. Each function takes channels-last images and the tiles of all of them:
(value, tile, channel), where the first dimension counts the 64 values of a tile by rows and the
second all tiles by image, row and column.

A transform is a matrix applied to the columns of a tile, then to its rows. Points come in pairs
of opposite sign, so even and odd coefficients are summed once for both. What a loop over the
channels reads and writes lies in one small block: only then is it compiled to vector instructions.
"""

from typing import no_type_check

import numpy as np

from maxgain.kernels.compiled import compiled, inlined

TILE = 4
"""Rows and columns of outputs in a tile. Larger tiles save little more, and rounding grows fast."""

INPUTS = 8
"""Rows and columns of inputs that a tile reads."""

POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
"""Where polynomials are evaluated, besides infinity. Small numbers and their inverses keep
rounding small, and powers of two are exact."""

_F = np.float32


@inlined
@no_type_check
def _evaluate_inputs(a, b, c, d, e, f, g, h):
    """Eight inputs of a line, as interpolation's matrix, transposed, takes them."""
    even1, odd1 = c - _F(4.25) * e + g, b - _F(4.25) * d + f
    even2, odd2 = _F(0.25) * c - _F(1.25) * e + g, _F(0.5) * b - _F(2.5) * d + _F(2) * f
    even3, odd3 = _F(4) * c - _F(5) * e + g, _F(2) * b - _F(2.5) * d + _F(0.5) * f
    return (
        g - a + _F(5.25) * (c - e),
        even1 + odd1,
        even1 - odd1,
        even2 + odd2,
        even2 - odd2,
        even3 + odd3,
        even3 - odd3,
        h - b + _F(5.25) * (d - f),
    )


@inlined
@no_type_check
def _evaluate_inputs_transposed(a, b, c, d, e, f, g, h):
    even1, odd1, even2, odd2, even3, odd3 = b + c, b - c, d + e, d - e, f + g, f - g
    return (
        -a,
        odd1 + _F(0.5) * odd2 + _F(2) * odd3 - h,
        _F(5.25) * a + even1 + _F(0.25) * even2 + _F(4) * even3,
        _F(5.25) * h - _F(4.25) * odd1 - _F(2.5) * (odd2 + odd3),
        -_F(5.25) * a - _F(4.25) * even1 - _F(1.25) * even2 - _F(5) * even3,
        odd1 + _F(2) * odd2 + _F(0.5) * odd3 - _F(5.25) * h,
        a + even1 + even2 + even3,
        h,
    )


@inlined
@no_type_check
def _interpolate_outputs(a, b, c, d, e, f, g, h):
    """Four outputs of a line from eight products."""
    even1, odd1, even2, odd2, even3, odd3 = b + c, b - c, d + e, d - e, f + g, f - g
    return (
        a + even1 + even2 + even3,
        odd1 + _F(2) * odd2 + _F(0.5) * odd3,
        even1 + _F(4) * even2 + _F(0.25) * even3,
        odd1 + _F(8) * odd2 + _F(0.125) * odd3 + h,
    )


@inlined
@no_type_check
def _interpolate_outputs_transposed(a, b, c, d):
    even1, odd1 = a + c, b + d
    even2, odd2 = a + _F(4) * c, _F(2) * b + _F(8) * d
    even3, odd3 = a + _F(0.25) * c, _F(0.5) * b + _F(0.125) * d
    return a, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, even3 + odd3, even3 - odd3, d


@inlined
@no_type_check
def _position(tile, rows, columns):
    """Image of a tile, and row and column among the image's tiles."""
    return tile // (rows * columns), tile // columns % rows, tile % columns


@inlined
@no_type_check
def _read_inputs(images, image, top, left, block):
    """Copy a square of pixels; those outside the image are zeros."""
    for row in range(INPUTS):
        for column in range(INPUTS):
            y, x = top + row, left + column
            if 0 <= y < images.shape[1] and 0 <= x < images.shape[2]:
                for k in range(images.shape[3]):
                    block[row, column, k] = images[image, y, x, k]
            else:
                for k in range(images.shape[3]):
                    block[row, column, k] = 0


@inlined
@no_type_check
def _read_tile(tiles, tile, block):
    for row in range(INPUTS):
        for column in range(INPUTS):
            for k in range(tiles.shape[2]):
                block[row, column, k] = tiles[INPUTS * row + column, tile, k]


@inlined
@no_type_check
def _write_tile(block, tiles, tile):
    for row in range(INPUTS):
        for column in range(INPUTS):
            for k in range(tiles.shape[2]):
                tiles[INPUTS * row + column, tile, k] = block[row, column, k]


@inlined
@no_type_check
def _block(rows, channels):
    """Memory for a tile; the spare column keeps its rows from falling on one line of the cache."""
    return np.empty((rows, INPUTS + 1, channels), np.float32)


@compiled
@no_type_check
def inputs_to_tiles(images, padding, rows, columns, tiles):
    """Fill the tiles of inputs; `rows` x `columns` of them cover the outputs of an image."""
    channels = images.shape[3]
    s, t = _block(INPUTS, channels), _block(INPUTS, channels)
    for tile in range(len(images) * rows * columns):
        image, row, column = _position(tile, rows, columns)
        _read_inputs(images, image, row * TILE - padding, column * TILE - padding, s)
        for j in range(INPUTS):
            for k in range(channels):
                (t[0, j, k], t[1, j, k], t[2, j, k], t[3, j, k],
                 t[4, j, k], t[5, j, k], t[6, j, k], t[7, j, k]) = _evaluate_inputs(
                    s[0, j, k], s[1, j, k], s[2, j, k], s[3, j, k],
                    s[4, j, k], s[5, j, k], s[6, j, k], s[7, j, k])  # fmt: skip
        for i in range(INPUTS):
            for k in range(channels):
                (s[i, 0, k], s[i, 1, k], s[i, 2, k], s[i, 3, k],
                 s[i, 4, k], s[i, 5, k], s[i, 6, k], s[i, 7, k]) = _evaluate_inputs(
                    t[i, 0, k], t[i, 1, k], t[i, 2, k], t[i, 3, k],
                    t[i, 4, k], t[i, 5, k], t[i, 6, k], t[i, 7, k])  # fmt: skip
        _write_tile(s, tiles, tile)


@compiled
@no_type_check
def add_tiles_to_inputs(tiles, padding, rows, columns, images):
    """Add to images what `inputs_to_tiles`, transposed, gives: the derivative by its inputs."""
    channels = images.shape[3]
    s, t = _block(INPUTS, channels), _block(INPUTS, channels)
    for tile in range(len(images) * rows * columns):
        _read_tile(tiles, tile, s)
        for i in range(INPUTS):
            for k in range(channels):
                (t[i, 0, k], t[i, 1, k], t[i, 2, k], t[i, 3, k],
                 t[i, 4, k], t[i, 5, k], t[i, 6, k], t[i, 7, k]) = _evaluate_inputs_transposed(
                    s[i, 0, k], s[i, 1, k], s[i, 2, k], s[i, 3, k],
                    s[i, 4, k], s[i, 5, k], s[i, 6, k], s[i, 7, k])  # fmt: skip
        for j in range(INPUTS):
            for k in range(channels):
                (s[0, j, k], s[1, j, k], s[2, j, k], s[3, j, k],
                 s[4, j, k], s[5, j, k], s[6, j, k], s[7, j, k]) = _evaluate_inputs_transposed(
                    t[0, j, k], t[1, j, k], t[2, j, k], t[3, j, k],
                    t[4, j, k], t[5, j, k], t[6, j, k], t[7, j, k])  # fmt: skip
        image, row, column = _position(tile, rows, columns)
        for i in range(INPUTS):
            for j in range(INPUTS):
                y, x = row * TILE - padding + i, column * TILE - padding + j
                if 0 <= y < images.shape[1] and 0 <= x < images.shape[2]:
                    for k in range(channels):
                        images[image, y, x, k] += s[i, j, k]


@compiled
@no_type_check
def products_to_outputs(tiles, bias, least, rows, columns, outputs):
    """Fill the outputs from tiles of products plus a bias for each channel, at least `least`."""
    channels = outputs.shape[3]
    s, t = _block(INPUTS, channels), _block(TILE, channels)
    for tile in range(len(outputs) * rows * columns):
        _read_tile(tiles, tile, s)
        for j in range(INPUTS):
            for k in range(channels):
                t[0, j, k], t[1, j, k], t[2, j, k], t[3, j, k] = _interpolate_outputs(
                    s[0, j, k], s[1, j, k], s[2, j, k], s[3, j, k],
                    s[4, j, k], s[5, j, k], s[6, j, k], s[7, j, k])  # fmt: skip
        for i in range(TILE):
            for k in range(channels):
                s[i, 0, k], s[i, 1, k], s[i, 2, k], s[i, 3, k] = _interpolate_outputs(
                    t[i, 0, k], t[i, 1, k], t[i, 2, k], t[i, 3, k],
                    t[i, 4, k], t[i, 5, k], t[i, 6, k], t[i, 7, k])  # fmt: skip
        image, row, column = _position(tile, rows, columns)
        for i in range(TILE):
            for j in range(TILE):
                y, x = row * TILE + i, column * TILE + j
                if y < outputs.shape[1] and x < outputs.shape[2]:
                    for k in range(channels):
                        value = s[i, j, k] + bias[k]
                        outputs[image, y, x, k] = least if value <= least else value


@compiled
@no_type_check
def outputs_to_products(gradient, outputs, least, rows, columns, tiles, of_bias):
    """Fill tiles with the derivative by products, and add that by the bias to `of_bias`.

    Where an output is `least`, there is none.
    """
    channels = gradient.shape[3]
    s, t = _block(INPUTS, channels), _block(TILE, channels)
    for tile in range(len(gradient) * rows * columns):
        image, row, column = _position(tile, rows, columns)
        for i in range(TILE):
            for j in range(TILE):
                y, x = row * TILE + i, column * TILE + j
                if y < gradient.shape[1] and x < gradient.shape[2]:
                    for k in range(channels):
                        is_cut = outputs[image, y, x, k] <= least
                        s[i, j, k] = np.float32(0) if is_cut else gradient[image, y, x, k]
                    for k in range(channels):
                        of_bias[k] += s[i, j, k]
                else:
                    s[i, j, :] = 0
        for i in range(TILE):
            for k in range(channels):
                (t[i, 0, k], t[i, 1, k], t[i, 2, k], t[i, 3, k],
                 t[i, 4, k], t[i, 5, k], t[i, 6, k], t[i, 7, k]) = _interpolate_outputs_transposed(
                    s[i, 0, k], s[i, 1, k], s[i, 2, k], s[i, 3, k])  # fmt: skip
        for j in range(INPUTS):
            for k in range(channels):
                (s[0, j, k], s[1, j, k], s[2, j, k], s[3, j, k],
                 s[4, j, k], s[5, j, k], s[6, j, k], s[7, j, k]) = _interpolate_outputs_transposed(
                    t[0, j, k], t[1, j, k], t[2, j, k], t[3, j, k])  # fmt: skip
        _write_tile(s, tiles, tile)
