"""Parse the binary versions of CIFAR-10 and CIFAR-100, which need no unpickling."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedIOBase

import numpy as np
import torch

from maxgain.data.images import ImageData
from maxgain.errors import InputError

SHAPE = (3, 32, 32)
"""Red, green and blue pixels of a record, row by row."""


@dataclass(frozen=True)
class Layout:
    """How a file's records lie.

    Attributes
    ----------
    name
        The data set's, for messages.
    label_bytes
        Labels before the pixels of a record; the last of them is the class.
    number_of_classes
        Labels are smaller.
    maximum_images
        Of one file.
    """

    name: str
    label_bytes: int
    number_of_classes: int
    maximum_images: int

    @property
    def record_bytes(self) -> int:
        """Length of an image with its labels."""
        return self.label_bytes + 3 * 32 * 32


CIFAR10 = Layout("CIFAR-10", 1, 10, 10_000)
"""Six batches of 10,000 images each."""

CIFAR100 = Layout("CIFAR-100", 2, 100, 50_000)
"""Two files; the first label of a record is one of 20 superclasses, the second the class."""


def bound_cifar10(stream: BufferedIOBase, name: str, place: str) -> tuple[bytes, int]:
    """Nothing of the file, and how many bytes it may have."""
    return b"", CIFAR10.maximum_images * CIFAR10.record_bytes


def bound_cifar100(stream: BufferedIOBase, name: str, place: str) -> tuple[bytes, int]:
    """Nothing of the file, and how many bytes it may have."""
    return b"", CIFAR100.maximum_images * CIFAR100.record_bytes


def read_cifar10(
    files: Mapping[str, bytes], classes: tuple[str, ...] | None, place: str
) -> tuple[ImageData, ImageData]:
    """Training and validation images of the six batches, the test batch last; see `parse_batch`."""
    return _read_files(files, classes, place, CIFAR10)


def read_cifar100(
    files: Mapping[str, bytes], classes: tuple[str, ...] | None, place: str
) -> tuple[ImageData, ImageData]:
    """Training and validation images of the two files; see `parse_batch`."""
    return _read_files(files, classes, place, CIFAR100)


def parse_batch(
    content: bytes, name: str, layout: Layout = CIFAR10, classes: tuple[str, ...] | None = None
) -> ImageData:
    """Images of one file.

    Parameters
    ----------
    name
        What to call the file in messages.
    classes
        Names of the classes; None names them 0, 1, ...

    Raises
    ------
    InputError
        The length is not a whole number of records, or a label has no class.
    """
    count, rest = divmod(len(content), layout.record_bytes)
    if count == 0 or rest or count > layout.maximum_images:
        raise InputError(
            f"{name} has {len(content)} bytes; a file of {layout.name}'s binary version has 1 to "
            f"{layout.maximum_images:,} whole records of {layout.record_bytes} bytes."
        )
    records = np.frombuffer(content, np.uint8).reshape(count, layout.record_bytes)
    numbers = records[:, layout.label_bytes - 1]
    if int(numbers.max()) >= layout.number_of_classes:
        raise InputError(
            f"{name} has the label {int(numbers.max())}; allowed are 0 to "
            f"{layout.number_of_classes - 1}."
        )
    labels = torch.from_numpy(numbers.astype(np.int64))
    pixels = torch.from_numpy(records[:, layout.label_bytes :].copy()).reshape(count, *SHAPE)
    names = classes or tuple(str(label) for label in range(layout.number_of_classes))
    return ImageData(pixels, labels, names)


def _read_files(
    files: Mapping[str, bytes], classes: tuple[str, ...] | None, place: str, layout: Layout
) -> tuple[ImageData, ImageData]:
    batches = [
        parse_batch(content, f"{place}: {name}", layout, classes) for name, content in files.items()
    ]
    training = ImageData(
        torch.cat([batch.images for batch in batches[:-1]]),
        torch.cat([batch.labels for batch in batches[:-1]]),
        batches[0].classes,
    )
    return training, batches[-1]
