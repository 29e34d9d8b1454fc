"""The norm of the input-output Jacobian."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.quantities.costs import JACOBIAN_IMAGES
from maxgain.quantities.estimate import Values, mean_of
from maxgain.quantities.snapshot import Snapshot, measuring


@dataclass(frozen=True)
class Jacobians:
    """Frobenius norms of the derivative of the softmax output by the image.

    Attributes
    ----------
    images
        At fixed training images.
    impulse
        At the centred impulse.
    """

    images: Float[Tensor, "images"]
    impulse: float


def measure_jacobians(snapshot: Snapshot) -> Jacobians:
    """One backward pass a class, of fifty training images and the centred impulse together."""
    chosen = snapshot.training.images[snapshot.training.shuffled()[:JACOBIAN_IMAGES]]
    impulse = snapshot.impulses[:1].to(chosen)
    images = torch.cat([chosen, impulse]).detach().requires_grad_()
    with measuring(snapshot.network), torch.enable_grad():
        scores = snapshot.call(images).softmax(1)
        squares = torch.zeros(len(images), dtype=torch.float64)
        for of_class in scores.T:
            (gradient,) = torch.autograd.grad(of_class.sum(), images, retain_graph=True)
            squares += gradient.double().square().flatten(1).sum(1)
    norms = squares.sqrt()
    return Jacobians(norms[:-1], float(norms[-1]))


def jacobian_norm(jacobians: Jacobians) -> Values:
    """Mean over 50 fixed training images of ||d softmax/dx||_F, and the same at the impulse.

    Novak et al. 2018 (arXiv:1802.08760), section 3.1, who take test images. Per unit of the
    network's input.

    0 where the network is dead or the softmax is 0 or 1 to rounding. The mean is NaN where the
    scores of one of the images are, that at the impulse where its own are.
    """
    return {
        "jacobian_norm": mean_of(jacobians.images),
        "impulse_jacobian_norm": jacobians.impulse,
    }
