"""Copies of images with the loss of a JPEG file, on purpose."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from maxgain.data.images import DataSet, ImageData
from maxgain.errors import InputError

QUALITIES = range(1, 96)
"""Above 95 Pillow's encoder writes larger files that are hardly better."""


def copy_as_jpeg(data: DataSet, quality: int) -> DataSet:
    """Data set whose images went through a JPEG file each, which makes it a stand-in.

    Colours are halved in resolution (4:2:0), as most JPEG files have them. The label says so.

    Parameters
    ----------
    quality
        Of Pillow's encoder, 1 to 95.

    Raises
    ------
    InputError
        The quality is not allowed, or the images have neither one channel nor three.
    """
    if quality not in QUALITIES:
        raise InputError(f"jpeg_quality is {quality}; allowed are 1 to 95.")
    channels = data.training.images.shape[1]
    if channels not in (1, 3):
        raise InputError(
            f"{data.label} has images of {channels} channels; jpeg_quality needs one or three."
        )

    def copied(part: ImageData) -> ImageData:
        return ImageData(_copies(part.images, quality), part.labels, part.classes)

    statistics = data.statistics
    return replace(
        data,
        training=copied(data.training),
        validation=copied(data.validation),
        label=f"{data.label}, JPEG copies of quality {quality}",
        stand_in=True,
        statistics=None if statistics is None else _copies(statistics, quality),
    )


def _copies(
    images: UInt8[Tensor, "count channels height width"], quality: int
) -> UInt8[Tensor, "count channels height width"]:
    copies = torch.empty_like(images)
    for copy, image in zip(copies, images, strict=True):
        # Pillow takes a grey picture as rows and columns alone.
        pixels = image.permute(1, 2, 0).numpy().squeeze(2 if len(image) == 1 else ())
        file = BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
        decoded = torch.tensor(np.asarray(Image.open(file)))
        copy.copy_(decoded.reshape(*pixels.shape[:2], -1).permute(2, 0, 1))
    return copies
