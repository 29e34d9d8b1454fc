"""The stopping study's committed tables say what was committed to come out of them."""

import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maxgain.monitor.monitor import GainMonitor
from maxgain.stopping.declaration import RANKED
from maxgain.stopping.elsewhere import ALL
from maxgain.stopping.recommended import MONITORED, OTHERS
from maxgain.stopping.registry import RULES, rules_on
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


def test_the_default_of_a_monitor_did_best_and_says_what_it_lost(committed: pd.DataFrame) -> None:
    usable = committed.loc[rules_on(MONITORED)].sort_values(["failed_cells", "mean_regret"])
    ask = GainMonitor.should_stop
    default = inspect.signature(ask).parameters["rule"].default
    assert default == usable.index[0]
    table = pd.read_csv(STUDY / "recommended.csv").set_index(["judged_on", "chosen_on"])
    assert table.loc[(ALL, ALL), "rule"] == default
    said = re.findall(r"(\d\.\d{3}).{0,25}?\[(\d\.\d{3}),\s+(\d\.\d{3})\]", ask.__doc__ or "", re.S)
    expected = [
        committed.loc[default],
        table.loc[(ALL, OTHERS)],
        committed.loc["validation-10-retrain"],
        committed.loc["constant"],
    ]
    assert said == [
        tuple(f"{row[name]:.3f}" for name in ("mean_regret", "low", "high")) for row in expected
    ]
    assert f"In its {committed.loc[default, 'cells']} cells" in (ask.__doc__ or "")
