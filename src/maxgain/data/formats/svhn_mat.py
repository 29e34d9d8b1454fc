"""Read SVHN's cropped digits: MAT files of version 5 with images X and labels y."""

import io
import math
from collections.abc import Mapping
from io import BufferedIOBase
from typing import Any

import numpy as np
import scipy.io
import torch

from maxgain.data.images import ImageData
from maxgain.errors import InputError
from maxgain.files.mat_file import check_mat_file

MAXIMUM_BYTES = 2**28
"""Most bytes of a file: the larger of the two has 182 MB."""

_MAXIMUM_PIXELS = 2**30

_DIGITS = 10


def bound_length(stream: BufferedIOBase, name: str, place: str) -> tuple[bytes, int]:
    """Nothing of the file, and how many bytes it may have."""
    return b"", MAXIMUM_BYTES


def read_files(
    files: Mapping[str, bytes], classes: tuple[str, ...] | None, place: str
) -> tuple[ImageData, ImageData]:
    """Training and validation images of the files ``train_32x32.mat`` and ``test_32x32.mat``.

    Raises
    ------
    InputError
        A file is broken or holds something else.
    """
    names = classes or tuple(str(digit) for digit in range(_DIGITS))
    training, validation = (
        parse_file(files[f"{split}_32x32.mat"], names, f"{place}: {split}_32x32.mat")
        for split in ("train", "test")
    )
    return training, validation


def parse_file(content: bytes, classes: tuple[str, ...], name: str) -> ImageData:
    """Images of one file; its label 10 means the digit 0.

    What the file declares is looked at first, and nothing but two arrays of numbers is decoded.

    Raises
    ------
    InputError
        The file is broken, or lacks X of bytes (32 x 32 x 3 x count) or y of as many labels.
    """
    arrays = _load_arrays(content, name)
    pixels, labels = arrays["X"], arrays["y"].ravel()
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[:3] != (32, 32, 3):
        raise InputError(
            f"{name} has X of {pixels.dtype} and shape {pixels.shape}; allowed are bytes of shape "
            "(32, 32, 3, count)."
        )
    if labels.dtype.kind not in "iuf" or len(labels) != pixels.shape[3] or len(labels) == 0:
        raise InputError(
            f"{name} has {len(labels)} labels y of {labels.dtype} for {pixels.shape[3]} images; it "
            "needs one number for each."
        )
    if not np.isin(labels, np.arange(1, _DIGITS + 1)).all():
        raise InputError(
            f"{name} has labels from {labels.min()} to {labels.max()}; allowed are 1 to {_DIGITS}."
        )
    images = torch.from_numpy(np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)))
    return ImageData(images, torch.from_numpy(labels.astype(np.int64) % _DIGITS), classes)


def _load_arrays(content: bytes, name: str) -> dict[str, Any]:
    try:
        check_mat_file(io.BytesIO(content), len(content))
        declared = {key: shape for key, shape, _ in scipy.io.whosmat(io.BytesIO(content))}
        for key in ("X", "y"):
            if key not in declared:
                raise InputError(f"{name} has {', '.join(declared) or 'nothing'} but no {key}.")
            if math.prod(declared[key]) > _MAXIMUM_PIXELS:
                raise InputError(
                    f"{name} declares {key} of shape {declared[key]}; allowed are at most "
                    f"{_MAXIMUM_PIXELS} numbers."
                )
        loaded = scipy.io.loadmat(io.BytesIO(content), variable_names=("X", "y"))
        arrays = {key: loaded[key] for key in ("X", "y")}
    except InputError:
        raise
    except Exception as error:  # scipy raises nearly anything on broken files.
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{name} is not a MAT file that can be read: {said.rstrip('.')}."
        ) from error
    for key, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise InputError(f"{name} has {key} that is no array of numbers.")
    return arrays
