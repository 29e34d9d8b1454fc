"""The passes of batches: gradients of twenty (S2), of five (S3), of single images, and steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from maxgain.quantities.costs import (
    BATCH_SIZE,
    BATCHES,
    FEW_BATCHES,
    IMAGES_FOR_BATCHES,
    PROBED_IMAGES,
    SINGLE_BATCHES,
    STEPS,
)
from maxgain.quantities.images import Outputs, call_watching
from maxgain.quantities.snapshot import Snapshot, flat, gradients_of, measuring


@dataclass(frozen=True)
class BatchGradients:
    """Gradients of twenty disjoint equal batches (S2), as mean and variance over the batches.

    Attributes
    ----------
    mean, variance
        Of each weight's batch gradient; the variance is the unbiased one.
    batches, images
        Their number, and that of the images in all of them.
    step
        The weights less those of the snapshot before; None at the first.
    outputs
        What the network said of the batches' images, in the order of the fixed shuffle.
    """

    mean: Float[Tensor, "weights"]
    variance: Float[Tensor, "weights"]
    batches: int
    images: int
    step: Float[Tensor, "weights"] | None
    outputs: Outputs | None = None


def measure_batch_gradients(snapshot: Snapshot) -> BatchGradients:
    """Gradients one after the other: two numbers a weight are held, whatever the batches."""
    size = min(len(snapshot.training), IMAGES_FOR_BATCHES) // BATCHES
    batches = torch.split(snapshot.training.shuffled()[: BATCHES * size], size)
    leaves, seen = snapshot.leaves(), list[Outputs]()

    def gradient(places: Int[Tensor, "batch"]) -> Float[Tensor, "weights"]:
        images, labels = snapshot.training.images[places], snapshot.training.labels[places]
        outputs = call_watching(snapshot, images, leaves)
        seen.append(outputs.detached())
        loss = F.cross_entropy(outputs.logits, labels)
        return flat(gradients_of(loss, list(leaves.values())))

    with measuring(snapshot.network), torch.enable_grad():
        mean, variance = _moments(gradient(places) for places in batches)
    outputs = Outputs.joined(seen)
    return BatchGradients(mean, variance, BATCHES, BATCHES * size, _step(snapshot), outputs)


def _moments(
    gradients: Iterable[Float[Tensor, "weights"]],
) -> tuple[Float[Tensor, "weights"], Float[Tensor, "weights"]]:
    """Mean and unbiased variance by Welford's recurrence: exactly zero for equal gradients."""
    number = 0
    mean = squares = torch.zeros(())
    for number, gradient in enumerate(gradients, start=1):
        if number == 1:
            mean, squares = gradient.clone(), torch.zeros_like(gradient)
            continue
        off = gradient - mean
        mean.add_(off, alpha=1 / number)
        squares.addcmul_(off, off, value=(number - 1) / number)
    return mean, squares / (number - 1)


def _step(snapshot: Snapshot) -> Float[Tensor, "weights"] | None:
    if snapshot.past is None:
        return None
    before = flat([snapshot.past.state[name] for name in snapshot.parameter_names])
    return snapshot.weights - before


@dataclass(frozen=True)
class FiveBatches:
    """Gradients of the first five batches of a fixed shuffle (S3).

    Attributes
    ----------
    gradients
        Of each batch: of the mean loss, or of the mean of standardised losses.
    places
        Of each batch's images.
    """

    gradients: Float[Tensor, "batches weights"]
    places: Sequence[Int[Tensor, "batch"]]

    def gradient_of(
        self, places: Int[Tensor, "batch"], number: int
    ) -> Float[Tensor, "weights"] | None:
        """The gradient on these images, where they are the batch of that number."""
        if number >= len(self.places) or not torch.equal(self.places[number], places):
            return None
        return self.gradients[number]


def measure_five_batches(snapshot: Snapshot) -> FiveBatches:
    """Gradients of losses that are divided by their standard deviation in the batch.

    The deviation is differentiated too.
    """
    batches, leaves, found = first_batches(snapshot, FEW_BATCHES), snapshot.leaves(), list[Tensor]()
    with measuring(snapshot.network), torch.enable_grad():
        for places in batches:
            losses = snapshot.losses(places, leaves)
            mean = (losses / losses.std()).mean()
            found.append(flat(gradients_of(mean, list(leaves.values()))))
    return FiveBatches(torch.stack(found), batches)


def measure_plain_batches(snapshot: Snapshot) -> FiveBatches:
    """Gradients of the mean loss of each batch.

    A pass of its own: who wants disparity alone does not pay for a second backward pass.
    """
    batches = first_batches(snapshot, FEW_BATCHES)
    return FiveBatches(torch.stack([snapshot.loss_gradient(each) for each in batches]), batches)


@dataclass(frozen=True)
class SingleGradients:
    """Gradients of the single images of some batches, as mean and variance in each batch.

    Attributes
    ----------
    means, variances
        Of each weight over the images of a batch; the variance has the divisor size - 1.
    size
        Images of a batch.
    """

    means: Float[Tensor, "batches weights"]
    variances: Float[Tensor, "batches weights"]
    size: int


def measure_single_gradients(snapshot: Snapshot) -> SingleGradients:
    """One backward pass an image, two numbers a weight held for a batch.

    `torch.func.vmap` over the images was measured: with a network's worth of weights for each
    image it takes eight times as long, and `torch.func.grad` imports torch's compiler.
    """
    batches = first_batches(snapshot, SINGLE_BATCHES)
    found = [
        _moments(snapshot.loss_gradient(place) for place in torch.split(places, 1))
        for places in batches
    ]
    means, variances = zip(*found, strict=True)
    return SingleGradients(torch.stack(means), torch.stack(variances), len(batches[0]))


@dataclass(frozen=True)
class Steps:
    """Logits of the same training images after one step from the snapshot on each of ten batches.

    The steps are plain gradient descent with the training's rate; momentum is left out.
    """

    logits: Float[Tensor, "steps images classes"]


def measure_steps(snapshot: Snapshot, known: FiveBatches | None = None) -> Steps:
    """Ten gradients, each followed by a forward pass of a hundred images.

    Parameters
    ----------
    known
        Gradients of the mean loss of batches that may be the first of the ten.
    """
    probed = snapshot.training.images[snapshot.training.shuffled()[-PROBED_IMAGES:]]
    logits = []
    for number, places in enumerate(first_batches(snapshot, STEPS)):
        gradient = None if known is None else known.gradient_of(places, number)
        if gradient is None:
            gradient = snapshot.loss_gradient(places)
        moved = snapshot.moved(-snapshot.learning_rate * gradient)
        with measuring(snapshot.network), torch.no_grad():
            logits.append(snapshot.call_fast(probed, moved))
    return Steps(torch.stack(logits))


def first_batches(snapshot: Snapshot, number: int) -> Sequence[Int[Tensor, "batch"]]:
    """Places of the first batches of the fixed shuffle: of 100 images, of fewer in small sets."""
    size = min(BATCH_SIZE, len(snapshot.training) // number)
    return torch.split(snapshot.training.shuffled()[: number * size], size)
