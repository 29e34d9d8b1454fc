"""Parse CIFAR-10's binary version, which unlike its Python version needs no unpickling."""

import numpy as np
import torch

from maxgain.data.images import ImageData
from maxgain.errors import InputError

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


SHAPE = (3, 32, 32)


RECORD_BYTES = 1 + 3 * 32 * 32
"""A label, then 1,024 red, 1,024 green and 1,024 blue pixels, row by row."""


BATCH_BYTES = 10_000 * RECORD_BYTES
"""Length of each official batch; none may be longer."""


def parse_batch(content: bytes, name: str) -> ImageData:
    """Return the images of one batch file (``data_batch_1.bin``, ..., ``test_batch.bin``).

    Raises
    ------
    InputError
        The length is not a whole number of records, or a label is not one of 0 to 9.
    """
    count, rest = divmod(len(content), RECORD_BYTES)
    if count == 0 or rest or len(content) > BATCH_BYTES:
        raise InputError(
            f"{name} has {len(content)} bytes; a batch of CIFAR-10's binary version has 1 to "
            f"10,000 whole records of {RECORD_BYTES} bytes."
        )
    records = np.frombuffer(content, np.uint8).reshape(count, RECORD_BYTES)
    highest = int(records[:, 0].max())
    if highest >= len(CLASSES):
        raise InputError(f"{name} has the label {highest}; allowed are 0 to {len(CLASSES) - 1}.")
    labels = torch.from_numpy(records[:, 0].astype(np.int64))
    pixels = torch.from_numpy(records[:, 1:].copy()).reshape(count, *SHAPE)
    return ImageData(pixels, labels, CLASSES)


def join_batches(batches: list[ImageData]) -> ImageData:
    """Return the images of several batches as one, in the given order."""
    return ImageData(
        torch.cat([batch.images for batch in batches]),
        torch.cat([batch.labels for batch in batches]),
        CLASSES,
    )
