"""Small networks, images and runs that the tests of training share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from maxgain.config.runs import Run
from maxgain.data.augmentation import batch_flip
from maxgain.data.prepared import PreparedData
from maxgain.networks.building import build_network
from maxgain.networks.recipes import initialise, parameter_rates, weight_decay_of
from maxgain.pipeline.training import run_training_job
from maxgain.training.batches import Batches, Images
from maxgain.training.engine import Score, Trainer, training_twin
from maxgain.training.optimisers import MomentumSGD

COUNT, BATCH = 23, 5  # Four full batches and one of three.
ARCHITECTURES = {"lenet-mnist": (1, 16, 17), "lenet-cifar": (3, 9, 8), "nin": (3, 7, 8)}
CPU = torch.device("cpu")

RUN = Run(
    dataset="cifar10",
    network="lenet",
    architecture="lenet-cifar",
    capacity=0.25,
    learning_rate=0.02,
    rate_factor=1.0,
    seed=3,
    epochs=4,
    batch_size=BATCH,
    augmentation="batch-flip",
)


def noise(seed: int, count: int, shape: tuple[int, int, int]) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 40 * torch.randn(count, *shape, generator=generator)


def prepared(shape: tuple[int, int, int] = (3, 9, 8), count: int = COUNT) -> PreparedData:
    return PreparedData(
        training_images=noise(0, count, shape).permute(0, 2, 3, 1).contiguous(),
        training_labels=torch.arange(count) % 7,
        validation_images=noise(1, 9, shape).permute(0, 2, 3, 1).contiguous(),
        validation_labels=torch.arange(9) % 7,
        mean_image=noise(2, 1, shape)[0].abs(),
        dataset="cifar10",
        label="noise [/bold]",  # It must reach the log as it is.
        stand_in=True,
        classes=tuple("abcdefg"),
        source="local",
        preprocessing="nothing",
        checksums={"training": "1", "validation": "2"},
    )


def small_network(name: str, seed: int = 0) -> nn.Module:
    capacity = 0.25 if name == "lenet-cifar" else 1
    network = build_network(name, ARCHITECTURES[name], 7, capacity)
    initialise(network, name, torch.Generator().manual_seed(seed))
    with torch.no_grad():  # At the initial values some gradients are too small to tell apart.
        for parameter in network.parameters():
            parameter *= 2
    return network


def small_images(name: str) -> Images:
    pixels = noise(0, COUNT, ARCHITECTURES[name]).permute(0, 2, 3, 1).contiguous()
    return Images(pixels, torch.arange(COUNT) % 7)


def small_trainer(
    name: str, momentum: float = 0.9, precision: str = "fp32", *, fast: bool = True
) -> Trainer:
    network = small_network(name)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    groups = parameter_rates(network, name)
    optimiser = MomentumSGD(groups, momentum, weight_decay_of(name, None))
    twin = training_twin(network, CPU, precision, fast)
    return Trainer(twin, optimiser, small_images(name), BATCH, precision, batch_flip())


def some_batches(seed: int = 0, flips: bool = True) -> Batches:
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(COUNT, generator=generator)
    flipped = torch.tensor([False, True, True, False, True]) & flips
    return Batches(order, flipped.long().repeat_interleave(BATCH)[:COUNT, None])


class Interrupted(BaseException):
    """What a killed process leaves: nothing after this point has run."""


@contextmanager
def killed_in_epoch(epoch: int) -> Iterator[None]:
    """Kill a training in the middle of an epoch, after some of its steps."""
    original, calls = Trainer.train_epoch, 0

    def train_epoch(self: Trainer, batches: Batches, learning_rate: float) -> Score:
        nonlocal calls
        calls += 1
        score = original(self, batches, learning_rate)
        if calls == epoch:
            raise Interrupted
        return score

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "train_epoch", train_epoch)
        with pytest.raises(Interrupted):
            yield


FILES = ("snapshots.safetensors", "history.csv", "provenance.json")


def trained_files(run: Run, folder: Path, data: PreparedData | None = None) -> dict[str, bytes]:
    """Contents of the files that a run's job leaves below a folder."""
    run_training_job(run, data or prepared(), folder / "run", folder / "state", "cpu", 1)
    return {name: (folder / "run" / name).read_bytes() for name in FILES}
