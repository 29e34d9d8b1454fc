"""What a claim is, what it is judged from, and the evidence a judgement consists of."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from maxgain.statistics.decisions import Verdict
from maxgain.tables.results import ResultTables


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


#: Every claim is judged by one such function; it may count on its table being there.
ClaimFunction = Callable[[ResultTables, Claim], Evidence]


def not_run(missing: str) -> Evidence:
    """Return the evidence of a claim whose runs are missing; `missing` names them."""
    return Evidence("not run", numbers=missing)


class NotRun(Exception):  # noqa: N818 - not an error: a claim function's way to say "not run"
    """The runs that a claim needs are not in the table; the message names them."""
