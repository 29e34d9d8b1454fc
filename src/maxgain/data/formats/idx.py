"""Parse the IDX format of the MNIST files."""

import math
import struct
from collections.abc import Mapping
from io import BufferedIOBase

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from maxgain.data.images import ImageData
from maxgain.errors import InputError

_UNSIGNED_BYTE = 0x08


def bound_length(stream: BufferedIOBase, name: str, place: str) -> tuple[bytes, int]:
    """Header of the file `name`, read from its stream, and how many bytes it declares after it.

    Raises
    ------
    InputError
        The header is cut off, is not IDX, or is that of images for labels or the reverse.
    """
    dimensions = int(name.removesuffix("-ubyte")[-1])
    header = stream.read(header_length(dimensions))
    return header, math.prod(parse_header(header, dimensions, place))


def read_files(
    files: Mapping[str, bytes], classes: tuple[str, ...] | None, place: str
) -> tuple[ImageData, ImageData]:
    """Training and validation images of two pairs of IDX files, training images and labels first.

    Raises
    ------
    InputError
        A file is broken, the counts of a pair differ, or a label has no class.
    """
    names = list(files)
    training = parse_pair(files[names[0]], files[names[1]], classes, f"{place} (train)")
    return training, parse_pair(
        files[names[2]], files[names[3]], training.classes, f"{place} (t10k)"
    )


def parse_header(content: bytes, dimensions: int, name: str) -> tuple[int, ...]:
    """Sizes that an IDX header declares.

    Parameters
    ----------
    content
        The file's first 4 + 4 * `dimensions` bytes, or more.
    dimensions
        3 for images (count, height, width), 1 for labels (count).
    name
        The file's name, for messages.

    Raises
    ------
    InputError
        The header is cut off, is not IDX, or declares another type or number of dimensions.
    """
    length = header_length(dimensions)
    if len(content) < length:
        raise InputError(
            f"{name} has {len(content)} bytes; an IDX file of {dimensions} dimensions has a "
            f"header of {length}."
        )
    zero, kind, found = struct.unpack_from(">HBB", content)
    if (zero, kind, found) != (0, _UNSIGNED_BYTE, dimensions):
        raise InputError(
            f"{name} starts with the bytes {content[:4].hex(' ')}; allowed are "
            f"00 00 08 {dimensions:02x}, the mark of IDX data of unsigned bytes in {dimensions} "
            f"dimension{'s' if dimensions > 1 else ''}."
        )
    sizes: tuple[int, ...] = struct.unpack_from(f">{dimensions}I", content, 4)
    if 0 in sizes:
        raise InputError(f"{name} declares the sizes {sizes}; none may be 0.")
    return sizes


def header_length(dimensions: int) -> int:
    """Bytes of an IDX header: a mark of 4 and a size of 4 for each dimension."""
    return 4 + 4 * dimensions


def parse_images(content: bytes, name: str) -> UInt8[Tensor, "count 1 height width"]:
    """Grey images, 0-255, of the IDX file `content`.

    Raises
    ------
    InputError
        The file is not an IDX image file or its length differs from the declared sizes.
    """
    count, height, width = _checked_sizes(content, 3, name)
    return _read_bytes(content, header_length(3)).reshape(count, 1, height, width)


def parse_labels(content: bytes, name: str) -> Int64[Tensor, "count"]:
    """Labels of the IDX file `content`.

    Raises
    ------
    InputError
        The file is not an IDX label file or its length differs from the declared size.
    """
    _checked_sizes(content, 1, name)
    return _read_bytes(content, header_length(1)).to(torch.int64)


def parse_pair(
    images: bytes, labels: bytes, classes: tuple[str, ...] | None, name: str
) -> ImageData:
    """Data of an image file and its label file.

    Parameters
    ----------
    images, labels
        Contents of the two IDX files.
    classes
        Names of the classes; None names them 0, 1, ... up to the highest label.
    name
        What to call the pair in messages.

    Raises
    ------
    InputError
        Either file is broken, the counts differ or a label has no class.
    """
    pixels = parse_images(images, f"the image file of {name}")
    numbers = parse_labels(labels, f"the label file of {name}")
    if len(pixels) != len(numbers):
        raise InputError(
            f"{name} has {len(pixels)} images but {len(numbers)} labels; it needs one for each."
        )
    if classes is None:
        classes = tuple(str(label) for label in range(int(numbers.max()) + 1))
    return ImageData(pixels, numbers, classes)


def _checked_sizes(content: bytes, dimensions: int, name: str) -> tuple[int, ...]:
    sizes = parse_header(content, dimensions, name)
    expected = header_length(dimensions) + math.prod(sizes)
    if len(content) != expected:
        raise InputError(
            f"{name} has {len(content)} bytes; its header declares the sizes {sizes}, which make "
            f"{expected}."
        )
    return sizes


def _read_bytes(content: bytes, offset: int) -> UInt8[Tensor, "bytes"]:
    # numpy reads the immutable bytes in place; the copy makes a tensor that may be written to.
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=offset).copy())
