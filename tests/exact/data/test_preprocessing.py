"""Preprocessing against a reference in numpy and float64, written from the protocol's text."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from maxgain.data import preprocessing
from maxgain.data.images import DataSet, ImageData
from maxgain.data.preprocessing import (
    PreprocessedImages,
    normalise_and_whiten,
    standardise_channels,
    subtract_mean_image,
)
from maxgain.errors import InputError


def _data(training: int, validation: int, shape: tuple[int, int, int], seed: int = 0) -> DataSet:
    """Smooth random images of very different contrast, some of them constant."""
    random = np.random.default_rng(seed)
    parts = []
    for count in (training, validation):
        noise = random.normal(size=(count, *shape)).cumsum(2).cumsum(3)
        noise *= random.uniform(0, 60, (count, 1, 1, 1)) / noise.std((1, 2, 3), keepdims=True)
        noise[0] = 0
        pixels = np.clip(noise + random.uniform(0, 255, (count, 1, 1, 1)), 0, 255)
        images = torch.from_numpy(pixels.astype(np.uint8))
        parts.append(ImageData(images, torch.arange(count) % 2, ("a", "b")))
    return DataSet(parts[0], parts[1], "data", stand_in=False)


def _reference(data: DataSet) -> tuple[np.ndarray, np.ndarray]:
    """Whiten as the protocol's section 3 says, images in columns."""
    train = data.training.images.numpy().astype(np.float64)
    test = data.validation.images.numpy().astype(np.float64)
    count = len(train) + len(test)
    z = np.concatenate([train, test]) - train.mean(0)
    z = z.reshape(count, -1).T
    z = z - z.mean(0)
    n = z.std(0, ddof=1)
    z = z * (n.mean() / np.maximum(n, 40))
    z1 = z[:, : len(train)]
    d, v = np.linalg.eigh(z1 @ z1.T / count)
    d = np.maximum(d, 0)
    e = np.sqrt(d.mean())
    z = v @ np.diag(e / np.maximum(np.sqrt(d), 10)) @ v.T @ z
    images = z.T.reshape(count, *train.shape[1:])
    return images[: len(train)], images[len(train) :]


def test_the_training_mean_image_is_subtracted_from_both_sets() -> None:
    data = _data(37, 11, (1, 6, 5))
    result = subtract_mean_image(data)
    mean = data.training.images.numpy().astype(np.float64).mean(0)
    np.testing.assert_allclose(result.mean_image.numpy(), mean, rtol=1e-6)
    for got, part in ((result.training, data.training), (result.validation, data.validation)):
        assert got.dtype == torch.float32
        np.testing.assert_allclose(got.numpy(), part.images.numpy() - mean, atol=1e-4)


@pytest.mark.parametrize(
    ("training", "validation", "shape"),
    [
        (300, 60, (3, 8, 8)),
        (50, 10, (3, 8, 8)),  # Fewer images than pixels: most variances are zero.
        (40, 40, (1, 5, 7)),
    ],
)
def test_whitening_agrees_with_the_reference(
    training: int, validation: int, shape: tuple[int, int, int]
) -> None:
    data = _data(training, validation, shape)
    result = normalise_and_whiten(data)
    expected = _reference(data)
    for got, want in zip((result.training, result.validation), expected, strict=True):
        assert got.dtype == torch.float32
        np.testing.assert_allclose(got.numpy(), want, atol=2e-4 * np.abs(want).max())
    mean = data.training.images.numpy().astype(np.float64).mean(0)
    np.testing.assert_allclose(result.mean_image.numpy(), mean, rtol=1e-6)


@pytest.mark.parametrize("preprocess", [normalise_and_whiten, subtract_mean_image])
def test_statistics_come_from_the_images_given_for_them(
    preprocess: Callable[[DataSet], PreprocessedImages],
) -> None:
    whole = _data(300, 60, (3, 4, 4))
    few = whole.training.select(torch.arange(0, 300, 10))
    part = replace(whole, training=few, statistics=whole.training.images)
    expected, found = preprocess(whole), preprocess(part)
    assert torch.equal(found.validation, expected.validation)
    torch.testing.assert_close(found.training, expected.training[::10])
    assert torch.equal(found.mean_image, expected.mean_image)
    alone = preprocess(replace(whole, training=few))
    assert not torch.allclose(alone.validation, found.validation, atol=0.1)


