"""What a claim is, what it is judged from, and the evidence a judgement consists of."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame
from scipy import stats

Verdict = Literal["reproduced", "not reproduced", "inconclusive", "not run"]

#: From best to worst: what the trend regression compares by.
VERDICTS: tuple[Verdict, ...] = ("reproduced", "inconclusive", "not reproduced", "not run")


@dataclass(frozen=True)
class Claim:
    """One row of `claims/table.csv`: what the paper says and by what measure it is judged.

    Attributes
    ----------
    id
        Name of the claim, for example "M1".
    statement
        What the paper says, in our words.
    figure
        Number of the paper's figure(s), for example "8" or "6, 7"; empty where there is none.
    table
        The result table it is judged from: the name of an experiment, "toy", "zoo" or "curves"
        (all experiments).
    statistic
        The measured quantity that `threshold` is compared with (and what `margin` means).
    threshold
        The bound of `statistic`, in the statistic's unit.
    margin
        A second bound, in the unit that `statistic` says; NaN where the claim needs none.
    epoch
        The epoch the claim names; NaN where it names none.
    tolerance
        How many epochs away from `epoch` still count as that epoch; NaN like `epoch`.
    section
        Section of the paper.
    epochs
        The fewest epochs of a run that the claim can be judged from; NaN where there are none.
    function
        The function that judges it, as "module.function" below `maxgain.claims`.
    """

    id: str
    statement: str
    figure: str
    table: str
    statistic: str
    threshold: float
    margin: float
    epoch: float
    tolerance: float
    section: str
    epochs: float = math.nan
    function: str = ""


@dataclass(frozen=True)
class Evidence:
    """The verdict on one claim and the numbers behind it.

    Attributes
    ----------
    verdict
        "not run" means that runs or tables are missing; `numbers` then names them.
    effect
        The claim's statistic, in the unit its row of the table says; None where it is not defined.
    ci_low, ci_high
        95 % confidence interval of `effect`; None where there is none (for example one seed).
    seeds
        Number of seeds behind the effect; 0 where seeds play no part.
    numbers
        Short text: the numbers behind the verdict.
    """

    verdict: Verdict
    effect: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    seeds: int = 0
    numbers: str = ""


@dataclass(frozen=True)
class ResultTables:
    """The tables of one results folder; what was not run is absent.

    Attributes
    ----------
    curves
        Experiment ("mnist_rates", "cifar_rates", "networks", "capacity") to its tidy table, one
        row per run and epoch.
    toy, zoo
        The tables of figures 1-4 and of figures 5-7.
    """

    curves: Mapping[str, DataFrame] = field(default_factory=dict)
    toy: DataFrame | None = None
    zoo: DataFrame | None = None


#: Every claim is judged by one such function; it may count on its table being there.
ClaimFunction = Callable[[ResultTables, Claim], Evidence]


def not_run(missing: str) -> Evidence:
    """Return the evidence of a claim whose runs are missing; `missing` names them."""
    return Evidence("not run", numbers=missing)


class NotRun(Exception):  # noqa: N818 - not an error: a claim function's way to say "not run"
    """The runs that a claim needs are not in the table; the message names them."""


def decide(effect: float, ci_low: float | None, ci_high: float | None, threshold: float) -> Verdict:
    """Return the verdict on "effect is above threshold" from a 95 % confidence interval.

    "reproduced" where the whole interval is above the threshold, "not reproduced" where it is
    below or touches it from below, "inconclusive" where it straddles the threshold, or where
    there is no interval or effect (None or NaN): an estimate without an uncertainty decides
    nothing.
    """
    if ci_low is None or ci_high is None or math.isnan(effect + ci_low + ci_high):
        # Infinite effects of opposite sign add to NaN as well: they decide nothing either.
        return "inconclusive"
    if ci_low > threshold:
        return "reproduced"
    return "not reproduced" if ci_high <= threshold else "inconclusive"


def mean_with_interval(
    values: Float[ndarray, "seeds"], confidence: float = 0.95
) -> tuple[float, float | None, float | None]:
    """Return mean, and lower and upper end of Student's t interval, of one value a seed.

    Student's t rather than a bootstrap: with the three to five seeds of these experiments a
    bootstrap resamples so few values that its intervals are far too narrow. The ends are None
    with a single seed.
    """
    if values.size == 0:
        return math.nan, None, None
    mean = float(values.mean())
    if values.size == 1 or not np.isfinite(values).all():
        return mean, None, None
    half = float(stats.t.ppf(0.5 + confidence / 2, values.size - 1) * stats.sem(values))
    return mean, mean - half, mean + half
