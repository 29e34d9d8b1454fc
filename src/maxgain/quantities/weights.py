"""What the weights alone say: norms, distances, the spectrum of the largest layer."""

import math

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from torch.linalg import svdvals

from maxgain.quantities.estimate import Values
from maxgain.quantities.snapshot import Snapshot, flat

FEWEST_EIGENVALUES = 10
"""Eigenvalues that a power law's exponent is fitted to at least."""


def weight_norm(snapshot: Snapshot) -> Values:
    """Norm of all weights, of their way from the start, and of the last epoch's step.

    Euclidean, of all trained weights in a line, without buffers. The way: Nagarajan & Kolter 2019
    (arXiv:1901.01672), as a measure of capacity; no rule of theirs stops by it. Norm and step are
    own comparisons. The way is NaN where the initial weights are not known, the step at the first
    snapshot and at the first after one that was not finite.
    """
    weights = snapshot.weights.double()
    before = {
        "distance_from_start": snapshot.initial,
        "update_norm": snapshot.past.state if snapshot.past else None,
    }
    norms = {
        name: math.nan
        if state is None
        else float((weights - flat([state[own] for own in snapshot.parameter_names])).norm())
        for name, state in before.items()
    }
    return {"weight_norm": float(weights.norm())} | norms


def spectral_alpha(snapshot: Snapshot) -> Values:
    """Exponent of a power law in the tail of the largest layer's eigenvalues of W'W.

    alpha = 1 + m / sum ln(x_i / x_min) over the m eigenvalues from x_min on; x_min is the
    eigenvalue with the least Kolmogorov-Smirnov distance between tail and law (Clauset et al.
    2009, section 3.3). Martin & Mahoney's estimator (2021, JMLR 22:165), of one layer; their
    package `weightwatcher` was weighed: it brings a dozen packages for these lines. A filter's
    weights are one row. NaN with fewer than 10 positive eigenvalues.
    """
    matrices = [snapshot.state[name] for name in snapshot.parameter_names]
    matrices = [matrix for matrix in matrices if matrix.ndim > 1]
    if not matrices:
        return {"spectral_alpha": math.nan}
    largest = max(matrices, key=lambda matrix: matrix.numel())
    values = svdvals(largest.detach().flatten(1).double()).square().numpy()
    return {"spectral_alpha": power_law_exponent(values)}


def power_law_exponent(values: Float[ndarray, " values"]) -> float:
    """Maximum-likelihood exponent of the tail of positive values (see `spectral_alpha`)."""
    ordered = np.sort(values[values > 1e-12 * values.max(initial=0)])
    if ordered.size < FEWEST_EIGENVALUES:
        return math.nan
    best = (math.inf, math.nan)
    for first in range(ordered.size - FEWEST_EIGENVALUES + 1):
        tail = ordered[first:]
        logs = np.log(tail / tail[0])
        if logs[-1] == 0:
            continue
        alpha = 1 + tail.size / logs.sum()
        law = 1 - np.exp((1 - alpha) * logs)
        steps = np.arange(tail.size + 1) / tail.size
        distance = max(np.abs(law - steps[:-1]).max(), np.abs(law - steps[1:]).max())
        best = min(best, (float(distance), float(alpha)))
    return best[1]
