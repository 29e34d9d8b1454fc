"""Parts of a claim: a quantity, its bound and what both say; and how parts make a verdict."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from maxgain.claims.evidence import Evidence
from maxgain.statistics.decisions import Verdict, decide, mean_with_interval
from maxgain.statistics.intervals import Quantity


@dataclass(frozen=True)
class Finding:
    """One quantity over the seeds, compared with one bound.

    `low` and `high` are the 95 % interval: over seeds where there are several, from within the
    curve with one. `verdict` is "reproduced" where the whole interval keeps the bound.
    """

    name: str
    mean: float
    low: float | None
    high: float | None
    seeds: int
    undefined: int
    bound: str
    verdict: Verdict

    def describe(self) -> str:
        """Return the finding as short text, without its bound: name, mean, interval."""
        if math.isnan(self.mean):
            return f"{self.name} undefined"
        between = (
            "" if self.low is None or self.high is None else f" [{self.low:.3g}, {self.high:.3g}]"
        )
        left_out = f", undefined for {self.undefined} seed(s)" if self.undefined else ""
        return f"{self.name} {self.mean:.3g}{between}{left_out}"


def hold_above(name: str, quantities: Sequence[Quantity], bound: float) -> Finding:
    """Return the finding on "the quantity is above `bound`" from one quantity a seed."""
    return _compare(name, quantities, bound, 1.0)


def hold_below(name: str, quantities: Sequence[Quantity], bound: float) -> Finding:
    """Return the finding on "the quantity is below `bound`" from one quantity a seed."""
    return _compare(name, quantities, bound, -1.0)


def hold_between(name: str, quantities: Sequence[Quantity], bound: float) -> list[Finding]:
    """Return the two findings on "the quantity lies between -bound and bound"."""
    return [hold_below(name, quantities, bound), hold_above(name, quantities, -bound)]


def _compare(name: str, quantities: Sequence[Quantity], bound: float, sign: float) -> Finding:
    finite = [quantity for quantity in quantities if math.isfinite(quantity.value)]
    undefined = len(quantities) - len(finite)
    mean, low, high = mean_with_interval(
        np.array([quantity.value for quantity in finite], dtype=np.float64)
    )
    if len(quantities) == 1 and finite:
        inside = (finite[0].low, finite[0].high)
        low, high = (None, None) if any(map(math.isnan, inside)) else inside
    ends = (low, high) if sign > 0 else (high, low)
    signed = [None if end is None else sign * end for end in ends]
    verdict = decide(sign * mean, signed[0], signed[1], sign * bound)
    # What half of the seeds cannot show is not shown by the other half.
    if 2 * undefined >= len(quantities):
        verdict = "inconclusive"
    text = f"{'above' if sign > 0 else 'below'} {bound:g}"
    return Finding(name, mean, low, high, len(finite), undefined, text, verdict)


def conclude(findings: Sequence[Finding], seeds: int, epochs: str) -> Evidence:
    """Return the evidence of a claim all of whose parts must hold; the first one is its effect.

    "not reproduced" where one part is refuted, "reproduced" where all hold, "inconclusive" in
    between. Each part is tested at 5 %, which for "all hold" is a test at 5 % or less
    (intersection-union).

    Parameters
    ----------
    findings
        The parts.
    seeds
        Number of seeds behind them. With one there is no interval over seeds, so `ci_low` and
        `ci_high` are None and the intervals in `numbers` are from within the curves.
    epochs
        Epochs of the runs, as text.
    """
    verdicts = {finding.verdict for finding in findings}
    verdict: Verdict = "inconclusive"
    if "not reproduced" in verdicts:
        verdict = "not reproduced"
    elif verdicts == {"reproduced"}:
        verdict = "reproduced"
    first = findings[0]
    kind = "1 seed, intervals within the curve" if seeds == 1 else f"{seeds} seeds"
    bounds: dict[str, list[str]] = {}
    for finding in findings:
        bounds.setdefault(finding.describe(), []).append(finding.bound)
    described = [f"{text} (bound {' and '.join(parts)})" for text, parts in bounds.items()]
    return Evidence(
        verdict,
        None if math.isnan(first.mean) else first.mean,
        first.low if seeds > 1 else None,
        first.high if seeds > 1 else None,
        seeds,
        f"{kind}, {epochs} epochs: " + "; ".join(described),
    )


def add_note(evidence: Evidence, note: str) -> Evidence:
    """Return the evidence with further numbers appended."""
    return replace(evidence, numbers=f"{evidence.numbers}; {note}")
