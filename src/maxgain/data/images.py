"""Labelled images of a data set, and stratified choices among them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from maxgain.errors import InputError


@dataclass(frozen=True)
class ImageData:
    """Images of 0-255 pixels with a class each.

    Attributes
    ----------
    images
        Pixels, 0-255.
    labels
        Index of each image's class in `classes`.
    classes
        Names of the classes.

    Raises
    ------
    InputError
        There are no images or no pixels, or a label has no class.
    """

    images: UInt8[Tensor, "count channels height width"]
    labels: Int64[Tensor, "count"]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.images.numel() == 0:
            raise InputError(f"images have shape {tuple(self.images.shape)}; none may be empty.")
        lowest, highest = int(self.labels.min()), int(self.labels.max())
        if lowest < 0 or highest >= len(self.classes):
            raise InputError(
                f"labels range from {lowest} to {highest}; with {len(self.classes)} classes they "
                f"must lie in 0 to {len(self.classes) - 1}."
            )

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, count: int, seed: int = 0) -> "ImageData":
        """`count` images chosen by :func:`choose_stratified`, in their original order."""
        return self.select(choose_stratified(self.labels, count, seed))

    def select(self, indices: Int64[Tensor, "chosen"]) -> "ImageData":
        """Images at `indices`, in that order."""
        return ImageData(self.images[indices], self.labels[indices], self.classes)


@dataclass(frozen=True)
class DataSet:
    """A training and a validation set with the name under which results are shown.

    Attributes
    ----------
    training, validation
        The images; same size and classes.
    label
        What titles and tables call the data, e.g. "MNIST".
    stand_in
        Whether the data stands in for another data set.
    checksums
        SHA-256 of each official file's uncompressed content, where there are such files.
    statistics
        Images whose statistics preprocessing uses, 0-255; None: the training images.

    Raises
    ------
    InputError
        The sets differ in size or classes, or the label is empty or not one line.
    """

    training: ImageData
    validation: ImageData
    label: str
    stand_in: bool
    checksums: Mapping[str, str] = field(default_factory=dict)
    statistics: UInt8[Tensor, "images channels height width"] | None = None

    def __post_init__(self) -> None:
        if not self.label.strip() or not self.label.isprintable():
            raise InputError(
                f"label is {self.label!r}; allowed is one line of text, the name that results show."
            )
        training, validation = self.training, self.validation
        if training.images.shape[1:] != validation.images.shape[1:]:
            raise InputError(
                f"training images are {describe_shape(training)} but validation images are "
                f"{describe_shape(validation)}; both must have the same size."
            )
        if training.classes != validation.classes:
            raise InputError(
                f"training has the classes {', '.join(training.classes)} but validation has "
                f"{', '.join(validation.classes)}; both must have the same."
            )


def describe_shape(data: ImageData) -> str:
    """Images' size in words, e.g. "32 x 32 pixels with 3 channels"."""
    _, channels, height, width = data.images.shape
    return f"{height} x {width} pixels with {channels} channel{'s' if channels > 1 else ''}"


def choose_stratified(
    labels: Int64[Tensor, "count"],
    count: int,
    seed: int = 0,
) -> Int64[Tensor, "chosen"]:
    """Choose `count` items at random so that each class keeps its share.

    Shares that are not whole are rounded by largest remainder, ties to the lower class.

    Returns
    -------
    Ascending indices into `labels`, the same ones for the same arguments.

    Raises
    ------
    InputError
        `count` is not between 1 and the number of labels.
    """
    total = len(labels)
    if not 1 <= count <= total:
        raise InputError(f"{count} images are asked for; allowed are 1 to {total}.")
    sizes = torch.bincount(labels)
    quotas = sizes * count // total
    remainders = sizes * count % total
    fullest = torch.argsort(remainders, descending=True, stable=True)
    quotas[fullest[: count - int(quotas.sum())]] += 1
    generator = torch.Generator().manual_seed(seed)
    chosen = []
    for label, quota in enumerate(quotas.tolist()):
        members = torch.nonzero(labels == label).flatten()
        order = torch.randperm(len(members), generator=generator)
        chosen.append(members[order[:quota]])
    return torch.cat(chosen).sort().values
