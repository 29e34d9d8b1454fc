"""How many architectures decide P1: the made-up studies are what they say they are."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from maxgain.tables.zoo import judged_rows
from tests.exact.claims.test_pretrained_claims import BREAKING, ERRORS, OBEYING, zoo_of

trend_power = pytest.importorskip("benchmarks.trend_power")


def rows_of(gains: np.ndarray, architectures: int) -> pd.DataFrame:
    """Rows of nineteen networks of so many architectures."""
    zoo = zoo_of(gains, ERRORS, "onnx-zoo")
    number = zoo["name"].str.split("-").str[2].astype(int) % architectures
    return judged_rows(zoo.assign(architecture="design-" + number.astype(str)), "inverse-score")


def test_a_study_has_whole_architectures_or_one_network_of_each() -> None:
    rows = rows_of(OBEYING, 7)
    whole = trend_power.draw_architectures(rows, 12, np.random.default_rng(0))
    assert whole["architecture"].nunique() == 12
    for label, part in whole.groupby("architecture"):
        original = rows[rows["architecture"] == label.split(" ")[0]]
        assert part["gain_db"].tolist() == original["gain_db"].tolist()
        assert part["top5_error"].tolist() == original["top5_error"].tolist()
    single = trend_power.draw_architectures(rows, 12, np.random.default_rng(0), single=True)
    assert single.groupby("architecture")["name"].nunique().tolist() == [1] * 12
    assert single.groupby("name")["channel"].nunique().tolist() == [3] * 12


def test_errors_go_with_gains_as_closely_as_asked() -> None:
    random = np.random.default_rng(0)
    gains = random.normal(size=40)
    found = [
        stats.spearmanr(gains, trend_power.errors_with_trend(gains, -0.57, random)).statistic
        for _ in range(300)
    ]
    # One draw's standard deviation is about 0.12, so the mean's is 0.007.
    assert np.mean(found) == pytest.approx(-0.57, abs=0.03)


@pytest.mark.parametrize(("gains", "outcome"), [(OBEYING, "holds"), (BREAKING, "fails")])
def test_what_many_architectures_say_is_decided(gains: np.ndarray, outcome: str) -> None:
    rows = rows_of(gains, 19).drop(columns="set")
    assert set(trend_power.outcomes(rows, "P1", "as measured", 12, 3)) == {outcome}
    # Errors of their own are drawn in the world with a trend, whatever was measured.
    assert "fails" not in set(trend_power.outcomes(rows, "P1", "trend", 12, 3))
