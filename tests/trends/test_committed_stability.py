"""The committed count of how often verdicts were the same under disturbed weights."""

import re

import pandas as pd

from maxgain.claims.stability import FEWEST_REPETITIONS
from maxgain.tables.verdicts import read_verdicts
from tests.trends.reference import REPOSITORY


def test_no_verdict_turned_into_its_opposite_under_rounding() -> None:
    table = pd.read_csv(REPOSITORY / "results/embedded/stability.csv", index_col="id")
    verdicts = read_verdicts(REPOSITORY / "results/embedded/verdicts.csv")
    assert set(table.index) == set(verdicts["id"])
    for row in table.itertuples():
        found = re.findall(r"([a-z ]+) (\d+)", row.verdicts)
        counts = {verdict.strip(): int(count) for verdict, count in found}
        assert sum(counts.values()) >= FEWEST_REPETITIONS
        assert row.stable == f"{counts[row.verdict]}/{sum(counts.values())}"
        assert not {"seen", "not seen"} <= counts.keys()
        assert not {"reproduced", "not reproduced"} <= counts.keys()
