"""File formats, stratified choices and digits on photographs."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maxgain.data.formats import cifar_binary as cifar
from maxgain.data.formats import idx
from maxgain.data.images import DataSet, ImageData, choose_stratified
from maxgain.data.registry import OFFICIAL
from maxgain.data.sources.photograph_patches import blend_with_patches
from maxgain.errors import InputError

WriteIdx = Callable[[np.ndarray], bytes]


@given(pixels=arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9))))
def test_idx_images_come_back_as_they_were_written(idx_bytes: WriteIdx, pixels: np.ndarray) -> None:
    images = idx.parse_images(idx_bytes(pixels), "images")
    assert images.dtype == torch.uint8
    assert np.array_equal(images.numpy(), pixels[:, None])


@given(labels=arrays(np.uint8, st.integers(1, 40)))
def test_idx_labels_come_back_as_they_were_written(idx_bytes: WriteIdx, labels: np.ndarray) -> None:
    parsed = idx.parse_labels(idx_bytes(labels), "labels")
    assert parsed.dtype == torch.int64
    assert np.array_equal(parsed.numpy(), labels)


def test_idx_pair_names_the_classes_up_to_the_highest_label(idx_bytes: WriteIdx) -> None:
    images, labels = np.zeros((3, 2, 2)), np.array([4, 0, 2])
    data = idx.parse_pair(idx_bytes(images), idx_bytes(labels), None, "data")
    assert data.classes == ("0", "1", "2", "3", "4")


def test_cifar_batch_is_label_then_red_green_and_blue_rows() -> None:
    record = bytes([7]) + bytes([1] * 1024) + bytes([2] * 1024) + bytes(range(256)) * 4
    names = OFFICIAL.find("cifar10").classes
    batch = cifar.parse_batch(record + record, "batch", classes=names)
    assert batch.labels.tolist() == [7, 7]
    assert batch.classes[7] == "horse"
    assert batch.images[1, 0].unique().tolist() == [1]
    assert batch.images[1, 1].unique().tolist() == [2]
    assert batch.images[1, 2, 0].tolist() == list(range(32))
    assert batch.images[1, 2, 31, 31] == 255


def test_batches_are_joined_in_order() -> None:
    files = {str(label): bytes([label]) + bytes(3072) for label in (3, 1, 2, 7)}
    training, validation = cifar.read_cifar10(files, None, "batches")
    assert training.labels.tolist() == [3, 1, 2]
    assert validation.labels.tolist() == [7]


def test_cifar100_has_the_class_after_the_superclass() -> None:
    pixels = bytes(range(256)) * 12
    batch = cifar.parse_batch(bytes([19, 99]) + pixels, "file", cifar.CIFAR100)
    assert batch.labels.tolist() == [99]
    assert batch.images.flatten().tolist() == list(pixels)
    with pytest.raises(InputError, match="label 100; allowed are 0 to 99"):
        cifar.parse_batch(bytes([0, 100]) + pixels, "file", cifar.CIFAR100)
    with pytest.raises(InputError, match="50,000 whole records of 3074 bytes"):
        cifar.parse_batch(bytes([0]) + pixels, "file", cifar.CIFAR100)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data(), st.integers(0, 99))
def test_stratified_choice_keeps_each_class_share(
    labels: list[int], data: st.DataObject, seed: int
) -> None:
    count = data.draw(st.integers(1, len(labels)))
    tensor = torch.tensor(labels)
    chosen = choose_stratified(tensor, count, seed)
    assert len(chosen) == count
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert torch.equal(chosen, choose_stratified(tensor, count, seed))
    sizes = torch.bincount(tensor)
    exact = sizes * count / len(labels)
    got = torch.bincount(tensor[chosen], minlength=len(sizes))
    assert bool(((got - exact).abs() < 1).all())


def test_stratified_choice_from_sorted_labels_is_not_the_first_of_each_class() -> None:
    labels = torch.arange(10).repeat_interleave(100)
    chosen = choose_stratified(labels, 100, seed=0)
    assert torch.bincount(labels[chosen]).tolist() == [10] * 10
    assert (chosen % 100).max() > 50
    assert not torch.equal(chosen, choose_stratified(labels, 100, seed=1))


@pytest.mark.parametrize("count", [0, -1, 4])
def test_stratified_choice_refuses_impossible_counts(count: int) -> None:
    with pytest.raises(InputError, match="allowed are 1 to 3"):
        choose_stratified(torch.tensor([0, 1, 1]), count)


def _images(count: int = 2, size: int = 4, labels: tuple[int, ...] = (0, 1)) -> ImageData:
    pixels = torch.zeros(count, 1, size, size, dtype=torch.uint8)
    return ImageData(pixels, torch.tensor(labels), ("a", "b"))


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (torch.zeros(0, 1, 4, 4, dtype=torch.uint8), torch.tensor([]).long(), "none may be empty"),
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.tensor([0, 2]), "0 to 1"),
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.tensor([-1, 1]), "0 to 1"),
    ],
)
def test_image_data_refuses(images: torch.Tensor, labels: torch.Tensor, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ImageData(images, labels, ("a", "b"))


def test_data_set_refuses_differing_sizes_and_classes_and_labels_of_many_lines() -> None:
    with pytest.raises(InputError, match=r"4 x 4 pixels with 1 channel but .* 5 x 5"):
        DataSet(_images(), _images(size=5), "data", stand_in=False)
    other = ImageData(_images().images, _images().labels, ("a", "c"))
    with pytest.raises(InputError, match="a, b but validation has a, c"):
        DataSet(_images(), other, "data", stand_in=False)
    for label in ("", "  ", "a\nb"):
        with pytest.raises(InputError, match="label is"):
            DataSet(_images(), _images(), label, stand_in=False)


def test_digits_are_subtracted_from_patches_that_lie_in_a_photograph() -> None:
    # A photograph whose pixels tell their place: row in red, column in green, 200 in blue.
    rows = torch.arange(60)[:, None].expand(60, 90)
    columns = torch.arange(90)[None, :].expand(60, 90)
    photo = torch.stack([rows, columns, torch.full((60, 90), 200)]).to(torch.uint8)
    digits = torch.randint(0, 256, (50, 1, 28, 28), dtype=torch.uint8)
    images = blend_with_patches(digits, [photo], seed=3)
    assert images.shape == (50, 3, 32, 32)
    assert images.dtype == torch.uint8
    places = set()
    for image, digit in zip(images, digits, strict=True):
        row, column = int(image[0, 0, 0]), int(image[1, 0, 0])  # The border shows the photo.
        places.add((row, column))
        patch = photo[:, row : row + 32, column : column + 32].int()
        expected = patch.clone()
        expected[:, 2:30, 2:30] = (patch[:, 2:30, 2:30] - digit.int()).abs()
        assert torch.equal(image.int(), expected)
    assert len(places) > 40
    assert torch.equal(images, blend_with_patches(digits, [photo], seed=3))
    assert not torch.equal(images, blend_with_patches(digits, [photo], seed=4))


def test_patches_come_from_every_photograph_and_reach_its_edges() -> None:
    photos = [torch.full((3, 33, 33), value, dtype=torch.uint8) for value in (10, 90)]
    photos[1][:, 32, 32] = 91  # Only the patch at the last place holds this pixel.
    images = blend_with_patches(torch.zeros(60, 1, 28, 28, dtype=torch.uint8), photos, seed=0)
    assert set(images.flatten().tolist()) == {10, 90, 91}


@pytest.mark.parametrize(
    ("digit_size", "photos", "said"),
    [
        (33, [torch.zeros(3, 40, 40, dtype=torch.uint8)], "at most 32 x 32"),
        (28, [], "photographs are missing"),
        (28, [torch.zeros(3, 40, 31, dtype=torch.uint8)], "40 x 31"),
    ],
)
def test_blending_refuses(digit_size: int, photos: list[torch.Tensor], said: str) -> None:
    digits = torch.zeros(1, 1, digit_size, digit_size, dtype=torch.uint8)
    with pytest.raises(InputError, match=said):
        blend_with_patches(digits, photos, seed=0)