def test_the_floors_matter_in_the_data_that_the_reference_is_compared_on() -> None:
    data = _data(300, 60, (3, 8, 8))
    mean = data.training.images.double().mean(0)
    contrast = (data.training.images.double() - mean).flatten(1).std(1)
    assert bool((contrast < 40).any())
    assert bool((contrast > 40).any())
    variances = torch.linalg.eigvalsh(
        normalise_and_whiten(data).training.flatten(1).double().T.cov()
    )
    # Strong components come out equal, weak ones stay below.
    assert variances[-1] < 1.6 * variances[-5]
    assert variances[0] < 0.1 * variances[-1]


def test_chunks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _data(90, 30, (3, 6, 6))
    whole = normalise_and_whiten(data)
    monkeypatch.setattr(preprocessing, "_CHUNK", 7)
    pieces = normalise_and_whiten(data)
    scale = float(whole.training.abs().max())
    torch.testing.assert_close(pieces.training, whole.training, atol=1e-5 * scale, rtol=0)
    torch.testing.assert_close(pieces.validation, whole.validation, atol=1e-5 * scale, rtol=0)
    assert torch.equal(pieces.mean_image, whole.mean_image)


def test_the_same_images_give_the_same_bits() -> None:
    data = _data(60, 20, (3, 6, 6))
    first, second = normalise_and_whiten(data), normalise_and_whiten(data)
    assert torch.equal(first.training, second.training)
    assert torch.equal(first.validation, second.validation)


def test_constant_images_stay_finite() -> None:
    part = ImageData(
        torch.full((4, 1, 3, 3), 9, dtype=torch.uint8), torch.tensor([0, 1, 0, 1]), ("a", "b")
    )
    result = normalise_and_whiten(DataSet(part, part, "data", stand_in=False))
    assert result.training.abs().max() == 0
    assert bool(result.validation.isfinite().all())


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 1, 1)])
def test_whitening_refuses_sizes_it_cannot_handle(shape: tuple[int, int, int]) -> None:
    images = torch.zeros(2, *shape, dtype=torch.uint8)
    part = ImageData(images, torch.tensor([0, 1]), ("a", "b"))
    with pytest.raises(InputError, match="whitening allows 2 to 6144"):
        normalise_and_whiten(DataSet(part, part, "data", stand_in=False))


# Standardisation


@pytest.mark.parametrize("with_statistics", [False, True])
def test_standardised_channels_have_mean_zero_and_deviation_one(with_statistics: bool) -> None:
    random = np.random.default_rng(4)
    scales = np.array([10, 100, 250])[:, None, None]
    parts = [
        torch.from_numpy((random.random((count, 3, 5, 4)) * scales).astype(np.uint8))
        for count in (4001, 7, 6000)
    ]
    labelled = [
        ImageData(part, torch.zeros(len(part), dtype=torch.int64), ("a",)) for part in parts
    ]
    statistics = parts[2] if with_statistics else None
    data = DataSet(labelled[0], labelled[1], "data", False, statistics=statistics)
    result = standardise_channels(data)
    reference = parts[2 if with_statistics else 0].double()
    mean, deviation = reference.mean((0, 2, 3)), reference.std((0, 2, 3), correction=0)
    assert result.pixel_scale is not None
    assert torch.allclose(result.pixel_scale.double(), deviation, rtol=1e-6)
    assert torch.allclose(result.mean_image.double(), mean[:, None, None].expand(3, 5, 4))
    for part, pixels in zip(parts, (result.training, result.validation), strict=False):
        expected = (part.double() - mean[:, None, None]) / deviation[:, None, None]
        assert torch.allclose(pixels.double(), expected, atol=1e-5)
    if not with_statistics:
        assert torch.allclose(result.training.mean((0, 2, 3)), torch.zeros(3), atol=1e-4)
        assert torch.allclose(
            result.training.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-4
        )


def test_a_constant_channel_cannot_be_standardised() -> None:
    images = torch.randint(0, 256, (10, 2, 3, 3), dtype=torch.uint8)
    images[:, 1] = 77
    part = ImageData(images, torch.zeros(10, dtype=torch.int64), ("a",))
    with pytest.raises(InputError, match="channel 1 of the training images has the value 77"):
        standardise_channels(DataSet(part, part, "data", False))
