"""Writes networks as MatConvNet's .mat files, and computes them by plain NumPy in float64."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.io import savemat

Array = np.ndarray


def cells(*values: object) -> Array:
    """A MATLAB cell array."""
    array = np.empty((1, len(values)), dtype=object)
    for number, value in enumerate(values):
        array[0, number] = value
    return array


def structs(*records: dict[str, object]) -> Array:
    """A MATLAB struct array."""
    array = np.empty((1, len(records)), dtype=[(name, object) for name in records[0]])
    for number, record in enumerate(records):
        for name, value in record.items():
            array[0, number][name] = value
    return array


def row(*numbers: float) -> Array:
    return np.array([numbers], dtype=float)


def meta(side: int, classes: int, average: Array | None = None) -> dict[str, object]:
    return {
        "normalization": {
            "imageSize": row(side, side, 3),
            "averageImage": row(120, 110, 100) if average is None else average,
        },
        "classes": {"description": cells(*(f"thing {i}, also {i}" for i in range(classes)))},
    }


def save_simple(path: Path, layers: list[dict[str, object]], side: int, classes: int) -> None:
    savemat(path, {"layers": cells(*layers), "meta": meta(side, classes)}, do_compression=True)


def dag_layer(
    name: str,
    kind: str,
    inputs: list[str],
    output: str,
    params: list[str] | None = None,
    block: dict[str, object] | None = None,
) -> dict[str, object]:
    return {
        "name": name,
        "type": f"dagnn.{kind}",
        "inputs": cells(*inputs),
        "outputs": cells(output),
        "params": cells(*(params or [])),
        # A block without properties is written as an empty array.
        "block": block if block else np.zeros((0, 0)),
    }


def save_dag(
    path: Path,
    layers: list[dict[str, object]],
    params: dict[str, Array],
    side: int,
    classes: int,
) -> None:
    savemat(
        path,
        {
            "layers": structs(*layers),
            "params": structs(*({"name": name, "value": value} for name, value in params.items())),
            "vars": structs({"name": "data", "precious": 0.0}),
            "meta": meta(side, classes),
        },
    )


# NumPy in MatConvNet's own order of axes: (batch, height, width, channels).


def convolve(
    x: Array,
    filters: Array,
    biases: Array | None = None,
    stride: tuple[int, int] = (1, 1),
    pad: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> Array:
    """Correlation, one output channel at a time, each with the inputs of its group."""
    height, width, group_channels, outputs = filters.shape
    top, bottom, left, right = pad
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    windows = sliding_window_view(x, (height, width), axis=(1, 2))
    windows = windows[:, :: stride[0], :: stride[1]]
    outputs_per_group = outputs * group_channels // x.shape[3]
    maps = []
    for output in range(outputs):
        first = output // outputs_per_group * group_channels
        part = windows[:, :, :, first : first + group_channels]
        value = np.einsum("nijchw,hwc->nij", part, filters[..., output].astype(float))
        maps.append(value + (0 if biases is None else float(biases.reshape(-1)[output])))
    return np.stack(maps, axis=-1)


def pool(
    x: Array,
    method: str,
    size: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> Array:
    """Windows clipped to the image: what is outside is not a number and is not looked at."""
    top, bottom, left, right = pad
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=np.nan)
    windows = sliding_window_view(x, size, axis=(1, 2))[:, :: stride[0], :: stride[1]]
    return (np.nanmax if method == "max" else np.nanmean)(windows, axis=(-2, -1))


def normalize(x: Array, size: int, kappa: float, alpha: float, beta: float) -> Array:
    """Local response normalisation, one channel at a time."""
    channels = x.shape[3]
    y = np.empty_like(x)
    for k in range(channels):
        first = max(k - int(np.floor((size - 1) / 2)), 0)
        last = min(k + int(np.ceil((size - 1) / 2)), channels - 1)
        total = (x[..., first : last + 1] ** 2).sum(-1)
        y[..., k] = x[..., k] / (kappa + alpha * total) ** beta
    return y


def batch_normalize(x: Array, scale: Array, shift: Array, moments: Array) -> Array:
    return scale.reshape(-1) * (x - moments[:, 0]) / moments[:, 1] + shift.reshape(-1)


def rectify(x: Array) -> Array:
    return np.maximum(x, 0)


def gradient_by_differences(
    network: Callable[[Array], Array], image: Array, projection: Array, step: float = 1e-5
) -> Array:
    """d<projection, network(image)>/d image by central differences, all pixels in one batch."""
    count = image.size
    shifts = np.eye(count).reshape(count, *image.shape) * step
    values = network(np.concatenate([image + shifts, image - shifts])).reshape(2, count, -1)
    return ((values[0] - values[1]) @ projection / (2 * step)).reshape(image.shape)
