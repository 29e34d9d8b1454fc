"""Wrong labels among the training images, on purpose."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int64
from torch import Tensor

from maxgain.data.images import DataSet, ImageData
from maxgain.errors import InputError


@dataclass(frozen=True)
class LabelNoise:
    """Symmetric label noise: a wrong label is any other class with equal probability.

    Attributes
    ----------
    rate
        Share of the training images whose label is changed, at least 0 and below 1.
    seed
        Of the choice of images and of their labels.

    Raises
    ------
    InputError
        The rate or the seed is not allowed.
    """

    rate: float
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise InputError(f"label_noise.rate is {self.rate}; allowed are 0 to below 1.")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"label_noise.seed is {self.seed}; allowed are 0 to 2^63 - 1.")


def add_label_noise(data: DataSet, noise: LabelNoise) -> DataSet:
    """Data set in which that share of the training labels is wrong, as its label says.

    Exactly the share, rounded to whole images, is changed; images, validation labels and the order
    stay. The result is the same for the same arguments.

    Raises
    ------
    InputError
        There is only one class.
    """
    if noise.rate == 0:
        return data
    training = data.training
    labels = flip_labels(training.labels, len(training.classes), noise)
    return replace(
        data,
        training=ImageData(training.images, labels, training.classes),
        label=f"{data.label}, {100 * noise.rate:g} % of the training labels wrong",
    )


def flip_labels(
    labels: Int64[Tensor, "count"], number_of_classes: int, noise: LabelNoise
) -> Int64[Tensor, "count"]:
    """Labels of which a share is replaced by another class, each with equal probability.

    Raises
    ------
    InputError
        There is only one class.
    """
    chosen, steps = _draw(len(labels), number_of_classes, noise)
    noisy = labels.clone()
    noisy[chosen] = (labels[chosen] + steps) % number_of_classes
    return noisy


def true_labels(
    noisy: Int64[Tensor, "count"], number_of_classes: int, noise: LabelNoise
) -> Int64[Tensor, "count"]:
    """The labels that :func:`flip_labels` made noisy ones of, given the same noise.

    Raises
    ------
    InputError
        There is only one class.
    """
    chosen, steps = _draw(len(noisy), number_of_classes, noise)
    labels = noisy.clone()
    labels[chosen] = (noisy[chosen] - steps) % number_of_classes
    return labels


def _draw(
    count: int, number_of_classes: int, noise: LabelNoise
) -> tuple[Int64[Tensor, "chosen"], Int64[Tensor, "chosen"]]:
    """Places of the labels to change, and by how many classes each."""
    if number_of_classes < 2:
        raise InputError("label_noise needs two classes or more; the data has one.")
    generator = torch.Generator().manual_seed(noise.seed)
    chosen = torch.randperm(count, generator=generator)[: round(noise.rate * count)]
    # A step of 1 to classes - 1 around the circle of classes never comes back to the start.
    return chosen, torch.randint(1, number_of_classes, (len(chosen),), generator=generator)
