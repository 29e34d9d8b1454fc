"""The verdicts as the page shows them: one claim with its numbers, its bar and its mark."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from maxgain.errors import InputError
from maxgain.files.csv import read_frame
from maxgain.report.charts import draw_bar

NEEDED = ("id", "verdict", "statement")
"""Columns without which a table of verdicts says nothing; all others may be missing."""


@dataclass(frozen=True)
class Bar:
    """A quantity with its interval against a bound.

    Attributes
    ----------
    name
        The quantity; empty for a claim's own effect.
    picture
        The bar as SVG; None where the quantity has no value.
    text
        The same in words.
    """

    name: str
    picture: Markup | None
    text: str


@dataclass(frozen=True)
class ClaimView:
    """One claim.

    Attributes
    ----------
    tone
        "good", "bad", "open" or "none": how the verdict is coloured.
    figures
        Names of its figures' files without ending, "fig08".
    tables
        Tables that it is judged on: an experiment, "zoo", "toy", "curves" for all experiments.
    """

    id: str
    statement: str
    verdict: str
    tone: str
    effect: float
    bar: Bar
    seeds: str
    statistic: str
    numbers: Sequence[str]
    findings: Sequence[Bar]
    data: str
    stand_in: bool
    origin: str
    section: str
    figures: Sequence[str]
    tables: Sequence[str]


def read_claims(path: Path, tables: Mapping[str, Sequence[str]]) -> list[ClaimView]:
    """The claims of a table of verdicts, in its order.

    Parameters
    ----------
    tables
        Claim's id to the tables that it is judged on, as far as known.

    Raises
    ------
    InputError
        The table is missing, lacks one of `NEEDED`, or has text in place of a number.
    """
    frame = read_frame(path, columns=NEEDED, as_text=True)
    rows = [
        {str(name): str(value) for name, value in row.items()} for row in frame.to_dict("records")
    ]
    return [_view(path, row, tables.get(row["id"], ())) for row in rows]


def _view(path: Path, row: Mapping[str, str], tables: Sequence[str]) -> ClaimView:
    effect, low, high, threshold = (
        _number(path, row, name) for name in ("effect", "ci_low", "ci_high", "threshold")
    )
    data = row.get("data", "")
    tone = find_tone(row["verdict"])
    return ClaimView(
        id=row["id"],
        statement=row["statement"],
        verdict=row["verdict"],
        tone=tone,
        effect=effect,
        bar=_bar("", effect, low, high, threshold, "threshold"),
        seeds=row.get("seeds", "").removesuffix(".0"),
        statistic=row.get("statistic", ""),
        numbers=[part for part in row.get("numbers", "").split("; ") if part],
        findings=_findings(path, row),
        data=data,
        stand_in=row.get("stand_in", "").lower() == "true" or "stand-in" in data,
        origin=row.get("origin", ""),
        section=row.get("section", ""),
        figures=[f"fig{int(number):02d}" for number in re.findall(r"\d+", row.get("figure", ""))],
        tables=tables,
    )


def find_tone(verdict: str) -> str:
    """How a verdict is coloured; words that later verdicts may use fall under the same rule."""
    if verdict == "not run":
        return "none"
    if verdict == "inconclusive":
        return "open"
    return "bad" if verdict.startswith("not ") else "good"


def _number(path: Path, row: Mapping[str, str], name: str) -> float:
    text = row.get(name, "")
    try:
        return float(text) if text else math.nan
    except ValueError as error:
        raise InputError(
            f"{path}: claim {row['id']} has {name} '{text}'; it must be a number."
        ) from error


def _findings(path: Path, row: Mapping[str, str]) -> list[Bar]:
    text = row.get("findings", "")
    try:
        findings = json.loads(text) if text else []
        return [
            _bar(
                str(one["name"]),
                _float(one.get("estimate")),
                _float(one.get("low")),
                _float(one.get("high")),
                _float(one.get("bound")),
                f"claimed {one.get('side', 'beyond')}",
            )
            for one in findings
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: claim {row['id']} has findings that cannot be read.") from error


def _float(value: object) -> float:
    return math.nan if value is None else float(value)  # type: ignore[arg-type]


def _bar(name: str, effect: float, low: float, high: float, threshold: float, said: str) -> Bar:
    if math.isnan(effect):
        return Bar(name, None, "no value")
    text = f"{effect:.3g}"
    if not math.isnan(low + high):
        text += f" [{low:.3g}, {high:.3g}]"
    if not math.isnan(threshold):
        text += f", {said} {threshold:g}"
    return Bar(name, draw_bar(effect, low, high, threshold), text)
