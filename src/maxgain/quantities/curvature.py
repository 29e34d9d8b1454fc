"""The pass of the Hessian: how steep the loss is against how large the training's steps are.

A training that multiplies its rate by M, layer by layer, sees the Hessian M^1/2 H M^1/2 and the
gradient M^1/2 g at the plain rate: both are used.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from maxgain.quantities.batches import BatchGradients, first_batches
from maxgain.quantities.costs import (
    BATCH_SIZE,
    CURVATURE_BATCHES,
    CURVATURE_IMAGES,
    POWER_ITERATIONS,
)
from maxgain.quantities.estimate import Estimate, Values, mean_of, ratio
from maxgain.quantities.snapshot import Snapshot, flat, gradients_of, measuring

Product = Callable[[Float[Tensor, "weights"]], Float[Tensor, "weights"]]
"""The Hessian times a direction."""


@dataclass(frozen=True)
class Curvature:
    """The loss's second derivatives along some directions, multipliers of the rate included.

    Attributes
    ----------
    largest
        Eigenvalue of the largest size, of at most 500 training images (power iteration). It has
        its sign.
    of_batches
        g'Hg / g'g of single batches, each with its own Hessian.
    along_gradient
        The same along the mean gradient of all, of at most 500 images.
    noise_scale
        tr(C) / g'g in images.
    learning_rate, momentum
        Of the training.
    """

    largest: float
    of_batches: Float[Tensor, "batches"]
    along_gradient: float
    noise_scale: float
    learning_rate: float
    momentum: float


def measure_curvature(snapshot: Snapshot, gradients: BatchGradients) -> Curvature:
    """Ten power iterations, and one product of the Hessian for each of ten batches."""
    rates = snapshot.rates
    mean = rates.sqrt() * gradients.mean
    _, product = scaled_hessian(snapshot, snapshot.training.shuffled()[:CURVATURE_IMAGES])
    largest, along = largest_eigenvalue(product, mean), curvature_along(product, mean)
    trace = gradients.images / gradients.batches * float((rates * gradients.variance).sum())
    return Curvature(
        largest,
        curvature_of_batches(snapshot),
        along,
        ratio(trace, float(mean @ mean)),
        snapshot.learning_rate,
        snapshot.momentum,
    )


def scaled_hessian(
    snapshot: Snapshot, places: Int[Tensor, "images"]
) -> tuple[Float[Tensor, "weights"], Product]:
    """M^1/2 g and products of M^1/2 H M^1/2, g and H of the mean loss of images.

    In the network's own layers: the faster ones cannot be differentiated twice.
    """
    leaves, root = snapshot.leaves(), snapshot.rates.sqrt()
    with measuring(snapshot.network), torch.enable_grad():
        logits = snapshot.call(snapshot.training.images[places], leaves)
        loss = F.cross_entropy(logits, snapshot.training.labels[places])
        parameters = list(leaves.values())
        gradient = gradients_of(loss, parameters, differentiable=True)
        joined = torch.cat([part.flatten() for part in gradient])

    def product(direction: Float[Tensor, "weights"]) -> Float[Tensor, "weights"]:
        if not joined.requires_grad:  # A loss that is linear in the weights has no curvature.
            return torch.zeros_like(direction)
        with measuring(snapshot.network), torch.enable_grad():
            return root * flat(gradients_of(joined @ (root * direction), parameters, keep=True))

    return root * joined.detach(), product


def curvature_of_batches(snapshot: Snapshot) -> Float[Tensor, "batches"]:
    """g'Hg / g'g of ten batches, each with its own Hessian; NaN where g is zero."""
    found = []
    for batch in first_batches(snapshot, CURVATURE_BATCHES):
        gradient, product = scaled_hessian(snapshot, batch)
        found.append(curvature_along(product, gradient))
    return torch.tensor(found, dtype=torch.float64)


def curvature_along(product: Product, direction: Float[Tensor, "weights"]) -> float:
    """v'Hv / v'v of a direction v; NaN where it is zero."""
    return ratio(float(direction @ product(direction)), float(direction @ direction))


def largest_eigenvalue(product: Product, like: Tensor) -> float:
    """Rayleigh quotient after power iterations from a fixed random direction.

    Tends to the eigenvalue of the largest size, from which it may still lie off after ten; it is
    negative where that one is. 0 without curvature, NaN where a product is not finite.

    Parameters
    ----------
    like
        Weights in a line, of the type and on the device of the products.
    """
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(len(like), generator=generator, dtype=torch.float64)
    value = 0.0
    for _ in range(POWER_ITERATIONS):
        direction = direction / direction.norm()
        image = product(direction.to(like)).double()
        if not image.isfinite().all():
            return math.nan
        if not image.any():
            return 0.0
        value = float(direction @ image)
        direction = image
    return value


def sharpness(curvature: Curvature) -> Values:
    """Sharpness over what the rate allows: eta lambda / (2 (1 + beta)), and eta g'Hg / (2 g'g).

    The first, of the Hessian's eigenvalue of the largest size, is 1 at the edge of stability of
    full-batch descent with momentum (Cohen et al. 2021, arXiv:2103.00065). Where that eigenvalue is
    negative so is the ratio: the largest eigenvalue is then not known, but no larger than its size.
    The second, its mean over batches, is 1 at the edge that stochastic descent without momentum
    keeps (Andreyev & Beneventano 2024, arXiv:2412.20553).

    The first is NaN where a product of the Hessian is not finite, the second also where the
    gradient of a batch is zero. Both are 0 where the loss has no curvature.
    """
    eta = curvature.learning_rate
    of_batches = mean_of(eta / 2 * curvature.of_batches)
    return {
        "edge_ratio": eta * curvature.largest / (2 * (1 + curvature.momentum)),
        "batch_edge_ratio": of_batches if math.isfinite(of_batches.value) else Estimate(math.nan),
    }


def noise_rate_ratio(curvature: Curvature) -> Values:
    """Learning rate over the one that gradient noise makes best for a batch of 100.

    eta (g'Hg / g'g) (1 + B_simple / B), of eta_max = g'g / g'Hg and
    eta_opt = eta_max / (1 + B_simple / B): McCandlish et al. 2018 (arXiv:1812.06162), equation 2.6.
    Negative where the loss bends down along its gradient: no rate is then the best one. NaN where
    the mean gradient is zero, or a product of the Hessian is not finite.
    """
    noise = 1 + curvature.noise_scale / BATCH_SIZE
    return {"noise_rate_ratio": curvature.learning_rate * curvature.along_gradient * noise}
