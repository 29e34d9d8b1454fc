"""JPEG copies: what a JPEG file changes, and that it is told."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maxgain.config.parsing import parse_protocol
from maxgain.data.images import DataSet, ImageData
from maxgain.data.jpeg_copies import copy_as_jpeg
from maxgain.data.prepared import load_prepared
from maxgain.errors import InputError
from maxgain.pipeline.data import prepare_dataset
from maxgain.pipeline.jobs import prepare_job


def data_set(channels: int, make: Callable[..., torch.Tensor]) -> DataSet:
    parts = [
        ImageData(make(count, channels, 16, 16), torch.arange(count) % 2, ("a", "b"))
        for count in (6, 4)
    ]
    statistics = make(8, channels, 16, 16)
    return DataSet(parts[0], parts[1], "data", stand_in=False, statistics=statistics)


def noise(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def grey(*shape: int) -> torch.Tensor:
    return torch.full(shape, 128, dtype=torch.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_flat_picture_stays_and_noise_loses(channels: int) -> None:
    flat = data_set(channels, grey)
    copied = copy_as_jpeg(flat, 75)
    assert torch.equal(copied.training.images, flat.training.images)
    noisy = data_set(channels, noise)
    lost = [
        (copy_as_jpeg(noisy, quality).training.images.float() - noisy.training.images).abs().mean()
        for quality in (95, 75, 10)
    ]
    assert 0 < lost[0] < lost[1] < lost[2]


def test_each_picture_is_what_its_own_file_gives() -> None:
    noisy = data_set(3, noise)
    copied = copy_as_jpeg(noisy, 60)
    for before, after in (
        (noisy.training.images, copied.training.images),
        (noisy.validation.images, copied.validation.images),
        (noisy.statistics, copied.statistics),
    ):
        assert before is not None
        assert after is not None
        for image, copy in zip(before, after, strict=True):
            file = BytesIO()
            Image.fromarray(image.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=60)
            expected = np.asarray(Image.open(file))
            assert np.array_equal(copy.permute(1, 2, 0).numpy(), expected)
    assert torch.equal(copied.training.labels, noisy.training.labels)
    assert copied.label == "data, JPEG copies of quality 60"
    assert copied.stand_in


def test_what_cannot_be_copied_is_said() -> None:
    with pytest.raises(InputError, match=r"jpeg_quality is 96; allowed are 1 to 95"):
        copy_as_jpeg(data_set(3, noise), 96)
    with pytest.raises(InputError, match=r"data has images of 2 channels; jpeg_quality needs one"):
        copy_as_jpeg(data_set(2, noise), 75)


def test_the_configuration_asks_for_it(tmp_path: Path) -> None:
    settings = {"training_images": 20, "validation_images": 10, "jpeg_quality": 75}
    protocol = parse_protocol({"protocol": "jpeg", "datasets": {"mnist": settings}})
    prepare_dataset(prepare_job(protocol, "mnist"), tmp_path / "x.safetensors")
    prepared = load_prepared(tmp_path / "x.safetensors")
    assert prepared.stand_in
    assert prepared.label.endswith("JPEG copies of quality 75")
    with pytest.raises(InputError, match=r"jpeg_quality.*96"):
        parse_protocol({"protocol": "jpeg", "datasets": {"mnist": {"jpeg_quality": 96}}})
