"""One epoch of training and one pass of validation, as fast as the device allows.

On a CPU: images stay in memory in channels-last order, layers go the fast way of
`maxgain.kernels.accelerate`, the optimiser is fused, nothing leaves the tensors inside an epoch. On
a GPU these networks are launch-bound, so one whole step is captured into a CUDA graph that reads
the next batch from the device's own list and is replayed without a word from the host.
"""

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from maxgain.data.augmentation import Augmentation, no_augmentation
from maxgain.errors import InputError
from maxgain.kernels.accelerate import accelerate
from maxgain.training.batches import Batches, Images
from maxgain.training.cuda_graph import Step, StepGraph
from maxgain.training.device import forward_precision, use_reproducible_kernels
from maxgain.training.optimisers import Optimiser

_FAST_THREADS = {"fp32": 2, "bf16": 1}
"""Threads of a job up to which the fast way is the faster one: its loops over pixels take one."""


def training_twin(
    network: nn.Module, device: torch.device, precision: str, fast: bool = True
) -> nn.Module:
    """What is trained and evaluated in a network's place: its fast twin, or itself.

    A GPU's library chooses the fastest way by itself.

    Parameters
    ----------
    fast
        False: always the network itself.
    """
    pays = torch.get_num_threads() <= _FAST_THREADS.get(precision, 0)
    return accelerate(network) if fast and pays and device.type == "cpu" else network


@dataclass(frozen=True)
class Score:
    """Mean loss and error rates (fractions 0 to 1) over a pass through some images."""

    loss: float
    error: float
    top5_error: float


class Trainer:
    """Trains one network on one set of images, an epoch at a call.

    Parameters
    ----------
    network
        On the device, channels-last, perhaps its `training_twin`; changed in place.
    optimiser
        Of the network's parameters.
    images
        The training images, on the same device.
    batch_size
        Images a step; a last, smaller batch takes part.
    precision
        "fp32", "tf32" or "bf16"; weights and updates are float32 in all of them.
    augmentation
        None: images as they are.

    Raises
    ------
    InputError
        The last batch is a single image, from which the network cannot learn.
    """

    def __init__(
        self,
        network: nn.Module,
        optimiser: Optimiser,
        images: Images,
        batch_size: int,
        precision: str,
        augmentation: Augmentation | None = None,
    ) -> None:
        self._network = network
        self._optimiser = optimiser
        self._images = images
        self._batch_size = batch_size
        self._precision = precision
        self._augmentation = augmentation or no_augmentation()
        self._device = images.labels.device
        use_reproducible_kernels(self._device, precision)
        self._totals = torch.zeros(3, dtype=torch.float64, device=self._device)
        self._check_last_batch()
        self._graph: StepGraph | None = None
        self._graph_rate: float | None = None

    def train_epoch(self, batches: Batches, learning_rate: float) -> Score:
        """Run one epoch and return the mean over its images, measured while training.

        As in MatConvNet, an image's loss is that of the step which learns from it.
        """
        self._network.train()
        self._totals.zero_()
        indices = batches.indices.to(self._device)
        numbers = batches.numbers.to(self._device)
        done = 0
        if self._device.type == "cuda":
            done = self._replay(indices, numbers, learning_rate)
        for first in range(done, len(indices), self._batch_size):
            part = slice(first, first + self._batch_size)
            self._step(indices[part], numbers[part], learning_rate)
        return _score(self._totals, len(indices))

    def _step(self, indices: Tensor, numbers: Tensor, learning_rate: float) -> None:
        images, labels = self._images.batch(indices)
        images = self._augmentation.apply(images, numbers)
        self._optimiser.clear_gradients()
        logits = _logits(self._network, images, self._precision)
        loss = F.cross_entropy(logits, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step(learning_rate)
        self._totals += _totals(logits.detach(), labels, loss.detach())

    def _replay(self, indices: Tensor, numbers: Tensor, learning_rate: float) -> int:
        """Run the full batches of an epoch by graph replay; return how many images that were."""
        steps = len(indices) // self._batch_size
        if steps == 0:
            return 0
        if self._graph is None or self._graph_rate != learning_rate:
            self._graph = StepGraph(
                self._captured_step(learning_rate),
                self._state(),
                steps,
                self._batch_size,
                numbers.shape[1],
                self._device,
            )
            self._graph_rate = learning_rate
        whole = steps * self._batch_size
        self._graph.replay(
            indices[:whole].view(steps, -1),
            numbers[:whole].view(steps, self._batch_size, numbers.shape[1]),
        )
        return whole

    def _captured_step(self, learning_rate: float) -> Step:
        return lambda indices, numbers: self._step(indices, numbers, learning_rate)

    def _state(self) -> list[Tensor]:
        """Every tensor that a step changes: buffers such as batch statistics too."""
        return [
            *self._network.parameters(),
            *self._network.buffers(),
            *(tensor for kind in self._optimiser.state.values() for tensor in kind.values()),
            self._totals,
        ]

    def _check_last_batch(self) -> None:
        """Batch normalisation of one value has no variance: torch refuses, but at the epoch's end.

        To leave the image out would be to train on fewer images than the history says.
        """
        count = len(self._images.labels)
        if count % self._batch_size != 1 and self._batch_size != 1:
            return
        image, _ = self._images.batch(torch.zeros(1, dtype=torch.int64, device=self._device))
        devices = [self._device] if self._device.type == "cuda" else []
        try:
            with torch.no_grad(), torch.random.fork_rng(devices):
                copy.deepcopy(self._network).train()(image)
        except ValueError as error:
            raise InputError(
                f"batch_size is {self._batch_size}, which leaves a single image of {count} for the "
                "last batch; the network's batch normalisation needs at least 2."
            ) from error


def evaluate(network: nn.Module, images: Images, precision: str, batch_size: int = 500) -> Score:
    """Mean loss and error rates of a network over all images, in evaluation mode."""
    network.eval()
    device = images.labels.device
    totals = torch.zeros(3, dtype=torch.float64, device=device)
    with torch.no_grad():
        for first in range(0, len(images.labels), batch_size):
            last = min(first + batch_size, len(images.labels))
            pixels, labels = images.batch(torch.arange(first, last, device=device))
            logits = _logits(network, pixels, precision)
            totals += _totals(logits, labels, F.cross_entropy(logits, labels))
    return _score(totals, len(images.labels))


def _logits(
    network: nn.Module, images: Float[Tensor, "batch channels height width"], precision: str
) -> Float[Tensor, "batch classes"]:
    with forward_precision(images.device, precision):
        logits: Tensor = network(images).float()
    return logits


def _totals(
    logits: Float[Tensor, "batch classes"],
    labels: Int64[Tensor, "batch"],
    mean_loss: Float[Tensor, ""],
) -> Float[Tensor, "3"]:
    """Sums over a batch: loss, wrong top-1 and wrong top-5 predictions.

    A class counts as ranked before the label's where its logit is greater or equal, so that logits
    which say nothing (all alike, or NaN) count as wrong.
    """
    own = logits.gather(1, labels[:, None])
    before = (~(logits < own)).sum(1) - 1
    return torch.stack(
        [
            mean_loss.double() * len(labels),
            (before >= 1).sum().double(),
            (before >= 5).sum().double(),
        ]
    )


def _score(totals: Float[Tensor, "3"], count: int) -> Score:
    loss, wrong, wrong_top5 = (totals / count).tolist()
    return Score(loss, wrong, wrong_top5)
