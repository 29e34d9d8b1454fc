"""Augmentation of training images: what is drawn for an epoch, and what it does to a batch.

`torchvision.transforms.v2` was weighed: it draws from the global random numbers, one set for a
whole batch, which neither an exact resumption nor a CUDA graph can use.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

PADDING = 4
"""Rows and columns of zeros at each border before a crop (He et al. 2016, section 4.2)."""

Draw = Callable[[int, int, torch.Generator], Int64[Tensor, "images numbers"]]
"""Random numbers for each image of an epoch, in the order of training: given the number of images,
the batch size and the epoch's generator."""

Apply = Callable[
    [Float[Tensor, "batch channels height width"], Int64[Tensor, "batch numbers"]],
    Float[Tensor, "batch channels height width"],
]
"""Images of a batch changed by their numbers, on the images' device without waiting for it."""


@dataclass(frozen=True)
class Augmentation:
    """What is drawn for an epoch and what it does to a batch.

    Attributes
    ----------
    draw, apply
        Drawing is apart from applying, as an epoch's numbers depend on (seed, epoch) alone.
    """

    draw: Draw
    apply: Apply


def no_augmentation() -> Augmentation:
    """Images as they are."""
    return Augmentation(_draw_nothing, lambda images, numbers: images)


def batch_flip() -> Augmentation:
    """A whole batch flipped left-right with probability 1/2 (section IV-B, as MatConvNet does)."""
    return Augmentation(_draw_batch_flips, _flip_batch)


def flip_and_crop() -> Augmentation:
    """Each image flipped with probability 1/2, padded by zeros, and cropped to its size anywhere.

    He et al. 2016, section 4.2. Zero is the mean of preprocessed images.
    """
    return Augmentation(_draw_flips_and_places, _flip_and_crop)


def _draw_nothing(count: int, batch_size: int, generator: torch.Generator) -> Tensor:
    return torch.empty(count, 0, dtype=torch.int64)


def _draw_batch_flips(count: int, batch_size: int, generator: torch.Generator) -> Tensor:
    coins = torch.rand(math.ceil(count / batch_size), generator=generator)
    return (coins < 0.5).long().repeat_interleave(batch_size)[:count, None]


def _flip_batch(images: Tensor, numbers: Tensor) -> Tensor:
    if images.device.type == "cpu":
        return images.flip(3) if numbers[0, 0] else images
    return torch.where(numbers[:, 0, None, None, None] > 0, images.flip(3), images)


def _draw_flips_and_places(count: int, batch_size: int, generator: torch.Generator) -> Tensor:
    flips = torch.randint(2, (count, 1), generator=generator)
    places = torch.randint(2 * PADDING + 1, (count, 2), generator=generator)
    return torch.cat([flips, places], 1)


def _flip_and_crop(images: Tensor, numbers: Tensor) -> Tensor:
    batch, _, height, width = images.shape
    flips, tops, lefts = numbers[:, :, None].unbind(1)
    rows = tops + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device)
    columns = lefts + torch.where(flips > 0, width - 1 - columns, columns)
    # Channels last, as the images lie in memory: a pixel's channels are copied together.
    padded = F.pad(images.permute(0, 2, 3, 1), (0, 0, PADDING, PADDING, PADDING, PADDING))
    images_of_pixels = torch.arange(batch, device=images.device)[:, None, None]
    cropped = padded[images_of_pixels, rows[:, :, None], columns[:, None, :]]
    return cropped.permute(0, 3, 1, 2)
