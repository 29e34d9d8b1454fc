"""The Maximum Gain of all snapshots of one training in one vectorised call."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Real, Shaped
from torch import Tensor, nn
from torch.func import functional_call, vmap

from maxgain.errors import InputError
from maxgain.response.guards import checked_image, evaluation_mode, no_autocast, refusals_named
from maxgain.response.projections import (
    CLASS_PROJECTIONS,
    ClassProjection,
    checked_projection,
    projected,
)
from maxgain.response.spectrum import frequency_response, maximum_gain


def snapshot_gains(
    network: nn.Module,
    snapshots: Mapping[str, Shaped[Tensor, "epochs *parameter"]],
    image: Real[Tensor, "channels height width"],
    projection: ClassProjection = "inverse-score",
    *,
    window: bool = True,
    snapshots_at_once: int = 32,
) -> Float[Tensor, "epochs channels"]:
    """Maximum Gain of every snapshot of one network, in dB, vectorised over the snapshots.

    Parameters
    ----------
    network
        The architecture; its own parameters are not used.
    snapshots
        For each name of the network's state dict, the values of all epochs stacked.
    image, projection, window
        As in `measure`; the window is on, as snapshots are measured on an impulse image.
    snapshots_at_once
        How many snapshots one vectorised call holds in memory.

    Raises
    ------
    InputError
        The snapshots' names, shapes or numbers of epochs do not fit the network, or the image or
        the projection does not.
    """
    checked_image(image)
    checked_projection(projection)
    if isinstance(projection, Tensor):
        raise InputError(
            f"projection is a tensor; snapshots allow only {', '.join(CLASS_PROJECTIONS)}."
        )
    if snapshots_at_once < 1:
        raise InputError(f"snapshots_at_once is {snapshots_at_once}; it must be at least 1.")
    epochs = _checked_epochs(network, snapshots)

    def project(
        pixels: Float[Tensor, "channels height width"], state: dict[str, Tensor]
    ) -> Float[Tensor, ""]:
        logits = functional_call(network, state, (pixels[None],))
        return projected(logits, projection)

    project_each = vmap(project)
    pixels = image.detach().float()
    gains = []
    with evaluation_mode(network), no_autocast(pixels.device), torch.enable_grad():
        for first in range(0, epochs, snapshots_at_once):
            chunk = {
                name: values[first : first + snapshots_at_once].to(pixels.device).float()
                for name, values in snapshots.items()
            }
            with refusals_named(image):
                images = pixels.repeat(len(next(iter(chunk.values()))), 1, 1, 1).requires_grad_()
                # Not torch.func.grad, which would import torch's compiler: seconds, for nothing.
                (gradient,) = torch.autograd.grad(project_each(images, chunk).sum(), images)
            gains.append(maximum_gain(frequency_response(gradient, window=window)))
    if not gains:
        return torch.empty(0, len(image))
    finite = torch.ones(epochs, dtype=torch.bool)
    for name, _ in network.named_parameters():
        finite &= snapshots[name].reshape(epochs, -1).isfinite().all(1).cpu()
    return torch.where(finite[:, None], torch.cat(gains).cpu(), torch.nan)


def _checked_epochs(network: nn.Module, snapshots: Mapping[str, Tensor]) -> int:
    state = network.state_dict()
    if not state:
        raise InputError("the network has no parameters; its snapshots cannot be measured.")
    if missing := sorted(state.keys() - snapshots.keys()):
        raise InputError(f"the snapshots lack '{missing[0]}', which the network has.")
    if unknown := sorted(snapshots.keys() - state.keys()):
        raise InputError(f"the snapshots hold '{unknown[0]}', which the network does not have.")
    for name, values in snapshots.items():
        if values.shape[1:] != state[name].shape:
            raise InputError(
                f"the snapshots' '{name}' has the shape {tuple(values.shape[1:])}; the network's "
                f"has {tuple(state[name].shape)}."
            )
    counts = {len(values) for values in snapshots.values()}
    if len(counts) != 1:
        raise InputError(
            f"the snapshots' numbers of epochs differ ({sorted(counts)}); they must be equal."
        )
    return counts.pop()
