"""The training loop that a user of PyTorch writes, written well: what the engine is compared with.

A torchvision-style data set of images with transforms, a DataLoader with workers, the default
memory layout, eager execution, and the loss read after every step.
"""

import time
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.cases import BATCH_SIZE, LEARNING_RATE, MOMENTUM, Case, synthetic_images
from maxgain.networks.recipes import initial_network, parameter_rates, weight_decay_of

# isort: split
import maxgain.networks.torchvision_ops  # noqa: F401 - makes the next import work on CPU builds

# isort: split
from torchvision import transforms


class Images(Dataset[tuple[Tensor, int]]):
    """Images as torchvision's MNIST and CIFAR10 hold and return them."""

    def __init__(self, case: Case, count: int) -> None:
        pixels, labels = synthetic_images(case, count)
        self._pixels: np.ndarray = pixels.permute(0, 2, 3, 1).contiguous().numpy()
        self._labels: list[int] = labels.tolist()
        steps = [transforms.ToTensor(), transforms.Normalize((0.5,), (0.25,))]
        if case.flips:
            steps.insert(0, transforms.RandomHorizontalFlip())
        self._transform = transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        pixels = self._pixels[index]
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        return self._transform(image), self._labels[index]


class PlainLoop:
    """A network, its optimiser and its loader, trained for as long as is asked.

    Parameters
    ----------
    workers
        Processes that load its images.
    """

    def __init__(self, case: Case, device: str, workers: int) -> None:
        self._device = torch.device(device)
        network = initial_network(case.network, case.shape, 10, case.capacity, "recipe", 0)
        self._network = network.to(self._device)
        groups = [
            {"params": parameters, "lr": LEARNING_RATE * rate}
            for rate, parameters in parameter_rates(self._network, case.network).items()
        ]
        decay = weight_decay_of(case.network, None)
        self._optimiser = torch.optim.SGD(groups, LEARNING_RATE, MOMENTUM, weight_decay=decay)
        on_gpu = self._device.type == "cuda"
        loader = DataLoader(
            Images(case, 20_000),
            BATCH_SIZE,
            shuffle=True,
            num_workers=workers,
            pin_memory=on_gpu,
            persistent_workers=True,
        )
        self._batches = _without_end(loader)

    def measure(self, seconds: float) -> float:
        """Images a second over some seconds of training."""
        next(self._batches)  # Loading starts before the clock does.
        images, start = 0, time.perf_counter()
        while True:
            self._step()
            images += BATCH_SIZE
            passed = time.perf_counter() - start
            if passed >= seconds:
                return images / passed

    def _step(self) -> float:
        pixels, labels = next(self._batches)
        pixels = pixels.to(self._device, non_blocking=True)
        labels = labels.to(self._device, non_blocking=True)
        self._optimiser.zero_grad()
        loss = nn.functional.cross_entropy(self._network(pixels), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return loss.item()


def _without_end(loader: DataLoader[tuple[Tensor, int]]) -> Iterator[list[Tensor]]:
    while True:
        yield from loader
