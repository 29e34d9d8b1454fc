"""Gain, sensitivity and saturation of all snapshots of one training, vectorised."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Real, Shaped
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.response.guards import checked_image
from maxgain.response.projections import (
    ALL_CLASS_PROJECTIONS,
    ClassProjection,
    checked_projection,
    log_odds,
    projected,
    saturation,
    shift_of_projection,
)
from maxgain.response.vectorised import MEASURED_AT_ONCE, StackedNetwork

GAINS_AT_ONCE = 32
"""Snapshots that one vectorised call of `snapshot_gains` holds in memory."""

STEEP_MARGIN = 60.0
"""Log-odds beyond which 1 - z_c, 1e-26 here, is not left to float32's range in a backward pass."""


@dataclass(frozen=True)
class SnapshotResponses:
    """What every snapshot answers to every impulse.

    Attributes
    ----------
    gain
        Maximum Gain in dB under the projection asked for.
    sensitivity
        S, the Maximum Gain in dB for the log-odds of the winning class.
    saturation
        C = 20 log10(1 - score) in dB; the same for all channels. G = S + C under "inverse-score".
    """

    gain: Float[Tensor, "epochs impulses channels"]
    sensitivity: Float[Tensor, "epochs impulses channels"]
    saturation: Float[Tensor, "epochs impulses"]


@torch.inference_mode(False)
def snapshot_gains(
    network: nn.Module,
    snapshots: Mapping[str, Shaped[Tensor, "epochs *parameter"]],
    image: Real[Tensor, "channels height width"],
    projection: ClassProjection = "inverse-score",
    *,
    window: bool = True,
    snapshots_at_once: int = GAINS_AT_ONCE,
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
        the projection does not, or no gradient arrives (see `measure`).

    Examples
    --------
    >>> from maxgain.response.probes import impulse_image
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    >>> state = network.state_dict()
    >>> snapshots = {name: torch.stack([value, 2 * value]) for name, value in state.items()}
    >>> snapshot_gains(network, snapshots, impulse_image(1, 28, 28)).shape
    torch.Size([2, 1])
    """
    checked_image(image)
    _check_class_projection(projection)
    measured = StackedNetwork(network, snapshots, image[None], window, snapshots_at_once)
    gains, margins = measured.gains(lambda logits: projected(logits, projection))
    steep = (margins[:, 0] > STEEP_MARGIN) & gains[:, 0].isnan().logical_not().all(1)
    if steep.any():
        chosen = {name: values[steep.to(values.device)] for name, values in snapshots.items()}
        gains[steep] = snapshot_responses(
            network, chosen, image[None], projection, window=window
        ).gain
    return gains[:, 0]


@torch.inference_mode(False)
def snapshot_responses(
    network: nn.Module,
    snapshots: Mapping[str, Shaped[Tensor, "epochs *parameter"]],
    impulses: Real[Tensor, "impulses channels height width"],
    projection: ClassProjection = "inverse-score",
    *,
    window: bool = True,
    snapshots_at_once: int | None = None,
) -> SnapshotResponses:
    """Gain, sensitivity and saturation of every snapshot at every impulse, in one pass.

    Vectorised over both, and memory is bounded over both: one vectorised call holds the states,
    features and derivatives of `snapshots_at_once` snapshots at 64 images each at most, by default
    of 64 images in all. More impulses take more calls; with their number grow only the images
    given and the results, a few numbers for each snapshot and impulse. The arithmetic is float32.

    Parameters
    ----------
    network, snapshots, projection, window
        As in `snapshot_gains`.
    impulses
        Images, for example of `maxgain.response.probes.impulse_set`.
    snapshots_at_once
        How many snapshots one vectorised call holds in memory, each with 64 impulses at most; by
        default as many as make 64 images, or one.

    Raises
    ------
    InputError
        As `snapshot_gains`.

    Examples
    --------
    >>> from maxgain.response.probes import impulse_set
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    >>> state = network.state_dict()
    >>> snapshots = {name: torch.stack([value, 2 * value]) for name, value in state.items()}
    >>> responses = snapshot_responses(network, snapshots, impulse_set(1, 28, 28, number=4))
    >>> responses.sensitivity.shape, responses.saturation.shape
    (torch.Size([2, 4, 1]), torch.Size([2, 4]))
    """
    if not isinstance(impulses, Tensor) or impulses.ndim != 4 or len(impulses) == 0:
        shape = tuple(getattr(impulses, "shape", ()))
        raise InputError(
            f"impulses have the shape {shape}; it must be (impulses, channels, height, width)."
        )
    checked_image(impulses.flatten(0, 1))
    _check_class_projection(projection)
    if snapshots_at_once is None:
        snapshots_at_once = max(1, MEASURED_AT_ONCE // len(impulses))
    measured = StackedNetwork(network, snapshots, impulses, window, snapshots_at_once)
    sensitivity, margins = measured.gains(log_odds)
    shift = shift_of_projection(margins, projection)[..., None]
    gain = (sensitivity.double() + shift).float()
    return SnapshotResponses(gain, sensitivity, saturation(margins).float())


def mean_over_impulses(
    values: Float[Tensor, "epochs impulses *channels"],
) -> tuple[Float[Tensor, "epochs"], Float[Tensor, "epochs"]]:
    """Mean over channels and impulses of values in dB, and its standard error over the impulses.

    Every `*_mean_db` and its error is this one, of the impulses at random places: the centred
    impulse, which has columns of its own, is never among them. NaN where there are none.

    The channels of one impulse are averaged first, since they share its place; the error is the
    standard deviation of these means over the square root of their number. It is NaN for one
    impulse, and where a value is minus infinity or NaN.

    Examples
    --------
    >>> mean, error = mean_over_impulses(torch.tensor([[-30.0, -28.0, -29.0, -29.0]]))
    >>> mean.item(), round(error.item(), 3)
    (-29.0, 0.408)
    """
    each = values.double().flatten(2).mean(2) if values.ndim > 2 else values.double()
    number = each.shape[1]
    if number < 2:
        return each.mean(1), torch.full((len(each),), torch.nan, dtype=torch.float64)
    return each.mean(1), each.std(1) / number**0.5


def _check_class_projection(projection: object) -> None:
    checked_projection(projection)
    if isinstance(projection, Tensor):
        raise InputError(
            f"projection is a tensor; snapshots allow only {', '.join(ALL_CLASS_PROJECTIONS)}."
        )
