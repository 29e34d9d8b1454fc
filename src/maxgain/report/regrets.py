"""The stopping study's regrets as the page shows them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pandas import DataFrame

from maxgain.files.csv import read_frame
from maxgain.report.charts import Spec, describe_regrets
from maxgain.tables.regrets import ONLINE, marked

NEEDED = ("rule", "mean_regret", "low", "high")
"""Columns of regret.csv that are drawn: rule, mean regret over the cells (nats), its interval."""


MOST_RULES = 60
"""Rules that are drawn, those of least regret; the table has all."""


@dataclass(frozen=True)
class RegretsView:
    """The chart's specification, the whole table as text, and what was left out."""

    chart: Spec
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


def read_regrets(path: Path) -> RegretsView | None:
    """Regret of each stop rule; None where no rule has a finite one.

    Raises
    ------
    InputError
        The table is missing, lacks one of `NEEDED`, or has text in place of numbers.
    """
    table = read_frame(path, NEEDED[:1], NEEDED[1:])
    table = table.sort_values("mean_regret", kind="stable")
    known = table[table["mean_regret"].abs().lt(math.inf)]
    if known.empty:
        return None
    notes = []
    if len(known) > MOST_RULES:
        notes.append(f"Of {len(known)} rules the {MOST_RULES} with the least regret are drawn.")
    points = [
        {
            "rule": marked(str(row["rule"]), str(row.get("decides", ONLINE))),
            "regret": float(row["mean_regret"]),
            **{
                end: float(row[end]) if math.isfinite(row[end]) else None for end in ("low", "high")
            },
        }
        for row in known.head(MOST_RULES).to_dict("records")
    ]
    columns = [str(name) for name in table.columns]
    return RegretsView(describe_regrets(points), columns, _texts(table), notes)


def _texts(table: DataFrame) -> list[list[str]]:
    return [
        [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row]
        for row in table.itertuples(index=False)
    ]
