"""From samples and thresholds to a decision, with the error of the whole claim controlled.

A claim says that k statistics keep k bounds. Every statistic comes with two one-sided p-values:
that it does not keep its bound (small: it is seen to hold), and that it keeps it by at least a
margin of equivalence (small: it is seen to fail, the effect being absent, smaller than matters, or
of the other sign).

- *Holds* where all k first p-values are at most 5 %. "All hold" being the alternative, this is an
  intersection-union test: its level is 5 % without any correction (Berger 1982). Besides, every
  estimate must be as large as its margin of equivalence asks: an effect that is shown to be there,
  and looks too small to matter, is not decided (else a hair would part it from *fails*).
- *Fails* where Holm's procedure over the k second p-values rejects at 5 %. One refuted condition
  refutes the claim, and Holm's first step, the smallest p-value times k, already says whether
  there is one.
- *Inconclusive* elsewhere.

So a true claim is called failing, and a false one holding, in at most 5 % of all cases each.
Intervals are 90 % ones: either end is the one-sided 95 % bound that a one-sided test looks at.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

Outcome = Literal["holds", "fails", "inconclusive", "not run"]
Verdict = Literal["reproduced", "seen", "inconclusive", "not seen", "not reproduced", "not run"]

VERDICTS: tuple[Verdict, ...] = (
    "reproduced",
    "seen",
    "inconclusive",
    "not seen",
    "not reproduced",
    "not run",
)
"""From best to worst. "Reproduced" and "not reproduced" are about the paper: its claim, on its
data. "Seen" and "not seen" are the same outcomes on data that stand in for the paper's, or of a
claim that is not the paper's."""

LEVEL = 0.05
"""Level of every one-sided test."""

CONFIDENCE = 1 - 2 * LEVEL
"""Of the intervals: their ends are one-sided bounds at `LEVEL`."""

FEWEST_TRAININGS = 5
"""Independent trainings (or networks) without which nothing is decided: fewer show the spread
between trainings too badly. Of four, a signed-rank test could never reject at 5 %."""

Side = Literal["above", "below"]


@dataclass(frozen=True)
class Finding:
    """One statistic held against one bound.

    Attributes
    ----------
    name
        The statistic, with its unit.
    side, bound
        It is claimed to lie above, or below, this number.
    estimate
        Mean over the trainings, or what stands for it; NaN where undefined.
    low, high
        `CONFIDENCE` interval of the estimate; None where there is none.
    count
        Independent trainings, or networks, behind it.
    p_holds, p_fails
        One-sided p-values against "does not keep the bound" and against "keeps it by the margin
        of equivalence or more"; 1 where nothing can be said.
    undefined
        Trainings in which the statistic has no value.
    equivalence
        How far beyond the bound the estimate must lie to matter.
    """

    name: str
    side: Side
    bound: float
    estimate: float
    low: float | None
    high: float | None
    count: int
    p_holds: float
    p_fails: float
    undefined: int = 0
    equivalence: float = 0.0


def hold_mean(
    name: str,
    values: Float[ndarray, " trainings"],
    side: Side,
    bound: float,
    equivalence: float = 0.0,
) -> Finding:
    """Finding on "the mean over trainings is above (below) the bound", by Student's t.

    Student's t (`scipy.stats.ttest_1samp`) rather than a bootstrap: of five values a bootstrap
    draws so few different samples that its intervals are far too narrow.

    Parameters
    ----------
    values
        One a training; not finite where undefined.
    equivalence
        How far beyond the bound an effect must reach to matter: where the mean is shown to stay
        below that, the condition fails.
    """
    finite = values[np.isfinite(values)]
    undefined = int(values.size - finite.size)
    estimate = float(finite.mean()) if finite.size else math.nan
    low, high = find_mean_interval(finite)
    p_holds = p_fails = 1.0
    # What half of the trainings cannot show is not shown by the other half.
    if finite.size >= FEWEST_TRAININGS and 2 * undefined < values.size:
        excess = exceed(finite, side, bound)
        p_holds = _test_above(excess, 0.0)
        p_fails = _test_above(-excess, -equivalence, touching=equivalence == 0)
    return Finding(
        name,
        side,
        bound,
        estimate,
        low,
        high,
        int(finite.size),
        p_holds,
        p_fails,
        undefined,
        equivalence,
    )


