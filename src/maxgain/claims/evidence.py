"""The evidence that a judgement of a claim consists of."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from maxgain.claims.registry import Claim
from maxgain.statistics.decisions import Finding, Outcome
from maxgain.tables.results import ResultTables


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
