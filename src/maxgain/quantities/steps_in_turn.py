"""The pass of two steps in turn: whether a gradient agrees with the one before it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.quantities.batches import FiveBatches
from maxgain.quantities.estimate import Values, mean_of, ratio
from maxgain.quantities.snapshot import Snapshot


@dataclass(frozen=True)
class StepsInTurn:
    """Gradients of batches, and of the next batch after a step on each.

    Attributes
    ----------
    cosines
        Of both gradients, weighed by the multipliers of the rate.
    ratios
        Length of the step on a batch over that of the weights, as momentum makes it in the end.
    """

    cosines: Float[Tensor, "batches"]
    ratios: Float[Tensor, "batches"]


def measure_steps_in_turn(snapshot: Snapshot, batches: FiveBatches) -> StepsInTurn:
    """Five steps of plain gradient descent, each from the snapshot, and gradients after them.

    Parameters
    ----------
    batches
        Gradients of the mean loss.
    """
    rates, length = snapshot.rates, float(snapshot.weights.double().norm())
    cosines, ratios = [], []
    for number, gradient in enumerate(batches.gradients):
        step = snapshot.learning_rate * rates * gradient
        following = batches.places[(number + 1) % len(batches.places)]
        after = snapshot.loss_gradient(following, snapshot.moved(-step))
        one, two = (rates.sqrt() * each for each in (gradient, after))
        cosines.append(ratio(float(one @ two), float(one.norm() * two.norm())))
        ratios.append(ratio(float(step.double().norm()), (1 - snapshot.momentum) * length))
    return StepsInTurn(
        torch.tensor(cosines, dtype=torch.float64), torch.tensor(ratios, dtype=torch.float64)
    )


def hypergradient(steps: StepsInTurn) -> Values:
    """Mean cosine of a batch's gradient and the next batch's after the step: below 0 too large.

    The sign of the derivative of the loss by the learning rate, as Baydin et al. 2018
    (arXiv:1703.04782), equation 6, take it. NaN where a gradient is zero.
    """
    return {"hypergradient_cosine": mean_of(steps.cosines)}


def update_ratio(steps: StepsInTurn) -> Values:
    """Length of a step over that of all weights, mean over five batches; a thousandth is usual.

    With momentum m, a step is taken 1 / (1 - m) times. Ratio and thousandth are from the
    notes of Stanford's course CS231n (cs231n.github.io/neural-networks-3, "Ratio of
    weights:updates"), which take each set of parameters by itself and call the thousandth a rough
    heuristic; here all weights are one vector. NaN where all weights are zero.
    """
    return {"update_ratio": mean_of(steps.ratios)}
