"""What a monitor has recorded of a running training, and the curves that it gives."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from maxgain.monitor.curves import Curves
from maxgain.response.snapshots import mean_over_impulses


@dataclass(frozen=True)
class Record:
    """One measurement of a network in training, on the CPU, in dB.

    Attributes
    ----------
    epoch
        Counted from 1.
    gain, sensitivity, saturation
        At the centred impulse, which the paper uses.
    gains, sensitivities, saturations
        At every impulse of the set; none where the set is empty.
    """

    epoch: int
    gain: Float[Tensor, " channels"]
    sensitivity: Float[Tensor, " channels"]
    saturation: Float[Tensor, ""]
    gains: Float[Tensor, "impulses channels"]
    sensitivities: Float[Tensor, "impulses channels"]
    saturations: Float[Tensor, " impulses"]


def live_channels(gain: Float[Tensor, "epochs channels"]) -> Bool[Tensor, " channels"]:
    """Channels whose gain is never minus infinity in an epoch in which another's is not.

    A dead channel among live ones, as a fourth one that starts with zero weights, is left out of
    the means, in all epochs so that curves do not jump where it dies. All channels count where
    none is left.
    """
    dead = gain.isneginf()
    live = ~dead[~dead.all(1)].any(0)
    return live if live.any() else torch.ones_like(live)


def curves_of(records: list[Record]) -> Curves:
    """Curves of what was recorded."""
    if not records:
        return Curves(np.empty(0, dtype=np.int64), *(np.empty(0) for _ in range(9)))
    gain = torch.stack([record.gain for record in records])
    live = live_channels(gain)
    means: list[Float[np.ndarray, " epochs"]] = []
    for values in (
        torch.stack([record.gains for record in records])[..., live],
        torch.stack([record.sensitivities for record in records])[..., live],
        torch.stack([record.saturations for record in records]),
    ):
        means += [curve.numpy() for curve in mean_over_impulses(values)]
    return Curves(
        np.array([record.epoch for record in records]),
        gain[:, live].mean(1).double().numpy(),
        torch.stack([record.sensitivity for record in records])[:, live].mean(1).double().numpy(),
        torch.stack([record.saturation for record in records]).double().numpy(),
        *means,
    )
