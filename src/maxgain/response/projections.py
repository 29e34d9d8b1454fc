"""The scalar that is backpropagated: projections of the output (sections III-C and III-D).

With the log-odds of the winning class m = log(z_c / (1 - z_c)), which are its logit less the
logsumexp of the others, d log z_c/dx = (1 - z_c) dm/dx. So the gain is exactly G = S + C in dB:
the *sensitivity* S is the gain of m, the *saturation* C = 20 log10(1 - z_c) <= 0 is that of the
softmax. Every class projection is dm/dx times a number, which is why one backward pass of m gives
them all, and why none underflows, however far the logits lie apart.
"""

import math
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.errors import InputError

ClassProjection = Literal["inverse-score", "score", "log-odds"]

Projection = ClassProjection | Tensor
"""How the output is projected to a scalar: by the winning class's 1/score (the paper's eq. 6, its
default), by its score (end of section III-D), by its log-odds (the sensitivity), or by any tensor
of the output's shape."""

CLASS_PROJECTIONS: tuple[ClassProjection, ...] = ("inverse-score", "score")
"""Those of the paper."""

ALL_CLASS_PROJECTIONS: tuple[ClassProjection, ...] = get_args(ClassProjection)
"""Those of the paper, and the log-odds."""

DB_PER_NEPER = 20 / math.log(10)
"""From natural logarithms of amplitudes to dB."""


def tensor_projected(output: Tensor, projection: Tensor) -> Float[Tensor, ""]:
    """Inner product of the output and a projection of its shape (eq. 4).

    Raises
    ------
    InputError
        The shapes differ.
    """
    if projection.shape not in (output.shape, output.shape[1:]):
        raise InputError(
            f"projection has the shape {tuple(projection.shape)}; the network's output has "
            f"{tuple(output.shape)} and the projection must have the same."
        )
    return (output.reshape(projection.shape) * projection.to(output)).sum()


def log_odds(logits: Float[Tensor, "1 classes"]) -> Float[Tensor, ""]:
    """Log-odds m of the winning class: its logit less the logsumexp of the others.

    Finite at any gap of the logits. log(z_c / (1 - z_c)) of the softmax would be infinite where
    z_c rounds to 1.
    """
    values = logits.flatten()
    winner = torch.arange(len(values), device=values.device) == values.argmax()
    own = torch.where(winner, values, 0.0).sum()
    others = values.masked_fill(winner, -torch.inf).logsumexp(0)
    return own - others


def projected(logits: Float[Tensor, "1 classes"], projection: ClassProjection) -> Float[Tensor, ""]:
    """Scalar whose derivative by the image is dz/dx under a class projection (eq. 4 and 6).

    With the score held fixed, (1/z_c) dz_c/dx is d log z_c / dx, and z_c dz_c/dx is
    z_c^2 d log z_c / dx. The logarithm of the score is the log-sigmoid of the log-odds: where z_c
    is nearly 1, the derivative of log-softmax would be the rounding error of 1 - z_c.
    """
    margin = log_odds(logits)
    if projection == "log-odds":
        return margin
    log_score = nn.functional.logsigmoid(margin)
    if projection == "inverse-score":
        return log_score
    return log_score * log_score.detach().exp().square()


def saturation(margin: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Saturation C = 20 log10(1 - z_c) in dB of log-odds, in float64; finite at any log-odds."""
    return DB_PER_NEPER * nn.functional.logsigmoid(-margin.detach().double())


def shift_of_projection(
    margin: Float[Tensor, "*batch"], projection: ClassProjection
) -> Float[Tensor, "*batch"]:
    """What a projection's gain exceeds the sensitivity by, in dB: G = S + shift.

    The saturation C under "inverse-score", C + 40 log10 z_c under "score", 0 under "log-odds".
    """
    if projection == "log-odds":
        return torch.zeros_like(margin, dtype=torch.float64)
    shift = saturation(margin)
    if projection == "score":
        shift = shift + 2 * DB_PER_NEPER * nn.functional.logsigmoid(margin.detach().double())
    return shift


def checked_projection(projection: object) -> None:
    """Raise InputError unless a projection is a known name or a tensor."""
    if not isinstance(projection, Tensor) and projection not in ALL_CLASS_PROJECTIONS:
        raise InputError(
            f"projection is '{projection}'; allowed are {', '.join(ALL_CLASS_PROJECTIONS)} or a "
            "tensor."
        )
