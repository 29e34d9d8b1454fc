"""Whether the first epochs tell that a learning rate is too low or too high, and which signal best.

Of each training of the study: the truth is what its whole curve came to beside those of other
rates, the answers are from its first epochs alone.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray
from pandas import DataFrame, Series
from sklearn.metrics import cohen_kappa_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from maxgain.quantities.costs import COLUMN_COSTS
from maxgain.quantities.registry import FIRST_EPOCHS, snapshot_cost
from maxgain.stopping.rivals import FREE_COLUMNS, RIVALS, Clause, Rival
from maxgain.tables.stopping import CELL, GROUP, StudyTables

WORSE = 0.05
"""Share by which a rate's best test loss lies above that of the best rate for it to be wrong."""

ANSWERS = ("low", "fine", "high")

DRAWS = 1000
"""Of the bootstrap over groups of cells."""

_HUGE = 1e30
"""In place of infinity, which a tree does not take."""

RATE_COLUMNS = (
    "rival",
    "limits",
    "source",
    "cost",
    "runs",
    "balanced_accuracy",
    "low",
    "high",
    "kappa",
    "kappa_low",
    "kappa_high",
)
"""Columns of rates.csv. limits: "own", "other data sets", or "other rates" where the runs that
differ in the rate alone are compared; cost: passes of one image, forward and backward, that a run
needs for this rival alone at the epochs that it reads, beside its training; low to kappa_high: ends
of 95 % intervals over groups of cells."""


def true_answers(tables: StudyTables) -> Series:
    """Whether each run's rate was low, fine or high, by the cells beside it that differ in it.

    A rate's best test loss is the mean over seeds of the least of its epochs. It is wrong where
    that lies more than `WORSE` above the best rate's, low where it is smaller than the best rate.
    Runs without a cell beside them are left out; a diverged rate is high.
    """
    losses = {str(run): _best_loss(tables.of_run(str(run))[1]) for run in tables.runs["run"]}
    runs = tables.runs.assign(loss=tables.runs["run"].map(losses))
    answers: dict[str, str] = {}
    beside = [name for name in CELL if name != "rate_factor"]
    for _, rows in runs.groupby(beside, sort=False):
        means = rows.groupby("rate_factor")["loss"].mean()
        if len(means) < 2 or not np.isfinite(means).any():
            continue
        best = float(means.index[int(means.to_numpy().argmin())])
        for run, factor in zip(rows["run"], rows["rate_factor"], strict=True):
            wrong = not means[factor] <= (1 + WORSE) * means[best]
            answers[str(run)] = "fine" if not wrong else "low" if factor < best else "high"
    return Series(answers, dtype=object)


def _best_loss(outcomes: DataFrame) -> float:
    losses = outcomes[["test_loss_a", "test_loss_b"]].mean(axis=1, skipna=False)
    return float(losses.min()) if losses.notna().all() else math.inf


def judge_rates(tables: StudyTables) -> DataFrame:
    """A line of `RATE_COLUMNS` for each rival and reading, and one for saying "fine" of all rates.

    A rival is read by its own limits, where it has some; by comparing the runs that differ in the
    rate alone, where the lowest number wins; and by a decision tree of three leaves on its numbers,
    which weighs the three answers alike, learnt on the other data sets. It is left out where its
    column is missing, the tree where there is one data set alone. Empty where each cell has one
    rate.
    """
    truth = true_answers(tables)
    if truth.empty:
        return DataFrame(columns=list(RATE_COLUMNS))
    runs = tables.runs[tables.runs["run"].isin(truth.index)].reset_index(drop=True)
    true = truth[runs["run"]].to_numpy()
    groups = runs[list(GROUP)].astype(str).agg(" ".join, axis=1).to_numpy()
    first = [tables.of_run(str(run))[0].head(FIRST_EPOCHS) for run in runs["run"]]
    always = np.full(len(runs), "fine")
    lines = [_line("always fine", "own", "", 0.0, true, always, groups)]
    for rival in RIVALS:
        if rival.column not in tables.signals:
            continue
        numbers = np.array(
            [[clause.number(signals) for clause in rival.clauses] for signals in first]
        )
        cost = float(np.mean([_cost(rival, row) for row in runs.to_dict("records")]))
        for limits, answers in _readings(rival, numbers, runs, true):
            lines.append(_line(rival.name, limits, rival.source, cost, true, answers, groups))
    return DataFrame(lines, columns=list(RATE_COLUMNS))


def _cost(rival: Rival, run: Mapping[object, object]) -> float:
    """What it needs where nothing else is wanted: often less than the pass of its column."""
    if rival.column in FREE_COLUMNS:
        return 0.0
    images, impulses, classes = (
        int(run[name])  # type: ignore[call-overload]
        for name in ("training_images", "impulses", "classes")
    )
    if rival.column in COLUMN_COSTS:
        return rival.epochs * COLUMN_COSTS[rival.column](images)
    return rival.epochs * snapshot_cost([rival.column], images, impulses, classes)


