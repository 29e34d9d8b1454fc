"""Signals that may tell in the first epochs that a learning rate is wrong."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pandas import DataFrame

from maxgain.statistics.trend import FLAT_SHARE

First = Callable[[DataFrame], float]
"""A number from the first epochs of one run's signals."""

CHANCE = math.log(10)
"""Training loss, in nats, of a network that gives each of ten classes the same score."""


@dataclass(frozen=True)
class Rival:
    """A signal that may tell that a rate is wrong.

    Attributes
    ----------
    name
        Of its line in the table.
    columns
        What it sees of the signals.
    number
        Its number, from the first epochs.
    limits
        Its authors': below the first the rate is low, above the second high. None where there are
        none: both are then learnt on the other data sets, as is which end means what.
    source
        Publication, or "own".
    epochs
        Of the first ones, at how many its signal must be measured for its number.
    """

    name: str
    columns: tuple[str, ...]
    number: First
    limits: tuple[float, float] | None
    source: str
    epochs: int


def _mean(column: str, sign: float = 1.0) -> First:
    return lambda signals: sign * float(signals[column].mean())


def _sum(column: str) -> First:
    """NaN where an epoch has no number: a sum of fewer would look like a faster training."""
    return lambda signals: float(signals[column].sum(skipna=False))


def _first(column: str) -> First:
    return lambda signals: float(signals[column].iloc[0])


def _last(column: str) -> First:
    return lambda signals: float(signals[column].iloc[-1])


def _slope(column: str) -> First:
    return lambda signals: float(np.diff(signals[column]).mean())


def _jump(column: str) -> First:
    """How far the second difference of three epochs lies from none."""
    return lambda signals: float(np.abs(np.diff(signals[column], 2)).mean())


def _last_fall(signals: DataFrame) -> float:
    """Of the fall of the training loss from chance until now the last epoch's share."""
    loss = signals["training_loss"].to_numpy(dtype=np.float64)
    fall = CHANCE - loss[-1]
    return float((loss[-2] - loss[-1]) / fall) if len(loss) > 1 and fall > 0 else math.inf


def _late_fall(signals: DataFrame) -> float:
    """Share of the training loss's fall that was still to come at half of the epochs, negative.

    The sign makes a low rate's number the low one. Where the loss has not fallen, all of its fall
    is still to come.
    """
    loss = signals["training_loss"].to_numpy(dtype=np.float64)
    if len(loss) < 3 or not np.isfinite(loss).all():
        return math.nan
    fall = loss[0] - loss[-1]
    return float(-(loss[len(loss) // 2] - loss[-1]) / fall) if fall > 0 else -math.inf


def _own(name: str, column: str, number: First, epochs: int) -> Rival:
    """A rival of this project's: its limits are learnt."""
    return Rival(name, (column,), number, None, "own", epochs)


_LOSS = ("training_loss",)
RIVALS = (
    Rival(
        "range test, steepest",
        ("range_test_steepest_ratio",),
        _first("range_test_steepest_ratio"),
        None,
        "Smith 2017",
        1,
    ),
    Rival(
        "range test, valley",
        ("range_test_valley_ratio",),
        _first("range_test_valley_ratio"),
        None,
        "fastai",
        1,
    ),
    _own("training loss", "training_loss", _last("training_loss"), 1),
    Rival("training speed", _LOSS, _sum("training_loss"), None, "Ru et al. 2020", 3),
    Rival("first loss", _LOSS, _first("training_loss"), (-math.inf, CHANCE), "own", 1),
    _own("last epoch's fall", "training_loss", _last_fall, 2),
    Rival("fall still to come", _LOSS, _late_fall, (-FLAT_SHARE, math.inf), "own", 3),
    Rival(
        "hypergradient",
        ("hypergradient_cosine",),
        _mean("hypergradient_cosine", -1.0),
        (0.0, 0.0),
        "Baydin et al. 2018",
        3,
    ),
    # At the first epoch there is no step before it.
    Rival(
        "overshoot",
        ("overshoot_cosine",),
        _mean("overshoot_cosine"),
        (-math.inf, 0.0),
        "own",
        2,
    ),
    Rival("sharpness", ("edge_ratio",), _last("edge_ratio"), (0.1, 1.0), "Cohen et al. 2021", 1),
    Rival(
        "batch sharpness",
        ("batch_edge_ratio",),
        _last("batch_edge_ratio"),
        None,
        "Andreyev & Beneventano 2024",
        1,
    ),
    Rival(
        "gradient noise",
        ("noise_rate_ratio",),
        _last("noise_rate_ratio"),
        None,
        "McCandlish et al. 2018",
        1,
    ),
    Rival("update ratio", ("update_ratio",), _last("update_ratio"), None, "CS231n", 1),
    _own("gain, slope", "gain_db", _slope("gain_db"), 2),
    _own("gain, jump", "gain_db", _jump("gain_db"), 3),
    _own("sensitivity, level", "sensitivity_mean_db", _last("sensitivity_mean_db"), 1),
    _own("sensitivity, slope", "sensitivity_mean_db", _slope("sensitivity_mean_db"), 2),
)
"""The rivals of section "Learning rates" of docs/method/stopping.md."""
