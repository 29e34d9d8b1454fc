"""The pass of all training images (S1): losses, predictions and features of each."""

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


def measure_images(snapshot: Snapshot) -> ImagePass:
    """Losses, predictions and features of all training images."""
    parts: list[Tensor] = []
    features: list[Tensor] = []
    name, layer = _last_linear(snapshot.network)
    # Some quantities look at the first images alone, and data may be sorted by class.
    order = snapshot.training.shuffled()
    labels = snapshot.training.labels[order]
    with measuring(snapshot.network), torch.no_grad():
        for places in torch.split(order, _IMAGES_AT_ONCE):
            images = snapshot.training.images[places]
            logits, before, after = _call_watching(snapshot, layer, images)
            parts.append(logits)
            if before is not None and after is not None and torch.equal(after, logits):
                features.append(before)
    logits = torch.cat(parts)
    whole = len(features) == len(parts)
    past = snapshot.past
    return ImagePass(
        F.cross_entropy(logits, labels, reduction="none"),
        logits.argmax(1),
        logits.softmax(1),
        labels,
        torch.cat(features) if whole else None,
        snapshot.state[f"{name}.weight" if name else "weight"].detach() if whole else None,
        past.predictions if past else None,
        past.losses if past else (),
    )


def _last_linear(network: nn.Module) -> tuple[str, nn.Linear | None]:
    found: tuple[str, nn.Linear | None] = ("", None)
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear):
            found = (name, module)
    return found


def _call_watching(
    snapshot: Snapshot, layer: nn.Linear | None, images: Tensor
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Logits, and the last linear layer's input and output."""
    if layer is None:
        return snapshot.call(images), None, None
    seen: dict[str, Tensor] = {}

    def watch(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen.update(before=inputs[0], after=output)

    handle = layer.register_forward_hook(watch)
    try:
        return snapshot.call(images), seen.get("before"), seen.get("after")
    finally:
        handle.remove()
