"""One run: every epoch of a training, its history and its snapshots."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from maxgain.config.runs import Run
from maxgain.data.registry import AUGMENTATIONS
from maxgain.networks.recipes import initial_network, parameter_rates, weight_decay_of
from maxgain.tables.curves import HISTORY_COLUMNS
from maxgain.training.batches import Images, derived_seed, draw_batches
from maxgain.training.device import choose_device
from maxgain.training.engine import Score, Trainer, evaluate, training_twin
from maxgain.training.optimisers import Optimiser
from maxgain.training.registry import OPTIMISERS
from maxgain.training.schedule import rate_at
from maxgain.training.state import Epoch, TrainingState

Report = Callable[[int, dict[str, float], float | None], None]
"""Called after every epoch with its number, its row of the history and its seconds (None where the
epoch comes from an earlier, interrupted call)."""


@dataclass(frozen=True)
class TrainingData:
    """Preprocessed images of a run, pixels in channels-last order."""

    training_pixels: Float[Tensor, "count height width channels"]
    training_labels: Int64[Tensor, "count"]
    validation_pixels: Float[Tensor, "validation height width channels"]
    validation_labels: Int64[Tensor, "validation"]
    classes: int

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
    report: Report = lambda *_: None,
) -> list[Epoch]:
    """Train a run to its last epoch, from where its state left off.

    Randomness depends on (seed, epoch) alone, so an interrupted run ends with the bytes of an
    uninterrupted one. From the epoch in which the loss stops being finite the run is recorded as
    diverged: NaN rows and NaN weights.

    Raises
    ------
    InputError
        The network does not fit the images, or the device is not available.
    """
    training = _Training(run, data, choose_device(device, run.precision))
    epochs = training.restored_epochs(state)
    for number, epoch in enumerate(epochs, start=1):
        report(number, epoch.row, None)
    for number in range(len(epochs) + 1, run.epochs + 1):
        start = time.perf_counter()
        if epochs and _diverged(epochs[-1]):
            epoch = _diverged_epoch(number, rate_at(run, number), epochs[-1].weights)
        else:
            epoch = training.trained_epoch(number)
        state.save(number, epoch, training.optimiser_state(), time.perf_counter() - start)
        epochs.append(epoch)
        report(number, epoch.row, time.perf_counter() - start)
    return epochs


class _Training:
    """A run's network, optimiser and images on their device."""

    def __init__(self, run: Run, data: TrainingData, device: torch.device) -> None:
        self._run = run
        seed = derived_seed(run.seed, 0)
        network = initial_network(
            run.architecture, data.shape, data.classes, run.capacity, run.initialisation, seed
        )
        _disturb(network, run)
        network = network.to(device)
        self._network: nn.Module = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimiser: Optimiser = OPTIMISERS.load(run.optimiser)(
            parameter_rates(self._network, run.architecture, run.initialisation),
            run,
            weight_decay_of(run.architecture, run.weight_decay),
        )
        self._augmentation = AUGMENTATIONS.load(run.augmentation)()
        training = Images(data.training_pixels.to(device), data.training_labels.to(device))
        self._count = len(training.labels)
        self._validation = Images(
            data.validation_pixels.to(device), data.validation_labels.to(device)
        )
        # Everything of the network is shared: its weights are always those of the twin.
        self._twin = training_twin(self._network, device, run.precision, run.fast)
        self._trainer = Trainer(
            self._twin, self._optimiser, training, run.batch_size, run.precision, self._augmentation
        )

    def trained_epoch(self, number: int) -> Epoch:
        """Train one epoch, numbered from 1, and evaluate the network after it."""
        learning_rate = rate_at(self._run, number)
        order = draw_batches(self._run, number, self._count, self._augmentation)
        score = self._trainer.train_epoch(order, learning_rate)
        check = evaluate(self._twin, self._validation, self._run.precision)
        epoch = Epoch(_row(number, learning_rate, score, check), _weights(self._network))
        return _diverged_epoch(number, learning_rate, epoch.weights) if _diverged(epoch) else epoch

    def optimiser_state(self) -> dict[str, Tensor]:
        """What the optimiser remembers, as "kind.parameter"."""
        return {
            f"{kind}.{name}": tensors[parameter]
            for kind, tensors in self._optimiser.state.items()
            for name, parameter in self._network.named_parameters()
            if parameter in tensors
        }

    def restored_epochs(self, state: TrainingState) -> list[Epoch]:
        """Epochs of an earlier call; network and optimiser are then as after the last of them."""
        epochs, remembered = state.load()
        if not self._belong_here(epochs, remembered):
            return []
        epochs = epochs[: self._run.epochs]
        if epochs:
            self._network.load_state_dict(epochs[-1].weights)
            for name, tensor in self.optimiser_state().items():
                tensor.copy_(remembered[name])
        return epochs

    def _belong_here(self, epochs: list[Epoch], remembered: dict[str, Tensor]) -> bool:
        """Whether loaded state has this run's tensors; a checksum alone vouches for no content."""
        own = _forms(self._network.state_dict())
        return _forms(remembered) == _forms(self.optimiser_state()) and all(
            _forms(epoch.weights) == own and epoch.row.keys() == set(HISTORY_COLUMNS)
            for epoch in epochs
        )


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


DISTURBANCE = 1e-7
"""Relative standard deviation of a repetition's disturbance: the last bit of a float32."""


def _disturb(network: nn.Module, run: Run) -> None:
    """Change the initial weights of a repetition by about their last bit."""
    if run.repetition == 0:
        return
    generator = torch.Generator().manual_seed(derived_seed(run.seed, 2**31 + run.repetition))
    with torch.no_grad():
        for parameter in network.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.mul_(1 + DISTURBANCE * noise)


def _diverged(epoch: Epoch) -> bool:
    losses = epoch.row["training_loss"], epoch.row["validation_loss"]
    return not all(math.isfinite(loss) for loss in losses)


def _diverged_epoch(number: int, learning_rate: float, weights: dict[str, Tensor]) -> Epoch:
    """NaN for every number; counters, such as batch normalisation's, have no NaN and stay."""
    row = dict.fromkeys(HISTORY_COLUMNS, math.nan)
    row |= {"epoch": float(number), "epoch_learning_rate": learning_rate}
    return Epoch(
        row,
        {
            name: torch.full_like(value, torch.nan) if value.is_floating_point() else value
            for name, value in weights.items()
        },
    )


def _weights(network: nn.Module) -> dict[str, Tensor]:
    """Every entry of the network's state dict, tied ones under each of their names."""
    return {
        name: value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, value in network.state_dict().items()
    }


def _forms(tensors: Mapping[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}
