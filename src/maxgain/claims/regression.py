"""Whether a results folder's claims came out worse than they did before: effects, not labels.

Two trainings that differ in the last bits of their sums differ visibly after some epochs, so a
verdict near its threshold may turn without anything being wrong. What is compared is therefore
every condition's estimate: it is worse where it lies outside the interval that was committed,
widened by its own, on the side away from its claim. Independent errors add in squares, and with
some hundred conditions compared at once one would lie outside by chance: both intervals are taken
at the level at which that happens, anywhere in the table, in `FALSE_ALARMS` of all cases
(Student's t of the difference, Bonferroni over the conditions).
"""

import json
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from pandas import DataFrame
from scipy import stats

from maxgain.errors import InputError
from maxgain.statistics.decisions import standard_error

FALSE_ALARMS = 0.01
"""Probability that results of the same protocol, trained anew, are called worse."""

HELD, FAILED = ("reproduced", "seen"), ("not reproduced", "not seen")
"""Verdicts that are each other's opposites."""


@dataclass(frozen=True)
class Estimate:
    """One condition as the verdict table holds it (see `maxgain.statistics.decisions.Finding`)."""

    name: str
    side: str
    value: float | None
    error: float | None
    count: int
    described: str


def find_worse_claims(reference: DataFrame, verdicts: DataFrame) -> dict[str, str]:
    """Claims that came out worse than in the reference, each with a sentence that says how.

    Worse is: a claim that was judged and is not run now (or is missing), a decided claim that
    turned into its opposite, and a condition whose estimate is worse as this module says, or has
    gone. New claims and new conditions are no change for the worse; nor is a label that moved to or
    from "inconclusive" alone.

    Parameters
    ----------
    reference, verdicts
        Tables as `maxgain.claims.judge.judge` makes them: before, and now.

    Raises
    ------
    InputError
        A table's findings cannot be read.
    """
    old = {str(row["id"]): row for row in reference.to_dict("records")}
    new = {str(row["id"]): row for row in verdicts.to_dict("records")}
    compared = {
        name: _pair_estimates(old[name], new[name])
        for name in old
        if name in new and new[name]["verdict"] != "not run"
    }
    number = sum(len(pairs) for pairs in compared.values())
    worse = {}
    for name, before in old.items():
        reasons = []
        verdict = str(new[name]["verdict"]) if name in new else "not run"
        if _is_opposite(str(before["verdict"]), verdict):
            reasons.append(f"{before['verdict']} -> {verdict}")
        reasons += [
            reason
            for pair in compared.get(name, [])
            if (reason := _name_worsening(*pair, FALSE_ALARMS / number))
        ]
        if reasons:
            worse[name] = "; ".join(reasons)
    return worse


def _is_opposite(before: str, now: str) -> bool:
    if now == "not run":
        return before != "not run"
    return (before in HELD and now in FAILED) or (before in FAILED and now in HELD)


def _pair_estimates(
    before: Mapping[Hashable, object], now: Mapping[Hashable, object]
) -> list[tuple[Estimate, Estimate | None]]:
    """Conditions that had a value before, each with the one of the same name, side and place."""
    found = {(x.name, x.side): x for x in _read_estimates(now)}
    return [
        (old, found.get((old.name, old.side)))
        for old in _read_estimates(before)
        if old.value is not None
    ]


def _read_estimates(row: Mapping[Hashable, object]) -> list[Estimate]:
    """Conditions of one row of a verdict table."""
    text = str(row["findings"])
    if not text:
        return []
    try:
        return [_read_estimate(finding) for finding in json.loads(text)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise InputError(
            f"the verdict table's findings of claim {row['id']} cannot be read: {said}."
        ) from error


def _read_estimate(finding: dict[str, object]) -> Estimate:
    low, high, count = finding["low"], finding["high"], int(str(finding["count"]))
    value = finding["estimate"]
    value = None if value is None else float(str(value))
    error = None
    interval = ""
    if low is not None and high is not None and count > 1:
        error = standard_error((float(str(high)) - float(str(low))) / 2, count)
        interval = f" [{float(str(low)):.3g}, {float(str(high)):.3g}]"
    described = "undefined" if value is None else f"{value:.3g}{interval}"
    return Estimate(str(finding["name"]), str(finding["side"]), value, error, count, described)


def _name_worsening(before: Estimate, now: Estimate | None, level: float) -> str:
    """How one condition came out worse at a one-sided level; "" where it did not."""
    if now is None or now.value is None:
        said = "gone" if now is None else now.described
        # Of one or two trainings a value may be undefined by chance.
        return f"{before.name}: {before.described} -> {said}" if before.error is not None else ""
    if before.error is None or now.error is None:
        return ""
    assert before.value is not None
    change = now.value - before.value
    loss = -change if before.side == "above" else change
    error = math.hypot(before.error, now.error)
    # What agrees to nine digits is rounding, of values that have no spread.
    if loss <= 1e-9 * max(1.0, abs(before.value)):
        return ""
    freedom = _count_freedom(before, now)
    if loss <= float(stats.t.ppf(1 - level, freedom)) * error:
        return ""
    return f"{before.name}: {before.described} -> {now.described}, claimed {before.side}"


def _count_freedom(before: Estimate, now: Estimate) -> float:
    """Degrees of freedom of the difference (Welch and Satterthwaite)."""
    parts = [(x.error or 0.0) ** 2 for x in (before, now)]
    if not sum(parts):
        return float(before.count + now.count - 2)
    spread = sum(part**2 / (x.count - 1) for part, x in zip(parts, (before, now), strict=True))
    return sum(parts) ** 2 / spread
