"""One snapshot of a training with the training images, and what its network computes."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

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
        Images at which the gain is measured: the centred impulse, then a set at random places
        (`maxgain.response.probes.impulse_set`). Means over impulses are of the set alone.
    learning_rate
        Of the training, without a layer's own multiplier.
    initial
        The weights before the first epoch; None where they are not known.
    past
        None at the first snapshot.
    partner
        The same epoch's snapshot of a second training that differs in its seed; None without one.
    twin
        The network in the training's faster layers (`maxgain.kernels.accelerate`), for gradients
        by the weights; None takes the network. Responses to images are never measured with it.
    multipliers
        By what the training multiplies the learning rate of a parameter; 1 where it is not named.
    momentum
        Of the training.
    """

    network: nn.Module
    state: Mapping[str, Tensor]
    training: TrainingImages
    impulses: Real[Tensor, "impulses channels height width"]
    learning_rate: float
    initial: Mapping[str, Tensor] | None = None
    past: Past | None = None
    partner: Mapping[str, Tensor] | None = None
    twin: nn.Module | None = None
    multipliers: Mapping[str, float] = field(default_factory=dict)
    momentum: float = 0.0

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
        return self._call(self.network, images, state)

    def call_fast(self, images: Tensor, state: Mapping[str, Tensor] | None = None) -> Tensor:
        """As `call`, in the training's faster layers: the same sums in another order."""
        return self._call(self.twin or self.network, images, state)

    def _call(
        self, network: nn.Module, images: Tensor, state: Mapping[str, Tensor] | None
    ) -> Tensor:
        logits: Tensor = functional_call(network, {**self.state, **(state or {})}, (images,))
        return logits

    def leaves(self, state: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Parameters of this or another state that a gradient can be taken by."""
        values = self.state if state is None else state
        return {name: values[name].detach().requires_grad_() for name in self.parameter_names}

    def losses(
        self, places: Int[Tensor, "batch"], leaves: Mapping[str, Tensor]
    ) -> Float[Tensor, "batch"]:
        """Cross-entropy of some training images, weight decay left out, to be differentiated."""
        logits = self.call_fast(self.training.images[places], leaves)
        return F.cross_entropy(logits, self.training.labels[places], reduction="none")

    def loss_gradient(
        self, places: Int[Tensor, "batch"], state: Mapping[str, Tensor] | None = None
    ) -> Float[Tensor, "weights"]:
        """Gradient of the mean cross-entropy of some training images, weight decay left out.

        Parameters
        ----------
        places
            Of the images among the training images.
        state
            Parameters to take it at; the snapshot's where none are given.
        """
        leaves = self.leaves(state)
        with measuring(self.network), torch.enable_grad():
            loss = self.losses(places, leaves).mean()
            return flat(gradients_of(loss, list(leaves.values())))

    @property
    def rates(self) -> Float[Tensor, "weights"]:
        """What the training multiplies the learning rate of each weight by."""
        return torch.cat(
            [
                self.state[name].new_full(
                    (self.state[name].numel(),), self.multipliers.get(name, 1)
                )
                for name in self.parameter_names
            ]
        )

    def moved(self, direction: Float[Tensor, "weights"]) -> dict[str, Tensor]:
        """Parameters after a step along a direction of weight space."""
        return self.shaped(self.weights + direction)

    def shaped(self, weights: Float[Tensor, "weights"]) -> dict[str, Tensor]:
        """Parameters of weights in a line."""
        values = [self.state[name] for name in self.parameter_names]
        parts = torch.split(weights, [value.numel() for value in values])
        return {
            name: part.reshape(value.shape)
            for name, value, part in zip(self.parameter_names, values, parts, strict=True)
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


def gradients_of(
    loss: Tensor, leaves: list[Tensor], keep: bool = False, differentiable: bool = False
) -> list[Tensor]:
    """Derivatives by parameters, zero for those that the loss does not depend on.

    Parameters
    ----------
    keep
        Whether another derivative of the same forward pass follows.
    differentiable
        Whether the derivatives are differentiated again.
    """
    found = torch.autograd.grad(
        loss,
        leaves,
        retain_graph=keep or differentiable,
        create_graph=differentiable,
        allow_unused=True,
        materialize_grads=True,
    )
    return list(found)
