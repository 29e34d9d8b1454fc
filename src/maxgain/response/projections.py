"""The scalar that is backpropagated: projections of the output (sections III-C and III-D)."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.errors import InputError

ClassProjection = Literal["inverse-score", "score"]


Projection = ClassProjection | Tensor
"""How the output is projected to a scalar: by the winning class's 1/score (the paper's eq. 6, its
default), by its score (end of section III-D), or by any tensor of the output's shape."""


CLASS_PROJECTIONS: tuple[ClassProjection, ...] = ("inverse-score", "score")


def projected(output: Tensor, projection: Projection) -> Float[Tensor, ""]:
    """Scalar whose derivative by the image is dz/dx under the projection (eq. 4 and 6)."""
    if isinstance(projection, Tensor):
        fits = projection.shape in (output.shape, output.shape[1:])
        if not fits:
            raise InputError(
                f"projection has the shape {tuple(projection.shape)}; the network's output has "
                f"{tuple(output.shape)} and the projection must have the same."
            )
        return (output.reshape(projection.shape) * projection.to(output)).sum()
    if output.ndim != 2 or len(output) != 1:
        raise InputError(
            f"the network's output has the shape {tuple(output.shape)}; the projection "
            f"'{projection}' needs logits of shape (1, classes)."
        )
    return _projected_log_score(_winning_log_score(output), projection)


def _winning_log_score(logits: Float[Tensor, "1 classes"]) -> Float[Tensor, ""]:
    """Logarithm of the softmax output of the winning class.

    Written as -log(1 + the other classes' sum of exp(l - l_c)): where z_c is nearly 1, the
    derivative of log-softmax would be the rounding error of 1 - z_c.
    """
    values = logits.flatten()
    winner = torch.arange(len(values), device=values.device) == values.argmax()
    own = torch.where(winner, values, 0.0).sum()
    others = values.masked_fill(winner, -torch.inf).logsumexp(0)
    return nn.functional.logsigmoid(own - others)


def _projected_log_score(
    log_score: Float[Tensor, ""], projection: ClassProjection
) -> Float[Tensor, ""]:
    """Scalar whose derivative is that of the winning class's output times its projection.

    With the score held fixed, (1/z_c) dz_c/dx is d log z_c / dx, which stays finite when the
    softmax saturates; and z_c dz_c/dx is z_c^2 d log z_c / dx.
    """
    if projection == "inverse-score":
        return log_score
    return log_score * log_score.detach().exp().square()


def checked_projection(projection: Projection) -> None:
    """Raise InputError unless a projection is a known name or a tensor."""
    if not isinstance(projection, Tensor) and projection not in CLASS_PROJECTIONS:
        raise InputError(
            f"projection is '{projection}'; allowed are {', '.join(CLASS_PROJECTIONS)} or a tensor."
        )
