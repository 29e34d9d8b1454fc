"""The pass of two trainings that differ in their seed: what the one implies of the other."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.quantities.estimate import Values
from maxgain.quantities.images import ImagePass, last_layer_of, outputs_of
from maxgain.quantities.snapshot import Snapshot


@dataclass(frozen=True)
class Pair:
    """Features of the same training images in two networks, and their last layers.

    Attributes
    ----------
    features, weights
        Of the snapshot.
    other_features, other_weights
        Of its partner.
    """

    features: Float[Tensor, "images own"]
    weights: Float[Tensor, "classes own"]
    other_features: Float[Tensor, "images other"]
    other_weights: Float[Tensor, "classes other"]


def measure_pair(snapshot: Snapshot, known: ImagePass | None = None) -> Pair | None:
    """Features of all training images; None without a partner, or without a last linear layer.

    A partner that diverged is none.

    Parameters
    ----------
    known
        The pass of all images of the snapshot, where it was made.
    """
    if snapshot.partner is None:
        return None
    other = replace(snapshot, state=snapshot.partner)
    if not other.finite:
        return None
    places = snapshot.training.shuffled()
    own = outputs_of(snapshot, places).features if known is None else known.features
    others = outputs_of(other, places).features
    if own is None or others is None:
        return None
    return Pair(own, last_layer_of(snapshot), others, last_layer_of(other))


def counterfactual_distance(pair: Pair | None) -> Values:
    """Distance of the last layer from that which a network of another seed implies.

    The counterfactual weights are (pinv(A) A' W'^T)^T, A and A' the features of the same images in
    both networks; the distance is 1 - cosine of their rows and the first network's, mean over
    classes. Vardasbi et al. 2022 (arXiv:2208.09529); the mean over classes is ours. NaN without a
    second network, and where a row is zero.
    """
    column = "counterfactual_distance"
    if pair is None:
        return {column: math.nan}
    implied = torch.linalg.lstsq(
        pair.features.double(),
        pair.other_features.double() @ pair.other_weights.double().T,
        driver="gelsd",
    ).solution.T
    own = pair.weights.double()
    norms = implied.norm(dim=1) * own.norm(dim=1)
    if not (norms > 0).all():
        return {column: math.nan}
    return {column: float((1 - (implied * own).sum(1) / norms).mean())}
