"""Preprocess images: as MatConvNet's MNIST and CIFAR-10 examples do, or to unit deviation."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float32, Float64, UInt8
from scipy import linalg
from torch import Tensor

from maxgain.data.images import DataSet
from maxgain.errors import InputError

CONTRAST_FLOOR = 40.0
"""Least standard deviation, in 0-255 pixels, by which an image's contrast is divided."""

WHITENING_FLOOR = 10.0
"""Least standard deviation, in 0-255 pixels, by which a principal component is divided."""

MAXIMUM_WHITENED_PIXELS = 6144
"""Most pixels of an image that is whitened: the covariance has the square of it as entries."""

_LEAST_DEVIATION = 1e-3
"""Standard deviation of a channel, in 0-255 pixels, below which nothing but rounding is left."""

_CHUNK = 2000
"""Images that are held in float64 at a time: 49 MB at 32 x 32 pixels with 3 channels."""


Part = TypeVar("Part")
Result = TypeVar("Result")


@dataclass(frozen=True)
class PreprocessedImages:
    """What networks are trained on.

    Attributes
    ----------
    training, validation
        Preprocessed images, in units of `pixel_scale` 0-255 pixels.
    mean_image
        What is subtracted of each image, in 0-255 pixels: the mean over the training images, or
        over the data's `statistics`.
    pixel_scale
        0-255 pixels that one unit of a channel stands for; None where the unit is one pixel. A gain
        in 0-255 units is measured with the division by it as part of the network.
    """

    training: Float32[Tensor, "training channels height width"]
    validation: Float32[Tensor, "validation channels height width"]
    mean_image: Float32[Tensor, "channels height width"]
    pixel_scale: Float32[Tensor, "channels"] | None = None


def subtract_mean_image(data: DataSet) -> PreprocessedImages:
    """Subtract the training images' mean image, as the MNIST protocol does.

    It is taken over the data's `statistics` where it has such.
    """
    mean = _mean_image(data.training.images if data.statistics is None else data.statistics)
    return PreprocessedImages(
        _subtract(data.training.images, mean), _subtract(data.validation.images, mean), mean.float()
    )


def standardise_channels(data: DataSet) -> PreprocessedImages:
    """Subtract each channel's mean and divide by its standard deviation, over images and places.

    Both are taken over the training images, or the data's `statistics`, from sums of integers, so
    that they are exact but for the last rounding.

    Raises
    ------
    InputError
        A channel has the same value everywhere.
    """
    reference = data.training.images if data.statistics is None else data.statistics
    count = reference.numel() // reference.shape[1]
    total = torch.zeros(reference.shape[1], dtype=torch.int64)
    squares = torch.zeros(reference.shape[1], dtype=torch.int64)
    for chunk in _chunks(reference):
        wide = chunk.to(torch.int64)
        total += wide.sum((0, 2, 3))
        squares += (wide * wide).sum((0, 2, 3))
    mean = total.double() / count
    deviation = (squares.double() / count - mean**2).clamp(min=0).sqrt()
    constant = [channel for channel, x in enumerate(deviation.tolist()) if x < _LEAST_DEVIATION]
    if constant:
        raise InputError(
            f"{data.label}: channel {constant[0]} of the training images has the value "
            f"{mean[constant[0]]:g} everywhere; standardisation divides by its deviation."
        )
    mean_image = mean[:, None, None].expand(reference.shape[1:])
    parts = [_subtract(part.images, mean_image) for part in (data.training, data.validation)]
    for images in parts:
        images /= deviation.float()[:, None, None]
    return PreprocessedImages(
        parts[0], parts[1], mean_image.float().contiguous(), deviation.float()
    )


