"""The natural image at which pretrained networks are measured."""

import warnings
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from maxgain.errors import InputError
from maxgain.sources.local import BROKEN_IMAGE
from maxgain.zoo.network import Interpolation

GRACE_HOPPER = "grace_hopper.jpg (matplotlib)"
"""Label of the photograph that is used where no other is given."""

# Not all that Pillow reads: for PostScript it would start another program.
_FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def read_photograph(path: Path | None) -> tuple[Image.Image, str]:
    """Photograph in colour, and its label; matplotlib's sample photograph if None.

    Raises
    ------
    InputError
        The file is missing or not an image.
    """
    label = path.name if path else GRACE_HOPPER
    if path is None:
        import matplotlib

        path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    try:
        # A small file may declare what fills the memory; Pillow's warning comes before decoding.
        with (
            warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning),
            Image.open(path, formats=_FORMATS) as image,
        ):
            return image.convert("RGB"), label
    except FileNotFoundError as error:
        raise InputError(f"image {path} does not exist.") from error
    except BROKEN_IMAGE as error:
        raise InputError(f"{path} is not a readable image: {error}.") from error


def crop_photograph(
    photograph: Image.Image,
    size: tuple[int, int],
    interpolation: Interpolation,
    channels: int = 3,
) -> UInt8[Tensor, "channels height width"]:
    """Largest centred part of a photograph in the shape of `size`, scaled to it, as 0-255 pixels.

    The same rule for every network, so that all see the same part of the photograph.

    Parameters
    ----------
    size
        Height and width in pixels.
    channels
        3 for colour, 1 for grey.
    """
    height, width = size
    factor = max(height / photograph.height, width / photograph.width)
    scaled = photograph.resize(
        (round(photograph.width * factor), round(photograph.height * factor)),
        _RESAMPLING[interpolation],
    )
    left, top = (scaled.width - width) // 2, (scaled.height - height) // 2
    crop = scaled.crop((left, top, left + width, top + height))
    pixels = np.array(crop.convert("L" if channels == 1 else "RGB"))
    return torch.from_numpy(pixels).reshape(height, width, channels).permute(2, 0, 1).contiguous()
