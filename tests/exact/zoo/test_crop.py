"""The natural image."""

from pathlib import Path

import numpy as np
import pytest

from maxgain.data.pictures import read_photograph
from maxgain.errors import InputError
from maxgain.zoo.crop import crop_photograph


def test_the_crop_is_the_centre_of_the_photograph() -> None:
    photograph, _ = read_photograph(None)  # 512 wide, 600 high
    crop = crop_photograph(photograph, (512, 512), "bilinear")
    expected = np.asarray(photograph)[44:556].transpose(2, 0, 1)
    assert np.array_equal(crop.numpy(), expected)
    assert crop_photograph(photograph, (50, 100), "bicubic").shape == (3, 50, 100)


def test_bad_photographs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_photograph(tmp_path / "none.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"no image")
    with pytest.raises(InputError, match="not a readable image"):
        read_photograph(tmp_path / "bad.jpg")


@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_any_number_of_channels_is_filled(channels: int) -> None:
    """Grey in every channel; with four, colour and full opacity."""
    photograph, _ = read_photograph(None)
    crop = crop_photograph(photograph, (20, 30), "bilinear", channels)
    assert crop.shape == (channels, 20, 30)
    if channels == 4:
        assert bool((crop[3] == 255).all())
        assert bool((crop[:3] == crop_photograph(photograph, (20, 30), "bilinear")).all())
    else:
        assert bool((crop == crop_photograph(photograph, (20, 30), "bilinear", 1)).all())
