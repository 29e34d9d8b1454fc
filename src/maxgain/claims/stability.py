"""How many repetitions of a protocol give each claim the same verdict.

The repetitions differ by initial weights disturbed by a part in ten million, less than what
another processor's sums disturb: a verdict that does not survive that says something of rounding.
"""

from collections.abc import Sequence

import pandas as pd
from pandas import DataFrame

from maxgain.errors import InputError

STABILITY_COLUMNS = ("id", "verdict", "stable", "verdicts")
"""Columns of stability.csv: the claim, its most frequent verdict, how many of the repetitions gave
it ("5/5"), and how often each verdict came."""

FEWEST_REPETITIONS = 5
"""Fewer repetitions than this say too little: a verdict that turns in one case of four passes
three of them with 42 %, five with 24 %."""


def count_stable(repetitions: Sequence[DataFrame]) -> DataFrame:
    """Table of `STABILITY_COLUMNS`, one row a claim, from the verdict tables of repetitions.

    A claim that a table lacks counts as not run there.

    Raises
    ------
    InputError
        There are fewer than five tables.
    """
    if len(repetitions) < FEWEST_REPETITIONS:
        raise InputError(
            f"{len(repetitions)} verdict tables were given; stability needs {FEWEST_REPETITIONS} "
            "or more."
        )
    columns = [table.set_index("id")["verdict"] for table in repetitions]
    for column in columns:
        if not column.index.is_unique:
            twice = column.index[column.index.duplicated()][0]
            raise InputError(f"a verdict table has claim {twice} twice; once is allowed.")
    verdicts = pd.concat(columns, axis=1, sort=False).fillna("not run")
    rows = []
    for name, row in verdicts.iterrows():
        counts = row.value_counts()
        # Of two that are equally frequent the first by name, so that the table is repeatable.
        first = min(counts.index, key=lambda verdict: (-counts[verdict], verdict))
        rows.append(
            {
                "id": str(name),
                "verdict": first,
                "stable": f"{counts[first]}/{len(repetitions)}",
                "verdicts": "; ".join(
                    f"{verdict} {counts[verdict]}" for verdict in sorted(counts.index)
                ),
            }
        )
    return DataFrame(rows, columns=list(STABILITY_COLUMNS))
