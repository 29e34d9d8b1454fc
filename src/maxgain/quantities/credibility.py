"""How credible the weights are under the posterior that the training images give."""

import math

import torch
import torch.nn.functional as F
from scipy import stats

from maxgain.quantities.estimate import Values
from maxgain.quantities.images import ImagePass

DIRECTIONS = 50
"""Fixed random directions of the last layer's weights that gradients are projected on."""


def credibility(images: ImagePass) -> Values:
    """Posterior mass where the density is no higher than at the snapshot, in its last layer.

    P(chi^2_r > n g' C^-1 g) with g the mean and C the covariance of the images' last-layer
    gradients (p_i - y_i) z_i', projected on r = 50 fixed Gaussian directions of rank one. The local
    Gaussian form of the idea of GRADSTOP (Jamshidi et al. 2025, arXiv:2508.19028), whose own
    estimator is another. Small far from a minimum, 1 where the mean gradient vanishes.

    r is the covariance's rank where that is smaller; NaN without features, with no more images
    than directions, and where no gradient varies.
    """
    if images.features is None or len(images.features) <= DIRECTIONS:
        return {"credibility": math.nan}
    generator = torch.Generator().manual_seed(0)
    classes, width = images.probabilities.shape[1], images.features.shape[1]
    of_classes = torch.randn(classes, DIRECTIONS, generator=generator, dtype=torch.float64)
    of_features = torch.randn(width, DIRECTIONS, generator=generator, dtype=torch.float64)
    probabilities = images.probabilities.double()
    off = probabilities - F.one_hot(images.labels.long(), classes)
    gradients = (off @ of_classes) * (images.features.double() @ of_features)
    mean = gradients.mean(0)
    variances, axes = torch.linalg.eigh(gradients.T.cov())
    kept = variances > 1e-10 * variances.max()
    if not variances.max() > 0:
        return {"credibility": math.nan}
    distance = len(gradients) * float(((axes.T @ mean)[kept].square() / variances[kept]).sum())
    return {"credibility": float(stats.chi2.sf(distance, int(kept.sum())))}
