"""The pass of the learning-rate range test: what rates the initial weights bear."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from maxgain.quantities.batches import first_batches
from maxgain.quantities.costs import BATCH_SIZE, RANGE_STEPS
from maxgain.quantities.estimate import Values, ratio
from maxgain.quantities.snapshot import Snapshot, flat, gradients_of, measuring

LOWEST_RATE, HIGHEST_RATE = 1e-7, 10.0
"""Between which the test raises the rate, by the same factor at each step."""

SMOOTHING = 0.98
"""Weight of what was before in the moving average of the loss."""

ABORT = 4.0
"""The test ends where the average is so many times its lowest."""


@dataclass(frozen=True)
class RangeTest:
    """A range test's curve.

    Attributes
    ----------
    rates, losses
        Learning rate of each step, and the moving average of the loss before it.
    learning_rate
        Of the training.
    """

    rates: Float[ndarray, " steps"]
    losses: Float[ndarray, " steps"]
    learning_rate: float


def measure_range(snapshot: Snapshot) -> RangeTest | None:
    """A hundred steps from the initial weights, with the training's momentum and multipliers.

    Batches of 100 in the fixed order, again from the first where there are fewer. None where the
    initial weights are not known.
    """
    if snapshot.initial is None:
        return None
    batches = first_batches(snapshot, max(1, len(snapshot.training) // BATCH_SIZE))
    all_rates = np.geomspace(LOWEST_RATE, HIGHEST_RATE, RANGE_STEPS)
    multipliers, names = snapshot.rates, snapshot.parameter_names
    weights = flat(snapshot.initial[name] for name in names).to(snapshot.weights)
    velocity, average, losses = torch.zeros_like(weights), 0.0, list[float]()
    for step, rate in enumerate(all_rates):
        leaves = snapshot.leaves(snapshot.shaped(weights))
        with measuring(snapshot.network), torch.enable_grad():
            loss = snapshot.losses(batches[step % len(batches)], leaves).mean()
            gradient = flat(gradients_of(loss, list(leaves.values())))
        average = SMOOTHING * average + (1 - SMOOTHING) * loss.item()
        losses.append(average / (1 - SMOOTHING ** (step + 1)))
        if not math.isfinite(losses[-1]) or losses[-1] > ABORT * min(losses):
            break
        velocity = snapshot.momentum * velocity + gradient
        weights = weights - float(rate) * multipliers * velocity
    finite = [value for value in losses if math.isfinite(value)]
    return RangeTest(all_rates[: len(finite)], np.array(finite), snapshot.learning_rate)


def range_test(test: RangeTest | None) -> Values:
    """Learning rate over what a range test suggests: at its steepest fall, and in its valley.

    Smith 2017 (arXiv:1506.01186) as fastai runs it. The steepest fall is that of the loss over the
    logarithm of the rate; the valley the middle of the longest subsequence along which it falls.
    NaN with fewer than three steps.
    """
    columns = ("range_test_steepest_ratio", "range_test_valley_ratio")
    if test is None or len(test.losses) < 3:
        return dict.fromkeys(columns, math.nan)
    steepest = int(np.argmin(np.diff(test.losses)))
    falling = longest_fall(test.losses)
    chosen = steepest, falling[len(falling) // 2]
    return {
        column: ratio(test.learning_rate, float(test.rates[place]))
        for column, place in zip(columns, chosen, strict=True)
    }


def longest_fall(values: Float[ndarray, " steps"]) -> list[int]:
    """Places of the longest subsequence whose values fall strictly.

    Examples
    --------
    >>> longest_fall(np.array([5.0, 9.0, 4.0, 6.0, 3.0]))
    [0, 2, 4]
    """
    lengths, before = [1] * len(values), [-1] * len(values)
    for end in range(len(values)):
        for start in range(end):
            if values[end] < values[start] and lengths[start] >= lengths[end]:
                lengths[end], before[end] = lengths[start] + 1, start
    place, found = int(np.argmax(lengths)), list[int]()
    while place >= 0:
        found.append(place)
        place = before[place]
    return found[::-1]