def _readings(
    rival: Rival,
    numbers: Float[ndarray, "runs clauses"],
    runs: DataFrame,
    truth: Shaped[ndarray, " runs"],
) -> Iterator[tuple[str, Shaped[ndarray, " runs"]]]:
    """Where the limits of each reading are from, and its answers."""
    if rival.declared:
        yield "own", _answers(numbers, rival.clauses)
    if rival.lowest_wins:
        yield "other rates", _beside_the_winner(numbers[:, 0], runs)
    if runs["dataset"].nunique() > 1:
        yield "other data sets", _learnt(numbers, truth, runs["dataset"].to_numpy())


def _answers(
    numbers: Float[ndarray, "runs clauses"], clauses: Sequence[Clause]
) -> Shaped[ndarray, " runs"]:
    """What limits say; no number, as of a network that diverged, says that the rate is high."""
    high = (numbers > [clause.high for clause in clauses]).any(1) | np.isnan(numbers).any(1)
    low = (numbers < [clause.low for clause in clauses]).any(1)
    return np.where(high, "high", np.where(low, "low", "fine"))


def _beside_the_winner(
    numbers: Float[ndarray, " runs"], runs: DataFrame
) -> Shaped[ndarray, " runs"]:
    """Low below and high above the rate of the lowest number, among runs that differ in it alone.

    Of several that are lowest the smallest rate wins; no number says that the rate is high.
    """
    said = np.full(len(runs), "high")
    beside = [*(name for name in CELL if name != "rate_factor"), "seed"]
    for _, rows in runs.groupby(beside, sort=False):
        places, factors = rows.index.to_numpy(), rows["rate_factor"].to_numpy()
        own = np.where(np.isfinite(numbers[places]), numbers[places], math.inf)
        best = factors[own == own.min()].min()
        answers = np.where(factors < best, "low", np.where(factors > best, "high", "fine"))
        said[places] = np.where(np.isfinite(own), answers, "high")
    return said


def _learnt(
    numbers: Float[ndarray, "runs clauses"],
    truth: Shaped[ndarray, " runs"],
    datasets: Shaped[ndarray, " runs"],
) -> Shaped[ndarray, " runs"]:
    tree = DecisionTreeClassifier(max_leaf_nodes=3, class_weight="balanced", random_state=0)
    values = np.clip(np.nan_to_num(numbers, nan=_HUGE, posinf=_HUGE, neginf=-_HUGE), -_HUGE, _HUGE)
    said: Shaped[ndarray, " runs"] = cross_val_predict(
        tree, values, truth.astype(str), groups=datasets, cv=LeaveOneGroupOut()
    )
    return said


def _line(
    rival: str,
    limits: str,
    source: str,
    cost: float,
    truth: Shaped[ndarray, " runs"],
    answers: Shaped[ndarray, " runs"],
    groups: Shaped[ndarray, " runs"],
) -> dict[str, object]:
    places = [np.flatnonzero(groups == name) for name in np.unique(groups)]

    def scores(drawn: Shaped[ndarray, " groups"]) -> tuple[float, float]:
        chosen = np.concatenate([places[place] for place in drawn])
        said, true = answers[chosen].astype(str), truth[chosen].astype(str)
        return _accuracy(true, said), _kappa(true, said)

    random = np.random.default_rng(0)
    whole = scores(np.arange(len(places)))
    ends = np.full((2, 2), math.nan)
    if len(places) > 1:
        draws = [scores(random.integers(0, len(places), len(places))) for _ in range(DRAWS)]
        ends = np.nanquantile(np.array(draws), [0.025, 0.975], axis=0)
    return {
        "rival": rival,
        "limits": limits,
        "source": source,
        "cost": cost,
        "runs": len(truth),
        "balanced_accuracy": whole[0],
        "low": ends[0, 0],
        "high": ends[1, 0],
        "kappa": whole[1],
        "kappa_low": ends[0, 1],
        "kappa_high": ends[1, 1],
    }


def _accuracy(truth: Shaped[ndarray, " runs"], said: Shaped[ndarray, " runs"]) -> float:
    """Mean over the answers that are true somewhere of the share that was told."""
    recalls = [np.mean(said[truth == answer] == answer) for answer in np.unique(truth)]
    return float(np.mean(recalls))


def _kappa(truth: Shaped[ndarray, " runs"], said: Shaped[ndarray, " runs"]) -> float:
    if len(np.unique(np.concatenate([truth, said]))) < 2:
        return math.nan
    return float(cohen_kappa_score(truth, said, labels=list(ANSWERS)))
