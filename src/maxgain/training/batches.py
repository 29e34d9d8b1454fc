"""Images on the device, and the order in which an epoch takes them."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from maxgain.config.runs import Run
from maxgain.data.augmentation import Augmentation


@dataclass(frozen=True)
class Images:
    """Preprocessed images and their labels on the device, pixels in channels-last order."""

    pixels: Float[Tensor, "count height width channels"]
    labels: Int64[Tensor, "count"]

    def batch(self, indices: Int64[Tensor, "batch"]) -> tuple[Tensor, Int64[Tensor, "batch"]]:
        """Images (batch, channels, height, width) of some indices, and their labels."""
        # Whole images at a time; indexing would go pixel by pixel, four times as slow on a CPU.
        return self.pixels.index_select(0, indices).permute(0, 3, 1, 2), self.labels[indices]


@dataclass(frozen=True)
class Batches:
    """The order of one epoch: indices of the training images, and what augments each of them."""

    indices: Int64[Tensor, "images"]
    numbers: Int64[Tensor, "images numbers"]


def draw_batches(run: Run, epoch: int, count: int, augmentation: Augmentation) -> Batches:
    """Order and augmentation of an epoch, from (seed, epoch) alone; dropout is seeded with them."""
    seed = derived_seed(run.seed, epoch)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(count, generator=generator)
    return Batches(order, augmentation.draw(count, run.batch_size, generator))


def derived_seed(seed: int, epoch: int) -> int:
    """Seed of an epoch of a run, numbered from 1; 0 is for the initial values."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)
