"""Layers of a MatConvNet file as torch modules."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from maxgain.zoo.readers.matconvnet.fields import LARGEST_SIDE, Fields
from maxgain.zoo.readers.matconvnet.layers import (
    BatchNormalization,
    Concatenation,
    Convolution,
    CrossChannelNormalization,
    Identity,
    Layer,
    Padding,
    Pooling,
    Rectifier,
    Softmax,
    Sum,
)


def _convolution(options: Fields, parameters: list[np.ndarray]) -> Layer:
    if len(parameters) not in (1, 2):
        raise options.error(f"it has {len(parameters)} parameters; filters and biases are needed")
    filters = parameters[0]
    if filters.ndim > 4 or filters.size == 0:
        raise options.error(f"its filters have the shape {list(filters.shape)}; 4 sizes are needed")
    # MATLAB drops sizes of one at the end.
    filters = filters.reshape([*filters.shape, 1, 1, 1, 1][:4])
    biases = parameters[1] if len(parameters) == 2 and parameters[1].size else None
    if biases is not None and biases.size != filters.shape[3]:
        raise options.error(f"it has {biases.size} biases for {filters.shape[3]} filters")
    return Convolution(
        tensor(filters.transpose(3, 2, 0, 1)),
        None if biases is None else tensor(biases.reshape(-1)),
        _pair(options, ["stride"], 1),
        _padding(options),
        _pair(options, ["dilate"], 1),
    )


def _pooling(options: Fields, parameters: list[np.ndarray]) -> Layer:
    method = options.text("method") if "method" in options else "max"
    size = _pair(options, ["pool", "poolSize"])
    stride, padding = _pair(options, ["stride"], 1), _padding(options)
    if method == "max":
        return Pooling("max", size, stride, padding)
    if method == "avg":
        return Pooling("avg", size, stride, padding)
    raise options.error(f"its pooling method is '{method}'; known are max, avg")


def _cross_channel_normalization(options: Fields, parameters: list[np.ndarray]) -> Layer:
    values = options.numbers("param")
    if len(values) != 4 or not values[0].is_integer() or not 1 <= values[0] <= LARGEST_SIDE:
        raise options.error(f"'param' is {values[:8]}; it must be [N kappa alpha beta]")
    return CrossChannelNormalization(int(values[0]), *values[1:])


def _batch_normalization(options: Fields, parameters: list[np.ndarray]) -> Layer:
    if len(parameters) != 3:
        raise options.error(
            f"it has {len(parameters)} parameters; scale, shift and moments are needed"
        )
    scale, shift, moments = parameters
    channels = scale.size
    if shift.size != channels or moments.shape != (channels, 2):
        raise options.error(
            f"it has {channels} scales, {shift.size} shifts and moments of the shape "
            f"{list(moments.shape)}, which do not fit together"
        )
    if not (moments[:, 1] > 0).all():
        raise options.error("its moments have standard deviations that are not positive")
    return BatchNormalization(
        tensor(scale.reshape(-1)),
        tensor(shift.reshape(-1)),
        tensor(moments[:, 0]),
        tensor(moments[:, 1]),
    )


def _rectifier(options: Fields, parameters: list[np.ndarray]) -> Layer:
    leak = options.numbers("leak") if "leak" in options else [0.0]
    if len(leak) != 1:
        raise options.error(f"'leak' is {leak[:8]}; it must be one number")
    return Rectifier(leak[0])


def _concatenation(options: Fields, parameters: list[np.ndarray]) -> Layer:
    if "dim" in options and options.numbers("dim") != [3.0]:
        raise options.error(
            f"it joins along dimension {options.numbers('dim')[:8]}; only 3 is known"
        )
    return Concatenation()


BUILDERS: dict[str, Callable[[Fields, list[np.ndarray]], Layer]] = {
    "Conv": _convolution,
    "ReLU": _rectifier,
    "Pooling": _pooling,
    "LRN": _cross_channel_normalization,
    "BatchNorm": _batch_normalization,
    "DropOut": lambda options, parameters: Identity(),
    "SoftMax": lambda options, parameters: Softmax(),
    "Sum": lambda options, parameters: Sum(),
    "Concat": _concatenation,
}


def tensor(values: np.ndarray) -> Tensor:
    """Float32 tensor of an array in any order of memory."""
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _pair(options: Fields, names: Sequence[str], default: int | None = None) -> tuple[int, int]:
    numbers = options.whole_numbers(names, (1, 2), 1, default)
    return numbers[0], numbers[-1]


def _padding(options: Fields) -> Padding:
    numbers = options.whole_numbers(["pad"], (1, 4), 0, 0)
    return Padding(*(numbers * 4 if len(numbers) == 1 else numbers))
