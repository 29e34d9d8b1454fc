"""The natural image at which pretrained networks are measured."""

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from maxgain.zoo.registry import Interpolation

_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}

_MODES = {3: "RGB", 4: "RGBA"}


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
        3 for colour, 1 for grey, 4 for colour and an opacity of 255; with any other number every
        channel is grey.
    """
    height, width = size
    factor = max(height / photograph.height, width / photograph.width)
    scaled = photograph.resize(
        (round(photograph.width * factor), round(photograph.height * factor)),
        _RESAMPLING[interpolation],
    )
    left, top = (scaled.width - width) // 2, (scaled.height - height) // 2
    crop = scaled.crop((left, top, left + width, top + height))
    pixels = np.array(crop.convert(_MODES.get(channels, "L"))).reshape(height, width, -1)
    planes = torch.from_numpy(pixels).permute(2, 0, 1)
    return planes.expand(channels, height, width).contiguous()
