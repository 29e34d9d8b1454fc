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

CHANCE_STORED = float(f"{CHANCE:.7g}")
"""The same with the seven digits of the study's tables, which are below ln 10: a loss at chance
must still reach it after it was stored."""

STEP = 3.0
"""Neighbouring rates of the study differ by this factor. A signal that names a rate says that
another one is wrong where that lies more than a step away."""

USUAL_UPDATE = 1e-3
"""Length of a step over that of the weights, after Stanford's course CS231n."""

FREE_COLUMNS = frozenset({"training_loss", "update_ratio"})
"""What a training has by the way, as the mean over an epoch's batches and as its own steps: these
cost nothing. The study reads them at the frozen weights."""


@dataclass(frozen=True)
class Clause:
    """A number, and what it says of the rate.

    Attributes
    ----------
    number
        From the first epochs.
    low, high
        The rate is low below the first and high above the second, as declared; infinite where the
        number says nothing of that side.
    """

    number: First
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Rival:
    """A signal that may tell that a rate is wrong.

    Attributes
    ----------
    name
        Of its line in the table.
    column
        What it sees of the signals.
    clauses
        Its numbers. The rate is high where one says so, else low where one says so. Where none has
        a limit, limits are learnt on the other data sets alone, as is which end means what.
    source
        Publication, or "own".
    epochs
        Of the first ones, at how many its signal must be measured for its numbers.
    lowest_wins
        Whether it is also read by comparing: the rate whose number is the lowest is the right one.
    """

    name: str
    column: str
    clauses: tuple[Clause, ...]
    source: str
    epochs: int
    lowest_wins: bool = False

    @property
    def declared(self) -> bool:
        """Whether it has limits of its own."""
        limits = [limit for clause in self.clauses for limit in (clause.low, clause.high)]
        return any(math.isfinite(limit) for limit in limits)


def _mean(column: str, sign: float = 1.0) -> First:
    return lambda signals: sign * float(signals[column].mean())


def _sum(column: str) -> First:
    """NaN where an epoch has no number: a sum of fewer would look like a faster training."""
    return lambda signals: float(signals[column].sum(skipna=False))


def _first(column: str) -> First:
    return lambda signals: float(signals[column].iloc[0])


def _last(column: str) -> First:
    return lambda signals: float(signals[column].iloc[-1])


def _last_size(column: str) -> First:
    return lambda signals: abs(float(signals[column].iloc[-1]))


# A dead network's gain is minus infinity, and two of those differ by no number.
_no_number_is_nan = np.errstate(invalid="ignore")


def _slope(column: str) -> First:
    return _no_number_is_nan(lambda signals: float(np.diff(signals[column]).mean()))


def _jump(column: str) -> First:
    """How far the second difference of three epochs lies from none."""
    return _no_number_is_nan(lambda signals: float(np.abs(np.diff(signals[column], 2)).mean()))


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
    return Rival(name, column, (Clause(number),), "own", epochs)


def _over_best(name: str, column: str, source: str, number: First, best: float = 1.0) -> Rival:
    """A rival whose number grows with the rate, and is `best` at the rate that it names."""
    return Rival(name, column, (Clause(number, best / STEP, best * STEP),), source, 1)


_LOSS = "training_loss"
# A limit that the value itself is beyond: the loss is high at chance, not only above it.
_FIRST_LOSS = Clause(_first(_LOSS), high=math.nextafter(CHANCE_STORED, 0.0))
_STILL_TO_COME = Clause(_late_fall, low=-FLAT_SHARE)
_STEEPEST, _VALLEY = "range_test_steepest_ratio", "range_test_valley_ratio"

RIVALS = (
    _over_best("range test, steepest", _STEEPEST, "Smith 2017", _first(_STEEPEST)),
    _over_best("range test, valley", _VALLEY, "fastai", _first(_VALLEY)),
    _own("training loss", _LOSS, _last(_LOSS), 1),
    Rival("training speed", _LOSS, (Clause(_sum(_LOSS)),), "Ru et al. 2020", 3, lowest_wins=True),
    Rival("loss level and fall", _LOSS, (_FIRST_LOSS, _STILL_TO_COME), "own", 3),
    Rival("first loss", _LOSS, (_FIRST_LOSS,), "own", 1),
    _own("last epoch's fall", _LOSS, _last_fall, 2),
    Rival("fall still to come", _LOSS, (_STILL_TO_COME,), "own", 3),
    Rival(
        "hypergradient",
        "hypergradient_cosine",
        (Clause(_mean("hypergradient_cosine", -1.0), 0.0, 0.0),),
        "Baydin et al. 2018",
        3,
    ),
    # At the first epoch there is no step before it.
    Rival(
        "overshoot", "overshoot_cosine", (Clause(_mean("overshoot_cosine"), high=0.0),), "own", 2
    ),
    # High at the start and low at the end. The eigenvalue is the one of the largest size: where it
    # is negative the largest one is not known, but is no larger than that size.
    Rival(
        "sharpness",
        "edge_ratio",
        (Clause(_first("edge_ratio"), high=1.0), Clause(_last_size("edge_ratio"), low=0.1)),
        "Cohen et al. 2021",
        2,
    ),
    Rival(
        "batch sharpness",
        "batch_edge_ratio",
        (Clause(_last("batch_edge_ratio"), high=1.0),),
        "Andreyev & Beneventano 2024",
        1,
    ),
    _over_best(
        "gradient noise", "noise_rate_ratio", "McCandlish et al. 2018", _last("noise_rate_ratio")
    ),
    _over_best("update ratio", "update_ratio", "CS231n", _last("update_ratio"), USUAL_UPDATE),
    _own("gain, slope", "gain_db", _slope("gain_db"), 2),
    _own("gain, jump", "gain_db", _jump("gain_db"), 3),
    _own("sensitivity, level", "sensitivity_mean_db", _last("sensitivity_mean_db"), 1),
    _own("sensitivity, slope", "sensitivity_mean_db", _slope("sensitivity_mean_db"), 2),
)
"""The rivals of section "Learning rates" of docs/method/stopping.md."""
