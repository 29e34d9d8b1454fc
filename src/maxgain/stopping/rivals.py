"""Signals that may tell in the first epochs that a learning rate is wrong."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pandas import DataFrame

First = Callable[[DataFrame], float]
"""A number from the first epochs of one run's signals."""


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
    """

    name: str
    columns: tuple[str, ...]
    number: First
    limits: tuple[float, float] | None
    source: str


def _mean(column: str, sign: float = 1.0) -> First:
    return lambda signals: sign * float(signals[column].mean())


def _first(column: str) -> First:
    return lambda signals: float(signals[column].iloc[0])


def _last(column: str) -> First:
    return lambda signals: float(signals[column].iloc[-1])


def _slope(column: str) -> First:
    return lambda signals: float(np.diff(signals[column]).mean())


def _jump(column: str) -> First:
    """How far the second difference of three epochs lies from none."""
    return lambda signals: float(np.abs(np.diff(signals[column], 2)).mean())


def _still_falling(signals: DataFrame) -> float:
    """Of the fall of the training loss until now the last epoch's share."""
    loss = signals["training_loss"].to_numpy(dtype=np.float64)
    fall = math.log(10) - loss[-1]
    return float((loss[-2] - loss[-1]) / fall) if len(loss) > 1 and fall > 0 else math.inf


_LOSS = ("training_loss",)
RIVALS = (
    Rival(
        "range test, steepest",
        ("range_test_steepest_ratio",),
        _first("range_test_steepest_ratio"),
        None,
        "Smith 2017",
    ),
    Rival(
        "range test, valley",
        ("range_test_valley_ratio",),
        _first("range_test_valley_ratio"),
        None,
        "fastai",
    ),
    Rival("training loss", _LOSS, _last("training_loss"), None, "own"),
    Rival("first loss", _LOSS, _first("training_loss"), (-math.inf, math.log(10)), "own"),
    Rival("fall still to come", _LOSS, _still_falling, None, "own"),
    Rival(
        "hypergradient",
        ("hypergradient_cosine",),
        _mean("hypergradient_cosine", -1.0),
        (0.0, 0.0),
        "Baydin et al. 2018",
    ),
    Rival(
        "overshoot",
        ("overshoot_cosine",),
        _mean("overshoot_cosine"),
        (-math.inf, 0.0),
        "own",
    ),
    Rival("sharpness", ("edge_ratio",), _last("edge_ratio"), (0.1, 1.0), "Cohen et al. 2021"),
    Rival(
        "batch sharpness",
        ("batch_edge_ratio",),
        _last("batch_edge_ratio"),
        None,
        "Andreyev & Beneventano 2024",
    ),
    Rival(
        "gradient noise",
        ("noise_rate_ratio",),
        _last("noise_rate_ratio"),
        None,
        "McCandlish et al. 2018",
    ),
    Rival("update ratio", ("update_ratio",), _last("update_ratio"), None, "CS231n"),
    Rival("gain, slope", ("gain_db",), _slope("gain_db"), None, "own"),
    Rival("gain, jump", ("gain_db",), _jump("gain_db"), None, "own"),
    Rival(
        "sensitivity, level", ("sensitivity_mean_db",), _last("sensitivity_mean_db"), None, "own"
    ),
    Rival(
        "sensitivity, slope", ("sensitivity_mean_db",), _slope("sensitivity_mean_db"), None, "own"
    ),
)
"""The rivals of section "Learning rates" of docs/method/stopping.md."""
