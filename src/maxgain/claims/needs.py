"""What an open claim would need: how many trainings decide it, if its numbers stay as they are."""

import json
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maxgain.statistics.decisions import FEWEST_TRAININGS, LEVEL, exceed, standard_error
from maxgain.statistics.power import LARGEST, find_needed_count

EXPLANATION = (
    "Seeds (for P1-P3 and S6 architectures) of which the tests would decide with a probability of "
    "80 %, if estimates and the spread between trainings stay as they are. Where an estimate lies "
    "on the wrong side of its bound, or by less than the margin of equivalence on the right one, "
    "that is to refute the claim."
)


@dataclass(frozen=True)
class _Condition:
    """A condition as the verdict table holds it (see `maxgain.statistics.decisions.Finding`).

    Attributes
    ----------
    excess
        How far the estimate lies beyond the bound, on the side on which it is claimed to.
    inward, outward
        From the estimate to the interval's end towards the bound, and to the other end.
    """

    name: str
    excess: float
    inward: float
    outward: float
    count: int
    equivalence: float

    @property
    def is_shown(self) -> bool:
        """Whether its test has shown it."""
        return self.excess > self.inward

    @property
    def is_against(self) -> bool:
        """Whether the estimate, were it exact, would refute the claim."""
        return self.excess <= 0 or self.excess < self.equivalence

    def count_to_show(self) -> int | None:
        """Sample of which the test shows the condition."""
        return find_needed_count(self.excess, self._deviation(self.inward))

    def count_to_refute(self, conditions: int) -> int | None:
        """Sample of which Holm's first step, among so many conditions, refutes it."""
        distance = self.equivalence - self.excess
        return find_needed_count(distance, self._deviation(self.outward), LEVEL / conditions)

    def _deviation(self, half: float) -> float:
        """Standard deviation between trainings, from half of the mean's interval."""
        return standard_error(half, self.count) * math.sqrt(self.count)


def describe_needs(rows: Iterable[Mapping[Hashable, Any]]) -> dict[str, str]:
    """What would decide each open claim of a verdict table, by its id."""
    needs = {str(row["id"]): describe_need(row) for row in rows}
    return {name: need for name, need in needs.items() if need}


def describe_need(row: Mapping[Hashable, Any]) -> str:
    """What would decide a claim, in one sentence; empty for a decided one.

    Parameters
    ----------
    row
        Of the verdict table (`maxgain.claims.judge.judge`).
    """
    if row["verdict"] == "not run":
        return f"{row['numbers']}; at least {FEWEST_TRAININGS} seeds of each setting."
    if row["verdict"] != "inconclusive":
        return ""
    unit = "seeds" if row["seeds"] else "architectures"
    findings = json.loads(row["findings"]) if row["findings"] else []
    few = [finding for finding in findings if finding["count"] < FEWEST_TRAININGS]
    if few or not findings:
        groups = ", in every group that is compared" if row["seeds"] else ""
        return f"at least {FEWEST_TRAININGS} {unit}{groups}."
    for finding in findings:
        if finding["estimate"] is None or finding["low"] is None:
            return f"trainings in which this has a value: {finding['name']}."
    return _count(row, unit, [_read(finding) for finding in findings])


def _read(finding: Mapping[str, Any]) -> _Condition:
    numbers = np.array([finding["low"], finding["estimate"], finding["high"]])
    one_end, excess, other = exceed(numbers, finding["side"], finding["bound"]).tolist()
    return _Condition(
        finding["name"],
        excess,
        excess - min(one_end, other),
        max(one_end, other) - excess,
        finding["count"],
        finding["equivalence"],
    )


def _count(row: Mapping[Hashable, Any], unit: str, conditions: Sequence[_Condition]) -> str:
    against = [condition for condition in conditions if condition.is_against]
    if against:
        needed = [(each.count_to_refute(len(conditions)), each) for each in against]
        number, decisive = min(needed, key=_order)
        aim = "refute"
    else:
        needed = [(each.count_to_show(), each) for each in conditions if not each.is_shown]
        # All shown and still open: the claim's own rule held the verdict back, and says why last.
        number, decisive = max(needed, key=_order, default=(0, conditions[0]))
        aim = "show"
    if number is None:
        return f"more than {LARGEST:,} {unit}: at its bound lies '{decisive.name}'."
    present = row["seeds"] or decisive.count
    number = math.ceil(number * present / decisive.count)
    if number <= present:
        return f"no more {unit}, but: {str(row['numbers']).rsplit('; ', 1)[-1]}."
    return f"about {number:,} {unit} in place of {present}, to {aim} '{decisive.name}'."


def _order(needed: tuple[int | None, _Condition]) -> float:
    return math.inf if needed[0] is None else needed[0]
