"""One run: every epoch of a training by the paper's protocol, its history and its snapshots."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from maxgain.config.experiments import Run
from maxgain.networks.recipes import RECIPES, build_network, initialise, parameter_rates
from maxgain.tables.curves import HISTORY_COLUMNS
from maxgain.training.device import choose_device
from maxgain.training.engine import Batches, Images, Score, Trainer, evaluate
from maxgain.training.optimisers import MomentumSGD
from maxgain.training.schedule import rate_at
from maxgain.training.state import Epoch, TrainingState


@dataclass(frozen=True)
class TrainingData:
    """Preprocessed images of a run, pixels in channels-last order.

    Attributes
    ----------
    flips
        Whether a whole batch is flipped left-right with probability 1/2 (section IV-B).
    """

    training_pixels: Float[Tensor, "count height width channels"]
    training_labels: Int64[Tensor, "count"]
    validation_pixels: Float[Tensor, "validation height width channels"]
    validation_labels: Int64[Tensor, "validation"]
    classes: int
    flips: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of an image: channels, height, width."""
        height, width, channels = self.training_pixels.shape[1:]
        return channels, height, width


def train(
    run: Run,
    data: TrainingData,
    device: str,
    state: TrainingState,
    report: Callable[[int, dict[str, float], float | None], None] = lambda *_: None,
) -> list[Epoch]:
    """Train a run to its last epoch, from where its state left off.

    Randomness depends on (seed, epoch) alone, so an interrupted run ends with the bytes of an
    uninterrupted one. From the epoch in which the loss stops being finite the run is recorded as
    diverged: NaN rows and NaN weights.

    Parameters
    ----------
    report
        Called after every epoch with its number, its row of the history and its seconds (None
        where the epoch comes from an earlier, interrupted call).

    Raises
    ------
    InputError
        The network does not fit the images, or the device is not available.
    """
    target = choose_device(device, run.precision)
    network = _initial_network(run, data).to(target)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = MomentumSGD(
        parameter_rates(run.architecture, network),
        run.momentum,
        RECIPES[run.architecture].weight_decay,
    )
    training = Images(data.training_pixels.to(target), data.training_labels.to(target))
    validation = Images(data.validation_pixels.to(target), data.validation_labels.to(target))
    trainer = Trainer(network, optimiser, training, run.batch_size, run.precision)

    epochs, momentum = state.load()
    if not _belong_to(network, epochs, momentum):
        epochs = []
    epochs = epochs[: run.epochs]
    for number, epoch in enumerate(epochs, start=1):
        report(number, epoch.row, None)
    if epochs:
        _restore(network, optimiser, epochs[-1].weights, momentum)
    for number in range(len(epochs) + 1, run.epochs + 1):
        start = time.perf_counter()
        learning_rate = rate_at(run, number)
        if epochs and _diverged(epochs[-1]):
            epoch = _diverged_epoch(number, learning_rate, epochs[-1].weights)
        else:
            order = draw_batches(run, number, len(training.labels), data.flips)
            score = trainer.train_epoch(order, learning_rate)
            check = evaluate(network, validation, run.precision)
            epoch = Epoch(_row(number, learning_rate, score, check), _weights(network))
            if _diverged(epoch):
                epoch = _diverged_epoch(number, learning_rate, epoch.weights)
        state.save(number, epoch, _momentum(network, optimiser))
        epochs.append(epoch)
        report(number, epoch.row, time.perf_counter() - start)
    return epochs


def draw_batches(run: Run, epoch: int, count: int, flips: bool) -> Batches:
    """Order and flips of an epoch, from (seed, epoch) alone; dropout is seeded with them."""
    seed = _derived_seed(run.seed, epoch)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(count, generator=generator)
    coins = torch.rand(math.ceil(count / run.batch_size), generator=generator)
    return Batches(order, (coins < 0.5) & flips)


def _initial_network(run: Run, data: TrainingData) -> nn.Module:
    network = build_network(run.architecture, data.shape, data.classes, run.capacity)
    generator = torch.Generator().manual_seed(_derived_seed(run.seed, 0))
    initialise(run.architecture, network, generator)
    return network


def _derived_seed(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)


def _row(number: int, learning_rate: float, training: Score, validation: Score) -> dict[str, float]:
    return {
        "epoch": float(number),
        "epoch_learning_rate": learning_rate,
        "training_loss": training.loss,
        "validation_loss": validation.loss,
        "training_error": training.error,
        "validation_error": validation.error,
        "training_top5_error": training.top5_error,
        "validation_top5_error": validation.top5_error,
    }


def _diverged(epoch: Epoch) -> bool:
    losses = epoch.row["training_loss"], epoch.row["validation_loss"]
    return not all(math.isfinite(loss) for loss in losses)


def _diverged_epoch(number: int, learning_rate: float, weights: dict[str, Tensor]) -> Epoch:
    row = dict.fromkeys(HISTORY_COLUMNS, math.nan)
    row |= {"epoch": float(number), "epoch_learning_rate": learning_rate}
    return Epoch(row, {name: torch.full_like(value, torch.nan) for name, value in weights.items()})


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {
        name: value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, value in network.state_dict().items()
    }


def _momentum(network: nn.Module, optimiser: MomentumSGD) -> dict[str, Tensor]:
    return {
        name: optimiser.momentum_buffers[parameter]
        for name, parameter in network.named_parameters()
    }


def _belong_to(network: nn.Module, epochs: list[Epoch], momentum: dict[str, Tensor]) -> bool:
    """Whether loaded state has a network's tensors; a checksum alone vouches for no content."""
    own = _forms(network.state_dict())
    return _forms(momentum) == _forms(dict(network.named_parameters())) and all(
        _forms(epoch.weights) == own and epoch.row.keys() == set(HISTORY_COLUMNS)
        for epoch in epochs
    )


def _forms(tensors: Mapping[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}


def _restore(
    network: nn.Module,
    optimiser: MomentumSGD,
    weights: dict[str, Tensor],
    momentum: dict[str, Tensor],
) -> None:
    network.load_state_dict(weights)
    for name, parameter in network.named_parameters():
        optimiser.momentum_buffers[parameter].copy_(momentum[name])
