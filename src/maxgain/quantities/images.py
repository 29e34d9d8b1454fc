"""The pass of all training images (S1): losses, predictions and features of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from maxgain.quantities.snapshot import Snapshot, measuring

_IMAGES_AT_ONCE = 500
"""Images of one forward pass: bounds memory."""


@dataclass(frozen=True)
class ImagePass:
    """One forward pass of all training images (S1), in the fixed random order of the snapshots.

    Attributes
    ----------
    losses, predictions, probabilities, labels
        Of each image.
    features, last_layer
        Input of the last layer for each image, and its weights (classes x features); None where
        the network does not end with a linear layer.
    previous_predictions, previous_losses
        Those of the snapshot before, and of up to four before; None and empty at the first.
    """

    losses: Float[Tensor, "images"]
    predictions: Int[Tensor, "images"]
    probabilities: Float[Tensor, "images classes"]
    labels: Int[Tensor, "images"]
    features: Float[Tensor, "images features"] | None
    last_layer: Float[Tensor, "classes features"] | None
    previous_predictions: Int[Tensor, "images"] | None
    previous_losses: tuple[Float[Tensor, "images"], ...]


def measure_images(snapshot: Snapshot, known: "Outputs | None" = None) -> ImagePass:
    """Losses, predictions and features of all training images.

    Parameters
    ----------
    known
        What the network says of the first images in the fixed order, from another pass.
    """
    # Some quantities look at the first images alone, and data may be sorted by class.
    order = snapshot.training.shuffled()
    labels = snapshot.training.labels[order]
    outputs = outputs_of(snapshot, order, known)
    past = snapshot.past
    return ImagePass(
        F.cross_entropy(outputs.logits, labels, reduction="none"),
        outputs.logits.argmax(1),
        outputs.logits.softmax(1),
        labels,
        outputs.features,
        None if outputs.features is None else last_layer_of(snapshot),
        past.predictions if past else None,
        past.losses if past else (),
    )


@dataclass(frozen=True)
class Outputs:
    """What the network says of images.

    Attributes
    ----------
    logits
        Of each image.
    features
        Input of the last layer; None where the network does not end with a linear layer.
    """

    logits: Float[Tensor, "images classes"]
    features: Float[Tensor, "images features"] | None

    def detached(self) -> "Outputs":
        """The same numbers, without what made them."""
        features = None if self.features is None else self.features.detach()
        return Outputs(self.logits.detach(), features)

    @classmethod
    def joined(cls, parts: Sequence["Outputs"]) -> "Outputs":
        """Those of several batches, one after the other."""
        features = [part.features for part in parts if part.features is not None]
        whole = torch.cat(features) if len(features) == len(parts) else None
        return cls(torch.cat([part.logits for part in parts]), whole)


def outputs_of(
    snapshot: Snapshot, places: Int[Tensor, "images"], known: Outputs | None = None
) -> Outputs:
    """Logits and features of training images; `known` are those of the first of them."""
    parts = [] if known is None else [known]
    start = 0 if known is None else len(known.logits)
    with measuring(snapshot.network), torch.no_grad():
        for few in torch.split(places[start:], _IMAGES_AT_ONCE):
            if len(few):
                parts.append(call_watching(snapshot, snapshot.training.images[few]))
    return Outputs.joined(parts)


def last_layer_of(snapshot: Snapshot) -> Float[Tensor, "classes features"]:
    """Weights of the last linear layer."""
    name, _ = _last_linear(snapshot.network)
    return snapshot.state[f"{name}.weight" if name else "weight"].detach()


def _last_linear(network: nn.Module) -> tuple[str, nn.Linear | None]:
    found: tuple[str, nn.Linear | None] = ("", None)
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear):
            found = (name, module)
    return found


def call_watching(
    snapshot: Snapshot, images: Tensor, state: Mapping[str, Tensor] | None = None
) -> Outputs:
    """Logits, and the last linear layer's input where its output is the logits.

    The faster network has the very same linear layer: to watch one is to watch both.
    """
    _, layer = _last_linear(snapshot.network)
    if layer is None:
        return Outputs(snapshot.call_fast(images, state), None)
    seen: dict[str, Tensor] = {}

    def watch(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen.update(before=inputs[0], after=output)

    handle = layer.register_forward_hook(watch)
    try:
        logits = snapshot.call_fast(images, state)
    finally:
        handle.remove()
    ends = "after" in seen and seen["after"].shape == logits.shape
    return Outputs(logits, seen["before"] if ends and torch.equal(seen["after"], logits) else None)
