"""The stopping study's committed tables say what was committed to come out of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maxgain.stopping.declaration import RANKED
from maxgain.stopping.registry import RULES
from maxgain.stopping.scoring import score_rules, summarise
from maxgain.stopping.verdict import GAIN_RULES
from maxgain.tables.stopping import read_study

STUDY = Path(__file__).parents[2] / "results/stopping"


@pytest.fixture(scope="module")
def committed() -> pd.DataFrame:
    return pd.read_csv(STUDY / "regret.csv").set_index("rule")


def test_the_ranked_rules_have_the_committed_regrets(committed: pd.DataFrame) -> None:
    scores = score_rules([RULES.find(name) for name in RANKED], read_study(STUDY))
    found = summarise(scores).set_index("rule")
    for column in ("cells", "mean_regret", "low", "high", "epochs_used", "never_fired"):
        expected = committed.loc[found.index, column].to_numpy(dtype=np.float64)
        np.testing.assert_allclose(found[column].to_numpy(dtype=np.float64), expected, rtol=1e-9)


def test_numbers_are_in_order(committed: pd.DataFrame) -> None:
    """What must hold of any outcome: a broken replay or regret shows here."""
    judged = committed[committed["cells"] > 0]
    assert {*RANKED, *GAIN_RULES, "random"} <= set(judged.index)
    assert (judged["low"] <= judged["mean_regret"]).all()
    assert (judged["mean_regret"] <= judged["high"]).all()
    # To look at held-out images costs less regret than to stop anywhere.
    assert judged.loc["validation-10-retrain", "mean_regret"] < judged.loc["random", "mean_regret"]
    assert judged.loc["last", "epochs_used"] == 1
    # Nobody is right by more than chance allows: the best epoch is known to no rule.
    assert judged["mean_regret"].min() > -0.05
