"""What the last layer's input says: alignment with the weights, dimension, neighbours."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from numpy import ndarray
from scipy import stats
from scipy.optimize import nnls
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from maxgain.quantities.estimate import Values, mean_of
from maxgain.quantities.images import ImagePass

LID_IMAGES, LID_BATCH, LID_NEIGHBOURS = 1280, 128, 20
"""Images, images of a batch and neighbours of the local dimension (Ma et al. 2018)."""


QUERIES, NEIGHBOURS = 1000, 25
"""Training images that are classified by their neighbours, and how many of these (Bonet et al.)."""


def gradient_weight_alignment(images: ImagePass) -> Values:
    """Alignment of each image's last-layer gradient with the last layer's weights.

    a_i = -<(p_i - y_i) z_i', W> / (||p_i - y_i|| ||z_i|| ||W||), and of it the mean over the
    excess kurtosis + 1.2. Hölzl et al. 2025 (arXiv:2510.25480). Images with a gradient of zero are
    left out; NaN without features, and with fewer than 4 images.
    """
    column = "gradient_weight_alignment"
    if images.features is None or images.last_layer is None:
        return {column: math.nan}
    weights, features = images.last_layer.double(), images.features.double()
    off = _off(images)
    norms = off.norm(dim=1) * features.norm(dim=1) * weights.norm()
    alignment = -(off * (features @ weights.T)).sum(1)
    some = norms > 0
    if some.sum() < 4:
        return {column: math.nan}
    values = (alignment[some] / norms[some]).numpy()
    if np.ptp(values) == 0:
        return {column: math.nan}
    return {column: float(values.mean() / (stats.kurtosis(values) + 1.2))}


def local_dimension(images: ImagePass) -> Values:
    """Local intrinsic dimension of the features, mean over training images.

    -1 / mean_{j <= 20} ln(r_j / r_20), r_j the distance to the j-th neighbour in a batch of 128:
    Ma et al. 2018 (arXiv:1806.02612), equation 4. Neighbours at distance zero are left out; NaN
    without features, and where no image has two neighbours at different distances.
    """
    if images.features is None:
        return {"local_dimension": math.nan}
    values: list[float] = []
    for batch in torch.split(images.features[:LID_IMAGES].double(), LID_BATCH):
        if len(batch) > LID_NEIGHBOURS:
            distances = torch.cdist(batch, batch, compute_mode="donot_use_mm_for_euclid_dist")
            distances.fill_diagonal_(torch.inf)
            values.extend(_dimension(d) for d in distances.topk(LID_NEIGHBOURS, largest=False)[0])
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return {"local_dimension": math.nan}
    return {"local_dimension": mean_of(torch.tensor(known, dtype=torch.float64))}


def _dimension(distances: Float[Tensor, "neighbours"]) -> float:
    away = distances[distances > 0]
    if len(away) < 2 or away[0] == away[-1]:
        return math.nan
    return -1 / float((away / away[-1]).log().mean())


def neighbour_errors(images: ImagePass) -> Values:
    """Shares of training images that their 25 neighbours put into another class.

    Neighbours by the cosine of features among all other training images. `nnk_error` is that of
    non-negative kernel regression: with the kernel 1/2 + cos/2, the weights x >= 0 that minimise
    x'Gx/2 - g'x vote. Bonet et al. 2021 (arXiv:2107.12972) with the whole feature vector in place
    of single channels. An image whose weights are all zero is voted on by equal weights.
    `neighbour_error` is the plain majority's; ties go to the nearest of the tied classes' images.
    NaN without features.
    """
    if images.features is None:
        return {"neighbour_error": math.nan, "nnk_error": math.nan}
    found = _neighbours(images.features)
    units = F.normalize(images.features.double(), dim=1).numpy()
    weights = np.stack([_kernel_weights(units, own, others) for own, others in enumerate(found)])
    return {
        "neighbour_error": _error(images, found, np.ones(found.shape)),
        "nnk_error": _error(images, found, weights),
    }


def _neighbours(features: Float[Tensor, "images features"]) -> ndarray:
    """Places of the nearest other images of the first images, nearest first."""
    count = min(NEIGHBOURS, len(features) - 1)
    # In the features' own precision: a search in float64 takes twice as long and finds the same.
    values = features.numpy()
    search = NearestNeighbors(n_neighbors=count + 1, metric="cosine", algorithm="brute").fit(values)
    places = search.kneighbors(values[:QUERIES], return_distance=False)
    # Among equal images an image is not always its own nearest: it is left out by its place.
    return np.stack([row[row != query][:count] for query, row in enumerate(places)])


def _kernel_weights(units: ndarray, query: int, others: ndarray) -> ndarray:
    among = units[others]
    kernel = (1 + among @ among.T) / 2
    towards = (1 + among @ units[query]) / 2
    # The quadratic form is a least-squares problem of the kernel's root.
    root = np.linalg.cholesky(kernel + 1e-8 * np.eye(len(kernel)))
    weights: ndarray = nnls(root.T, np.linalg.solve(root, towards))[0]
    return weights if weights.any() else np.ones_like(weights)


def _error(images: ImagePass, neighbours: ndarray, weights: ndarray) -> float:
    labels = images.labels.numpy()
    classes = images.probabilities.shape[1]
    wrong = 0
    for own, places, votes in zip(labels, neighbours, weights, strict=False):
        totals = np.bincount(labels[places], votes, minlength=classes)
        # The nearest image of a class with the most votes decides.
        winners = [label for label in labels[places] if totals[label] >= totals.max() - 1e-12]
        wrong += winners[0] != own
    return wrong / len(neighbours)


def _off(images: ImagePass) -> Float[Tensor, "images classes"]:
    """Derivative of each image's loss by its logits."""
    probabilities = images.probabilities.double()
    return probabilities - F.one_hot(images.labels.long(), probabilities.shape[1])
