"""Augmentation: how often, where to, and nothing else."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maxgain.data.augmentation import PADDING, batch_flip, flip_and_crop, no_augmentation


def _images(count: int, channels: int = 2, height: int = 5, width: int = 7) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(count, channels, height, width, generator=generator)
    return images.contiguous(memory_format=torch.channels_last)


def _draw(augmentation: object, count: int, batch_size: int, seed: int = 0) -> torch.Tensor:
    return augmentation.draw(count, batch_size, torch.Generator().manual_seed(seed))  # type: ignore[attr-defined]


def test_without_augmentation_images_are_themselves() -> None:
    images, augmentation = _images(3), no_augmentation()
    numbers = _draw(augmentation, 3, 2)
    assert numbers.shape == (3, 0)
    assert augmentation.apply(images, numbers) is images


def test_half_of_the_batches_are_flipped_each_as_a_whole() -> None:
    augmentation = batch_flip()
    numbers = _draw(augmentation, 2001, 2)
    assert numbers.shape == (2001, 1)
    assert torch.equal(numbers[:-1:2], numbers[1::2])
    assert abs(float(numbers[::2].float().mean()) - 0.5) < 5 * 0.5 / math.sqrt(1001)
    images = _images(2)
    for flip in (0, 1):
        found = augmentation.apply(images, torch.full((2, 1), flip))
        assert torch.equal(found, images.flip(3) if flip else images)


def test_flips_and_places_are_drawn_for_each_image_evenly() -> None:
    count = 9000
    numbers = _draw(flip_and_crop(), count, 100)
    places = 2 * PADDING + 1
    for column, choices in zip(numbers.T, (2, places, places), strict=True):
        shares = torch.bincount(column, minlength=choices) / count
        deviation = math.sqrt((1 / choices) * (1 - 1 / choices) / count)
        assert len(shares) == choices
        assert (shares - 1 / choices).abs().max() < 5 * deviation
    assert abs(np.corrcoef(numbers.T.numpy())[np.triu_indices(3, 1)]).max() < 5 / math.sqrt(count)


@settings(max_examples=30, deadline=None)
@given(
    numbers=st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 2 * PADDING), st.integers(0, 2 * PADDING)),
        min_size=1,
        max_size=4,
    )
)
def test_crops_are_those_of_padded_and_flipped_images(
    numbers: list[tuple[int, int, int]],
) -> None:
    images = _images(len(numbers))
    found = flip_and_crop().apply(images, torch.tensor(numbers))
    assert found.is_contiguous(memory_format=torch.channels_last)
    for image, crop, (flip, top, left) in zip(images, found, numbers, strict=True):
        padded = np.pad(image.numpy(), ((0, 0), (PADDING, PADDING), (PADDING, PADDING)))
        expected = padded[:, top : top + 5, left : left + 7]
        np.testing.assert_array_equal(crop.numpy(), expected[:, :, ::-1] if flip else expected)


@pytest.mark.parametrize("make", [batch_flip, flip_and_crop])
def test_draws_depend_on_the_generator_alone(make: object) -> None:
    first, second, other = (_draw(make(), 500, 3, seed) for seed in (0, 0, 1))  # type: ignore[operator]
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
