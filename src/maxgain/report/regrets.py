"""The stopping study's regrets as the page shows them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pandas import DataFrame
from pandas.api.types import is_numeric_dtype

from maxgain.report.charts import Spec, describe_regrets

MOST_RULES = 60
"""Rules that are drawn, those of least regret; the table holds more."""


@dataclass(frozen=True)
class RegretsView:
    """The chart's specification and the table as text."""

    chart: Spec
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


def view_regrets(table: DataFrame) -> RegretsView | None:
    """Mean regret of each stop rule.

    Parameters
    ----------
    table
        A column `rule`, and one whose name starts with "regret" and holds numbers. `regret_low`
        and `regret_high` are its interval, where they are there and each rule has one row. Rows
        of the same rule (its cells) are averaged.

    Returns
    -------
    None where there is no such column or no finite regret.
    """
    name = next(
        (
            str(column)
            for column in table.columns
            if str(column).startswith("regret") and is_numeric_dtype(table[column])
        ),
        None,
    )
    if name is None or "rule" not in table or not table[name].notna().any():
        return None
    notes = []
    single = not table["rule"].duplicated().any()
    if not single:
        notes.append("Each rule's regret is the mean over its rows; the table has them all.")
    means = table.groupby("rule", sort=False)[name].mean().sort_values(kind="stable").dropna()
    if len(means) > MOST_RULES:
        notes.append(f"Of {len(means)} rules the {MOST_RULES} with the least regret are shown.")
    intervals = table.set_index("rule").to_dict("index") if single else {}
    rows = [
        {"rule": str(rule), "regret": float(regret), **_interval(intervals.get(rule, {}))}
        for rule, regret in means.head(MOST_RULES).items()
    ]
    columns = ["rule", name, "interval"]
    texts = [[str(row["rule"]), f"{row['regret']:.4g}", _interval_text(row)] for row in rows]
    return RegretsView(describe_regrets(rows), columns, texts, notes)


def _interval(row: Mapping[object, object]) -> dict[str, float | None]:
    ends = {end: row.get(f"regret_{end}") for end in ("low", "high")}
    return {
        end: float(value) if isinstance(value, int | float) and math.isfinite(value) else None
        for end, value in ends.items()
    }


def _interval_text(row: Mapping[str, object]) -> str:
    low, high = row["low"], row["high"]
    return "" if low is None or high is None else f"[{low:.4g}, {high:.4g}]"
