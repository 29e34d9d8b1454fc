"""What a claim is, what it is judged from, and the evidence a judgement consists of."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from jaxtyping import Float
from numpy import ndarray

from maxgain.statistics.decisions import Finding, Outcome
from maxgain.tables.results import ResultTables
from maxgain.tables.runs import RunCurves


@dataclass(frozen=True)
class Claim:
    """One row of `claims/table.csv`: a statement and by what measure it is judged.

    Attributes
    ----------
    id
        Name of the claim, for example "M1".
    origin
        "paper", or "this project" for what the paper does not say.
    short
        The statement in a few words, for the terminal.
    statement
        What is claimed, in our words.
    figure
        Number of the paper's figure(s), for example "8" or "6, 7"; empty where there is none.
    table
        The result tables it is judged from: names of experiments, "toy", "zoo" or "curves" (all
        experiments).
    quantity
        The table's columns that stand for the response, `gain_db` where the paper speaks.
    statistic
        The measured quantity that `threshold` is compared with (and what `margin` means).
    threshold
        The bound of `statistic`, in the statistic's unit.
    equivalence
        How far beyond `threshold` the statistic must lie to matter: shown to stay below that, it
        is *equivalent* to none and the claim fails; shown to lie beyond `threshold`, it is a
        *difference*. 0 where the threshold itself parts what matters from what does not.
    margin
        A second bound, in the unit that `statistic` says; NaN where the claim needs none.
    epoch
        The epoch the claim names; NaN where it names none.
    tolerance
        How many epochs away from `epoch` still count as that epoch; NaN like `epoch`.
    epochs
        The fewest epochs of a run that the claim can be judged from; NaN where there are none.
    section
        Section of the paper; empty where the claim is not the paper's.
    function
        The function that judges it, as "module.function" below `maxgain.claims`.
    """

    id: str
    origin: str
    short: str
    statement: str
    figure: str
    table: str
    quantity: str
    statistic: str
    threshold: float
    equivalence: float
    margin: float
    epoch: float
    tolerance: float
    epochs: float
    section: str
    function: str

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables it is judged from."""
        return tuple(self.table.split())

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of the columns it reads."""
        return tuple(self.quantity.split())

    def curve(self, run: RunCurves) -> Float[ndarray, " epochs"]:
        """The run's curve of the claim's (first) quantity, dB."""
        return run[self.quantities[0]]


@dataclass(frozen=True)
class Evidence:
    """The outcome of one claim and the numbers behind it.

    Attributes
    ----------
    outcome
        "not run" means that runs or tables are missing; `numbers` then names them.
    effect
        The claim's statistic, in the unit its row of the table says; None where it is not defined.
    ci_low, ci_high
        90 % confidence interval of `effect`, each end a one-sided 95 % bound; None where there is
        none (for example one seed).
    seeds
        Number of seeds behind the effect; 0 where seeds play no part.
    numbers
        Short text: the numbers behind the outcome.
    findings
        The conditions that were tested, the effect's first; empty where nothing is random.
    data, stand_in
        What was judged, and whether it stands in for what the paper measured; None where the
        table's own columns say it.
    """

    outcome: Outcome
    effect: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    seeds: int = 0
    numbers: str = ""
    findings: tuple[Finding, ...] = ()
    data: str | None = None
    stand_in: bool | None = None


ClaimFunction = Callable[[ResultTables, Claim], Evidence]
"""Every claim is judged by one such function; it may count on its tables being there."""


class NotRun(Exception):  # noqa: N818 - not an error: a claim function's way to say "not run"
    """The runs that a claim needs are not in the table; the message names them."""


def make_evidence(
    outcome: Outcome, findings: tuple[Finding, ...], seeds: int, numbers: str
) -> Evidence:
    """Evidence whose effect is that of the first finding."""
    first = findings[0]
    effect = None if math.isnan(first.estimate) else first.estimate
    return Evidence(outcome, effect, first.low, first.high, seeds, numbers, findings)


def add_note(evidence: Evidence, note: str) -> Evidence:
    """The evidence with further numbers appended."""
    return replace(evidence, numbers=f"{evidence.numbers}; {note}")
