"""Loops of pooling by the maximum of 3 x 3 pixels, in one pass with a bias and a ReLU.

Of channels-last images, whose features are float32, or bfloat16 in the form of int16 of the same
bits. A window reaches over the bottom and right border where it must; only pixels inside count.
"""

from typing import Any, no_type_check

import numpy as np
from numba import types
from numba.extending import overload

from maxgain.kernels.compiled import compiled, inlined

SIZE = 3
"""Rows and columns of a window."""

_NOWHERE = 255
"""The place of a maximum that the ReLU cuts off: no pixel has a derivative."""


def _read(value: Any) -> float:
    """A feature as float32."""
    raise NotImplementedError


@overload(_read, inline="always")
@no_type_check
def _compile_read(value):
    if isinstance(value, types.Integer):
        return lambda value: np.int32(np.int32(value) << np.int32(16)).view(np.float32)
    return lambda value: value


def _as_feature(value: Any, features: Any) -> Any:
    """A float32 as what features consist of, rounded to nearest, ties to even."""
    raise NotImplementedError


@overload(_as_feature, inline="always")
@no_type_check
def _compile_as_feature(value, features):
    def same(value, features):
        return value

    def rounded(value, features):
        bits = np.float32(value).view(np.int32)
        odd = (bits >> np.int32(16)) & np.int32(1)
        return np.int16((bits + np.int32(0x7FFF) + odd) >> np.int32(16))

    return rounded if isinstance(features.dtype, types.Integer) else same


@inlined
@no_type_check
def _larger(best, place, value, at):
    """The first maximum and its place; what is not a number wins, as it does in torch."""
    is_larger = (value > best) | (value != value)
    return value if is_larger else best, at if is_larger else place


@compiled
@no_type_check
def pool(features, bias, stride, outputs, places):
    """Fill outputs with ReLU(maximum + bias), and the place in its window of each maximum."""
    _, height, width, channels = features.shape
    best, place = np.empty(channels, np.float32), np.empty(channels, np.int32)
    for image in range(outputs.shape[0]):
        for row in range(outputs.shape[1]):
            for column in range(outputs.shape[2]):
                x = column * stride
                for i in range(SIZE):
                    # Beyond the border the last pixel comes again, and changes no maximum.
                    y = min(row * stride + i, height - 1)
                    left = features[image, y, x]
                    middle = features[image, y, min(x + 1, width - 1)]
                    right = features[image, y, min(x + 2, width - 1)]
                    for k in range(channels):
                        v, p = (best[k], place[k]) if i else (np.float32(-np.inf), 0)
                        v, p = _larger(v, p, _read(left[k]), SIZE * i)
                        v, p = _larger(v, p, _read(middle[k]), SIZE * i + 1)
                        best[k], place[k] = _larger(v, p, _read(right[k]), SIZE * i + 2)
                for k in range(channels):
                    value = best[k] + bias[k]
                    is_cut = value <= 0
                    outputs[image, row, column, k] = np.float32(0) if is_cut else value
                    places[image, row, column, k] = _NOWHERE if is_cut else place[k]


@compiled
@no_type_check
def pool_transposed(gradient, places, stride, of_features, of_bias):
    """Fill the derivatives by features and bias."""
    _, height, width, channels = of_features.shape
    strip = np.empty((SIZE, width, channels), np.float32)
    total = np.zeros(channels)
    for image in range(gradient.shape[0]):
        strip[:] = 0
        for row in range(gradient.shape[1]):
            for column in range(gradient.shape[2]):
                g, p = gradient[image, row, column], places[image, row, column]
                for k in range(channels):
                    total[k] += np.float32(0) if p[k] == _NOWHERE else g[k]
                for i in range(SIZE):
                    for j in range(min(SIZE, width - column * stride)):
                        line, at = strip[i, column * stride + j], SIZE * i + j
                        for k in range(channels):
                            line[k] += g[k] if p[k] == at else np.float32(0)
            # The next windows add to no row above their first.
            is_last = row == gradient.shape[1] - 1
            for i in range(height - row * stride if is_last else stride):
                for x in range(width):
                    for k in range(channels):
                        value = strip[i, x, k] if i < SIZE else np.float32(0)
                        feature = _as_feature(value, of_features)
                        of_features[image, row * stride + i, x, k] = feature
            for i in range(SIZE):
                if i + stride < SIZE:
                    strip[i] = strip[i + stride]
                else:
                    strip[i] = 0
    for k in range(channels):
        of_bias[k] = total[k]