def normalise_and_whiten(data: DataSet) -> PreprocessedImages:
    """Subtract the mean image, normalise each image's contrast, and whiten (CIFAR-10 protocol).

    With n an image's standard deviation (of a sample, as MatConvNet takes it) after its mean is
    subtracted, the image is scaled by mean(n) / max(n, 40), the mean being over all images. With
    W = Z Z^T / N = V D V^T, Z the training images and N the number of all images, whitening is
    z <- V diag(e / max(sqrt(d), 10)) V^T z, e = sqrt(mean(d)). Where the data has `statistics`,
    they take the place of the training images in all of this: a covariance of fewer images than
    pixels misses directions, along which other images are then blown up.

    The covariance sums float32 products of a few thousand images each in float64, which moves the
    whitening by some 1e-6 of its largest entry; its eigenvectors are of float64. Beside the result,
    memory holds the covariance a few times and a few thousand images for each thread.

    Two threads share the images where there are two cores. The result does not depend on it, as
    each takes whole parts; libraries below should take one thread each.

    Raises
    ------
    InputError
        An image has more pixels than :data:`MAXIMUM_WHITENED_PIXELS`, or only one.
    """
    shape = data.training.images.shape[1:]
    pixels = shape.numel()
    if not 2 <= pixels <= MAXIMUM_WHITENED_PIXELS:
        raise InputError(
            f"{data.label} has images of {pixels} numbers (channels x height x width); whitening "
            f"allows 2 to {MAXIMUM_WHITENED_PIXELS}."
        )
    parts = [data.training.images, data.validation.images]
    reference = 0
    if data.statistics is not None:
        parts.append(data.statistics)
        reference = 2
    mean = _mean_image(parts[reference])
    centred = [_subtract(images, mean).flatten(1) for images in parts]
    deviations = [_centre_each(images) for images in centred]
    mean_deviation = torch.cat([deviations[reference], deviations[1]]).mean()
    for images, deviation in zip(centred, deviations, strict=True):
        images *= (mean_deviation / deviation.clamp(min=CONTRAST_FLOOR)).float()[:, None]
    training, validation = centred[:2]
    number = len(centred[reference]) + len(validation)
    whitening = torch.from_numpy(_whitening_matrix(centred[reference], number))
    for images in (training, validation):
        for _ in _in_parts(lambda part: part.copy_(part @ whitening), _chunks(images)):
            pass
    return PreprocessedImages(
        training.reshape(-1, *shape), validation.reshape(-1, *shape), mean.float()
    )


def _mean_image(
    images: UInt8[Tensor, "count channels height width"],
) -> Float64[Tensor, "channels height width"]:
    total = torch.zeros(images.shape[1:], dtype=torch.int64)
    for chunk in _chunks(images):
        total += chunk.sum(0)
    return total.double() / len(images)


def _subtract(
    images: UInt8[Tensor, "count channels height width"],
    mean: Float64[Tensor, "channels height width"],
) -> Float32[Tensor, "count channels height width"]:
    result = torch.empty(images.shape, dtype=torch.float32)
    for source, target in zip(_chunks(images), _chunks(result), strict=True):
        target.copy_(source.double() - mean)
    return result


def _centre_each(images: Float32[Tensor, "count pixels"]) -> Float64[Tensor, "count"]:
    """Subtract from each image its mean, in place, and return the standard deviations."""
    deviations = []
    for chunk in _chunks(images):
        exact = chunk.double()
        exact -= exact.mean(1, keepdim=True)
        chunk.copy_(exact)
        deviations.append(exact.std(1))
    return torch.cat(deviations)


def _whitening_matrix(
    training: Float32[Tensor, "count pixels"], divisor: int
) -> Float32[np.ndarray, "pixels pixels"]:
    pixels = training.shape[1]
    covariance = np.zeros((pixels, pixels))
    parts = [chunk.numpy() for chunk in _chunks(training)]
    # NumPy sees the product of a matrix and itself, and computes half of it.
    for product in _in_parts(lambda part: part.T @ part, parts):
        covariance += product
    covariance /= divisor
    variances, components = linalg.eigh(
        covariance, driver="evd", overwrite_a=True, check_finite=False
    )
    variances = variances.clip(min=0)  # Rounding makes zero variances slightly negative.
    scales = np.sqrt(variances.mean()) / np.sqrt(variances).clip(min=WHITENING_FLOOR)
    whitening: np.ndarray = (components * scales) @ components.T
    return whitening.astype(np.float32)


def _in_parts(function: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
    """Results of a function of each part, in order; no more of them wait than there are threads."""
    # More than two would wait for the eigenvectors, which one thread finds.
    threads = min(2, len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(parts), threads):
            yield from pool.map(function, parts[first : first + threads])


def _chunks(images: Tensor) -> tuple[Tensor, ...]:
    return torch.split(images, _CHUNK)
