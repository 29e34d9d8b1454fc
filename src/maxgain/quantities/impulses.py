"""The pass of the impulses: gain, sensitivity and saturation at each."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.quantities.snapshot import Snapshot, measuring
from maxgain.response.projections import log_odds, saturation
from maxgain.response.spectrum import frequency_response, maximum_gain


@dataclass(frozen=True)
class Impulses:
    """What the impulses give, the centred one first.

    Attributes
    ----------
    gain
        Maximum Gain G of each impulse, dB, mean over channels.
    sensitivity
        S of each impulse, dB: the same of the winning class's log-odds.
    saturation
        C = 20 log10(1 - score) of each impulse, dB.
    gradient_norm
        Norm of the unwindowed derivative of each impulse's log score by the image.
    """

    gain: Float[Tensor, "impulses"]
    sensitivity: Float[Tensor, "impulses"]
    saturation: Float[Tensor, "impulses"]
    gradient_norm: Float[Tensor, "impulses"]


def measure_impulses(snapshot: Snapshot) -> Impulses:
    """One forward and one backward pass of every impulse together; the gain is G = S + C."""
    gradients, margins = log_odds_gradients(snapshot)
    response = frequency_response(gradients, window=True)
    decibels = saturation(margins)
    norms = gradients.double().flatten(1).norm(dim=1) * 10 ** (decibels / 20)
    sensitivity = maximum_gain(response).mean(1).double()
    return Impulses(sensitivity + decibels, sensitivity, decibels, norms)


def log_odds_gradients(
    snapshot: Snapshot,
) -> tuple[Float[Tensor, "impulses channels height width"], Float[Tensor, "impulses"]]:
    """Derivatives by the impulses of the winning class's log-odds, and these.

    `snapshot_responses` keeps their peaks alone; the norm of the derivative is wanted too.
    """
    like = snapshot.weights
    images = snapshot.impulses.detach().to(like).requires_grad_()
    with measuring(snapshot.network), torch.enable_grad():
        margins = torch.stack([log_odds(logits[None]) for logits in snapshot.call(images)])
        (gradients,) = torch.autograd.grad(margins.sum(), images)
    return gradients, margins.detach()
