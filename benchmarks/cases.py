"""The networks that are timed, on synthetic images of their data set's size."""

from dataclasses import dataclass

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor


@dataclass(frozen=True)
class Case:
    """A network of the paper's section IV.

    Attributes
    ----------
    label
        What tables and the figure call it.
    network
        Architecture, by its name in `maxgain.networks.registry.NETWORKS`.
    shape
        Of an image: channels, height, width.
    images
        In an epoch of the paper's data set.
    """

    label: str
    network: str
    shape: tuple[int, int, int]
    images: int
    capacity: float = 1.0

    @property
    def flips(self) -> bool:
        """Whether training flips images (section IV-B)."""
        return self.network != "lenet-mnist"


CASES = (
    Case("LeNet, MNIST", "lenet-mnist", (1, 28, 28), 60_000),
    Case("LeNet x1/4, CIFAR-10", "lenet-cifar", (3, 32, 32), 50_000, 0.25),
    Case("LeNet x1, CIFAR-10", "lenet-cifar", (3, 32, 32), 50_000),
    Case("LeNet x4, CIFAR-10", "lenet-cifar", (3, 32, 32), 50_000, 4.0),
    Case("Network in Network, CIFAR-10", "nin", (3, 32, 32), 50_000),
)

BATCH_SIZE = 100
LEARNING_RATE = 1e-4  # Small, so that noise for images makes no loss overflow.
MOMENTUM = 0.9


def synthetic_images(
    case: Case, count: int
) -> tuple[UInt8[Tensor, "count channels height width"], Int64[Tensor, "count"]]:
    """Pixels and labels drawn at random, the same in every process."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, *case.shape), dtype=torch.uint8, generator=generator)
    return pixels, torch.randint(0, 10, (count,), generator=generator)
