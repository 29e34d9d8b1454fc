"""Images in train/CLASS/ and test/CLASS/ of a folder or an archive."""

import io
import math
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import torch

from maxgain.data.images import ImageData
from maxgain.data.pictures import SUFFIXES, read_picture
from maxgain.errors import InputError
from maxgain.files.members import Member

SPLITS = ("train", "test")
"""Names of the folders of the training and the validation images."""

MAXIMUM_IMAGE_FILE_BYTES = 2**25
"""Most bytes of one image's file."""

MAXIMUM_IMAGE_PIXELS = 2**20
"""Most pixels of one image, 1024 x 1024: anything larger is no image for these networks."""

MAXIMUM_PIXEL_BYTES = 2**30
"""Most bytes of all decoded images together; CIFAR-10 has 184 MB."""

NamedImage = tuple[PurePosixPath, npt.NDArray[np.uint8]]
"""An image's path and its pixels, 0-255, of shape (height, width) or (height, width, 3)."""

_NOT_DATA = ("thumbs.db", "desktop.ini", "icon\r")
"""What file managers write among images, in small letters; names with a dot before are too."""


def is_image(member: Member) -> bool:
    """Whether a member is an image of the data set; one that seems to be misplaced is refused.

    Raises
    ------
    InputError
        It lies in a split's folder, and not as an image of a class.
    """
    path = PurePosixPath(member.name)
    if path.name.startswith(".") or path.name.lower() in _NOT_DATA:
        return False
    folders = path.parts[:-1]
    if not any(part in SPLITS for part in folders):
        return False
    if len(folders) < 2 or folders[-2] not in SPLITS or path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{member.place} does not belong in an image folder; allowed are train/CLASS/NAME and "
            f"test/CLASS/NAME with names ending in {', '.join(SUFFIXES)}."
        )
    return True


def decode_image(member: Member, earlier: list[NamedImage]) -> npt.NDArray[np.uint8]:
    """Pixels, 0-255, as an array (height, width) or (height, width, 3); see `read_picture`.

    Raises
    ------
    InputError
        The image is broken or too large, or of another size than the earlier ones.
    """
    content = io.BytesIO(member.read(MAXIMUM_IMAGE_FILE_BYTES))
    picture = read_picture(content, member.place, partial(_check_size, member.place))
    pixels = np.asarray(picture)
    if earlier and earlier[0][1].shape != pixels.shape:
        raise InputError(
            f"{member.place} has the size {pixels.shape} but {earlier[0][0]} has "
            f"{earlier[0][1].shape}; all images must have one size and be all grey or all colour."
        )
    if (len(earlier) + 1) * math.prod(pixels.shape) > MAXIMUM_PIXEL_BYTES:
        raise InputError(
            f"{member.place} brings the images to more than {MAXIMUM_PIXEL_BYTES} bytes of "
            "pixels, the most that is allowed."
        )
    return pixels


def _check_size(place: str, width: int, height: int) -> None:
    if width * height > MAXIMUM_IMAGE_PIXELS:
        raise InputError(
            f"{place} is {height} x {width}; allowed are at most {MAXIMUM_IMAGE_PIXELS} pixels."
        )


def image_folder(location: Path, images: list[NamedImage]) -> tuple[ImageData, ImageData]:
    """Training and validation images of an image folder, classes in the order of their names."""
    tops = {path.parents[2] for path, _ in images}
    if len(tops) > 1:
        raise InputError(
            f"{location} has train and test folders in {', '.join(sorted(map(str, tops)))}; they "
            "must be in one place."
        )
    classes = {
        split: sorted({path.parts[-2] for path, _ in images if path.parts[-3] == split})
        for split in SPLITS
    }
    if classes["train"] != classes["test"] or len(classes["train"]) < 2:
        raise InputError(
            f"{location} has the classes {', '.join(classes['train']) or 'none'} in train and "
            f"{', '.join(classes['test']) or 'none'} in test; allowed are the same two or more."
        )
    for name in classes["train"]:
        if not name.isprintable():
            raise InputError(f"{location} has a class named {name!r}; names must be printable.")
    # An archive's order is its maker's whim; the name's order is the same for every copy.
    images = sorted(images, key=lambda item: item[0].parts[-3:])
    training, validation = (_stack(images, split, tuple(classes[split])) for split in SPLITS)
    return training, validation


def _stack(images: list[NamedImage], split: str, classes: tuple[str, ...]) -> ImageData:
    chosen = [(path, pixels) for path, pixels in images if path.parts[-3] == split]
    stacked = torch.from_numpy(np.stack([pixels for _, pixels in chosen]))
    stacked = stacked[:, None] if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2)
    labels = torch.tensor([classes.index(path.parts[-2]) for path, _ in chosen])
    return ImageData(stacked.contiguous(), labels, classes)