def find_mean_interval(
    values: Float[ndarray, " trainings"],
) -> tuple[float | None, float | None]:
    """Student's t interval of a mean; None with a single value."""
    if values.size < 2:
        return None, None
    if _has_no_spread(values):
        return float(values[0]), float(values[0])
    interval = stats.ttest_1samp(values, 0.0).confidence_interval(CONFIDENCE)
    return float(interval.low), float(interval.high)


def standard_error(half: float, count: int) -> float:
    """Standard error of a mean of so many values, from half of its `CONFIDENCE` interval."""
    return half / float(stats.t.ppf(1 - LEVEL, count - 1))


def hold_draws(
    name: str,
    estimate: float,
    draws: Float[ndarray, " draws"],
    side: Side,
    bound: float,
    count: int,
    equivalence: float = 0.0,
) -> Finding:
    """Finding from a bootstrap distribution: p-values are shares of draws, ends quantiles.

    Undecided with fewer than `FEWEST_TRAININGS`: a bootstrap of fewer draws the same few values
    again and again.

    Parameters
    ----------
    draws
        NaN where a resample has no value.
    count
        Independent units that were resampled.
    """
    finite = draws[np.isfinite(draws)]
    if count < FEWEST_TRAININGS or not finite.size:
        return Finding(name, side, bound, estimate, None, None, count, 1.0, 1.0)
    low, high = np.quantile(finite, [LEVEL, 1 - LEVEL]).round(12)
    excess = exceed(finite, side, bound)
    return Finding(
        name,
        side,
        bound,
        estimate,
        float(low),
        float(high),
        count,
        float((excess <= 0).mean()),
        float(((excess > 0) & (excess >= equivalence)).mean()),
        equivalence=equivalence,
    )


def hold_interval(
    name: str,
    estimate: float,
    interval: tuple[float, float] | None,
    side: Side,
    bound: float,
    count: int,
    equivalence: float = 0.0,
) -> Finding:
    """Finding from a `CONFIDENCE` interval alone: p-values are known as "at most 5 %" or not."""
    if interval is None:
        return Finding(name, side, bound, estimate, None, None, count, 1.0, 1.0)
    low, high = interval
    nearest, farthest = sorted(exceed(np.array(interval), side, bound).tolist())
    return Finding(
        name,
        side,
        bound,
        estimate,
        low,
        high,
        count,
        LEVEL if nearest > 0 else 1.0,
        LEVEL if farthest <= 0 or farthest < equivalence else 1.0,
        equivalence=equivalence,
    )


def decide(findings: Sequence[Finding]) -> Outcome:
    """Outcome of a claim all of whose conditions must hold (see the module's first lines).

    An effect that is shown to be there and shown to be too small to matter fails.
    """
    if not findings:
        return "inconclusive"
    if len(findings) * min(finding.p_fails for finding in findings) <= LEVEL:
        return "fails"
    if max(finding.p_holds for finding in findings) <= LEVEL and all(map(_matters, findings)):
        return "holds"
    return "inconclusive"


def _matters(finding: Finding) -> bool:
    """Whether an estimate lies beyond its bound by the margin of equivalence."""
    excess = exceed(np.array([finding.estimate]), finding.side, finding.bound)
    return bool(excess[0] >= finding.equivalence)


def exceed(
    values: Float[ndarray, " values"], side: Side, bound: float
) -> Float[ndarray, " values"]:
    """How far values lie beyond a bound, on the side on which they are claimed to."""
    return values - bound if side == "above" else bound - values


def name_verdict(outcome: Outcome, about_the_paper: bool) -> Verdict:
    """Word for an outcome: whether something is *reproduced* only the paper's data can say."""
    if outcome == "holds":
        return "reproduced" if about_the_paper else "seen"
    if outcome == "fails":
        return "not reproduced" if about_the_paper else "not seen"
    return outcome


def _test_above(
    values: Float[ndarray, " trainings"], bound: float, touching: bool = False
) -> float:
    """One-sided p-value against "the mean is at most the bound" (`touching`: is below it)."""
    if _has_no_spread(values):
        # No spread at all, as where tau is 1 in every training: t is infinite or 0/0.
        beyond = float(values[0]) - bound
        return 0.0 if beyond > 0 or (touching and beyond == 0) else 1.0
    p_value = float(stats.ttest_1samp(values, bound, alternative="greater").pvalue)
    # Values too large to be squared have no p-value.
    return 1.0 if math.isnan(p_value) else p_value


def _has_no_spread(values: Float[ndarray, " trainings"]) -> bool:
    """Whether values differ by rounding at most."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())
