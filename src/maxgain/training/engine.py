"""One epoch of training and one pass of validation, as fast as the device allows.

On a CPU: images stay in memory in channels-last order, convolutions go the fast way of
`maxgain.kernels.accelerate`, the optimiser is fused, nothing leaves the tensors inside an epoch. On
a GPU these networks are launch-bound, so one whole step is captured into a CUDA graph that reads
the next batch from the device's own list and is replayed without a word from the host.
"""

from contextlib import nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from maxgain.kernels.accelerate import fast_convolutions
from maxgain.training.cuda_graph import Step, StepGraph
from maxgain.training.device import forward_precision, use_reproducible_kernels
from maxgain.training.optimisers import MomentumSGD

_FAST_THREADS = {"fp32": 2, "bf16": 1}
"""Threads of a job up to which the fast way is the faster one: its loops over pixels take one."""


@dataclass(frozen=True)
class Batches:
    """The order of one epoch: indices of the training images, and which batches are flipped."""

    indices: Int64[Tensor, "images"]
    flips: Bool[Tensor, "batches"]


@dataclass(frozen=True)
class Images:
    """Preprocessed images and their labels on the device, pixels in channels-last order."""

    pixels: Float[Tensor, "count height width channels"]
    labels: Int64[Tensor, "count"]

    def batch(self, indices: Int64[Tensor, "batch"]) -> tuple[Tensor, Int64[Tensor, "batch"]]:
        """Images (batch, channels, height, width) of some indices, and their labels."""
        return self.pixels[indices].permute(0, 3, 1, 2), self.labels[indices]


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
        On the device, channels-last; changed in place.
    optimiser
        Of the network's parameters.
    images
        The training images, on the same device.
    batch_size
        Images a step; a last, smaller batch takes part.
    precision
        "fp32", "tf32" or "bf16"; weights and updates are float32 in all of them.
    """

    def __init__(
        self,
        network: nn.Module,
        optimiser: MomentumSGD,
        images: Images,
        batch_size: int,
        precision: str,
    ) -> None:
        self._network = network
        self._optimiser = optimiser
        self._images = images
        self._batch_size = batch_size
        self._precision = precision
        self._device = images.labels.device
        use_reproducible_kernels(self._device, precision)
        self._totals = torch.zeros(3, dtype=torch.float64, device=self._device)
        self._graph: StepGraph | None = None
        self._graph_rate: float | None = None

    def train_epoch(self, batches: Batches, learning_rate: float) -> Score:
        """Run one epoch and return the mean over its images, measured while training.

        As in MatConvNet, an image's loss is that of the step which learns from it.
        """
        self._network.train()
        self._totals.zero_()
        indices = batches.indices.to(self._device)
        done = 0
        if self._device.type == "cuda":
            done = self._replay(indices, batches.flips.to(self._device), learning_rate)
        flips = batches.flips.tolist()
        for first in range(done, len(indices), self._batch_size):
            images, labels = self._images.batch(indices[first : first + self._batch_size])
            if flips[first // self._batch_size]:
                images = images.flip(3)
            self._step(images, labels, learning_rate)
        return _score(self._totals, len(indices))

    def _step(self, images: Tensor, labels: Tensor, learning_rate: float) -> None:
        self._optimiser.clear_gradients()
        logits = _logits(self._network, images, self._precision)
        loss = F.cross_entropy(logits, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step(learning_rate)
        self._totals += _totals(logits.detach(), labels, loss.detach())

    def _replay(self, indices: Tensor, flips: Tensor, learning_rate: float) -> int:
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
                self._device,
            )
            self._graph_rate = learning_rate
        self._graph.replay(indices[: steps * self._batch_size].view(steps, -1), flips[:steps])
        return steps * self._batch_size

    def _captured_step(self, learning_rate: float) -> Step:
        def step(indices: Tensor, flip: Tensor) -> None:
            images, labels = self._images.batch(indices)
            images = torch.where(flip[:, None, None, None], images.flip(3), images)
            self._step(images, labels, learning_rate)

        return step

    def _state(self) -> list[Tensor]:
        """Every tensor that a step changes: buffers such as batch statistics too."""
        return [
            *self._network.parameters(),
            *self._network.buffers(),
            *self._optimiser.momentum_buffers.values(),
            self._totals,
        ]


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
    """Forward pass in a precision, on a CPU the fast way. A GPU's library chooses for itself."""
    is_fast = images.device.type == "cpu" and torch.get_num_threads() <= _FAST_THREADS.get(
        precision, 0
    )
    with (
        forward_precision(images.device, precision),
        fast_convolutions(network) if is_fast else nullcontext(),
    ):
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
