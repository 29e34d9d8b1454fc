"""The pass of the impulses: gain, sensitivity and saturation at each."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from maxgain.quantities.snapshot import Snapshot, measuring
from maxgain.response.snapshots import snapshot_gains
from maxgain.response.spectrum import frequency_response, maximum_gain


@dataclass(frozen=True)
class Impulses:
    """What the impulses give.

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
    """One forward and one backward pass of every impulse, and one for the gain."""
    stacked = {name: value[None] for name, value in snapshot.state.items()}
    gains = [
        snapshot_gains(snapshot.network, stacked, image)[0].mean() for image in snapshot.impulses
    ]
    gradients, log_odds = log_odds_gradients(snapshot)
    response = frequency_response(gradients, window=True)
    # The logarithm of 1 - z_c is that of the sigmoid of minus the log-odds.
    others = F.logsigmoid(-log_odds.double())
    norms = gradients.double().flatten(1).norm(dim=1) * others.exp()
    return Impulses(
        torch.stack(gains).double(),
        maximum_gain(response).mean(1).double(),
        others * (20 / math.log(10)),
        norms,
    )


def log_odds_gradients(
    snapshot: Snapshot,
) -> tuple[Float[Tensor, "impulses channels height width"], Float[Tensor, "impulses"]]:
    """Derivatives by the impulses of the winning class's log-odds, and these.

    To be replaced by `maxgain.response`'s own, as soon as it has the projection "log-odds".
    """
    like = snapshot.weights
    images = snapshot.impulses.detach().to(like).requires_grad_()
    with measuring(snapshot.network), torch.enable_grad():
        logits = snapshot.call(images)
        winner = F.one_hot(logits.argmax(1), logits.shape[1]).bool()
        own = torch.where(winner, logits, 0.0).sum(1)
        margins = own - logits.masked_fill(winner, -torch.inf).logsumexp(1)
        (gradients,) = torch.autograd.grad(margins.sum(), images)
    return gradients, margins.detach()
