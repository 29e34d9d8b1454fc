"""One snapshot of a training with the training images, and what its network computes."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Real
from torch import Tensor, nn
from torch.func import functional_call

from maxgain.errors import InputError
from maxgain.response.conditions import measurement_conditions

FEWEST_IMAGES = 20
"""Training images that the twenty batches of a snapshot need at least."""


@dataclass(frozen=True)
class TrainingImages:
    """The images that a network was trained on, as it was given them, without flips.

    Attributes
    ----------
    images
        Preprocessed, in the network's input units.
    labels
        Index of each image's class, as in training: wrong where the labels are noisy.
    """

    images: Float[Tensor, "images channels height width"]
    labels: Int[Tensor, "images"]

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise InputError(
                f"there are {len(self.images)} training images and {len(self.labels)} labels; "
                "there must be one label an image."
            )
        if len(self.images) < FEWEST_IMAGES:
            raise InputError(
                f"there are {len(self.images)} training images; the quantities of a snapshot need "
                f"at least {FEWEST_IMAGES}."
            )

    def __len__(self) -> int:
        return len(self.images)

    def shuffled(self) -> Int[Tensor, "images"]:
        """Places of the images in a fixed random order, the same at every snapshot."""
        return torch.randperm(len(self), generator=torch.Generator().manual_seed(0))


@dataclass(frozen=True)
class Past:
    """What is kept of the snapshots before.

    Attributes
    ----------
    state
        The previous snapshot's weights.
    predictions
        The previous snapshot's predicted classes of the training images; None where the pass of
        the images was not asked for.
    losses
        Losses of the training images at the last snapshots, the latest last; four at most.
    """

    state: Mapping[str, Tensor]
    predictions: Int[Tensor, "images"] | None
    losses: tuple[Float[Tensor, "images"], ...]


@dataclass(frozen=True)
class Snapshot:
    """Everything that a quantity of one snapshot may use.

    Attributes
    ----------
    network
        The architecture; its own parameters are not used.
    state
        The snapshot: a value for each name of the network's state dict, in float32 (in float64
        for a float64 network).
    training
        The training images.
    impulses
        Images at which the gain is measured, the centred impulse first.
    learning_rate
        Of the training, without a layer's own multiplier.
    initial
        The weights before the first epoch; None where they are not known.
    past
        None at the first snapshot.
    """

    network: nn.Module
    state: Mapping[str, Tensor]
    training: TrainingImages
    impulses: Real[Tensor, "impulses channels height width"]
    learning_rate: float
    initial: Mapping[str, Tensor] | None = None
    past: Past | None = None

    @property
    def parameter_names(self) -> list[str]:
        """Names of the state that are trained, buffers left out."""
        return [name for name, _ in self.network.named_parameters()]

    @property
    def weights(self) -> Float[Tensor, "weights"]:
        """All trained weights in a line."""
        return flat(self.state[name] for name in self.parameter_names)

    @property
    def finite(self) -> bool:
        """Whether all weights are finite; a diverged network has none of the quantities."""
        return bool(self.weights.isfinite().all())

    def call(self, images: Tensor, state: Mapping[str, Tensor] | None = None) -> Tensor:
        """Logits of images, under other weights where a state is given."""
        values = dict(self.state) if state is None else {**self.state, **state}
        logits: Tensor = functional_call(self.network, values, (images,))
        return logits

    def loss_gradient(
        self, places: Int[Tensor, "batch"], standardised: bool = False
    ) -> Float[Tensor, "weights"]:
        """Gradient of the mean cross-entropy of some training images, weight decay left out.

        Parameters
        ----------
        places
            Of the images among the training images.
        standardised
            Divide each image's loss by the standard deviation of all; it is differentiated too.
        """
        leaves = {name: self.state[name].detach().requires_grad_() for name in self.parameter_names}
        with measuring(self.network), torch.enable_grad():
            logits = self.call(self.training.images[places], leaves)
            losses = F.cross_entropy(logits, self.training.labels[places], reduction="none")
            loss = (losses / losses.std()).mean() if standardised else losses.mean()
            return flat(_gradients(loss, list(leaves.values())))

    def moved(self, direction: Float[Tensor, "weights"]) -> dict[str, Tensor]:
        """Parameters after a step along a direction of weight space."""
        values = [self.state[name] for name in self.parameter_names]
        steps = torch.split(direction, [value.numel() for value in values])
        return {
            name: value + step.reshape(value.shape)
            for name, value, step in zip(self.parameter_names, values, steps, strict=True)
        }


@contextmanager
def measuring(network: nn.Module) -> Iterator[None]:
    """Evaluation mode and full precision, whatever the caller's."""
    device = next((value.device for value in network.parameters()), torch.device("cpu"))
    with measurement_conditions(network, device):
        yield


def flat(values: Iterable[Tensor]) -> Float[Tensor, "numbers"]:
    """All numbers of tensors in a line."""
    return torch.cat([value.detach().flatten() for value in values])


def _gradients(loss: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    found = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
    return list(found)
