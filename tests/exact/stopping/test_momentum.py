"""The cell without momentum is scored beside the one whose steps are as long in the end."""

import pandas as pd
import pytest

from maxgain.stopping.momentum import COMPARED, MOMENTUM_COLUMNS, compare_momentum
from maxgain.stopping.registry import RULES
from maxgain.stopping.scoring import score_rules
from maxgain.tables.stopping import StudyTables
from tests.exact.stopping.study_by_hand import EPOCHS, study


def with_momentum_and_without() -> StudyTables:
    """mnist at a third of the rate; the same without momentum, where the EB criterion is right.

    With momentum the criterion stops at once; without, at the best epoch, 4. A third training
    lacks momentum's counterpart: another share of wrong labels.
    """
    made = study()
    own = made.runs[made.runs["dataset"] == "mnist"]
    parts = [(made.runs, "", 1), (own, "/without", 4), (own, "/alone", 4)]
    signals, outcomes, runs = [], [], []
    for rows, name, stop in parts:
        for run in rows["run"]:
            signal, outcome = made.of_run(run)
            criterion = [1.0 if epoch >= stop else -1.0 for epoch in range(1, EPOCHS + 1)]
            signals.append(signal.assign(run=run + name, eb_criterion=criterion))
            outcomes.append(outcome.assign(run=run + name))
        if name:
            rows = rows.assign(network="lenet-momentum0", rate_factor=10 / 3, ranked=0)
        runs.append(rows.assign(run=rows["run"] + name))
    runs[2]["noise_rate"] = 0.4
    return StudyTables(*(pd.concat(each, ignore_index=True) for each in (runs, signals, outcomes)))


def test_rules_with_and_without_momentum_by_hand() -> None:
    found = compare_momentum(with_momentum_and_without())
    assert tuple(found) == MOMENTUM_COLUMNS
    assert set(found["dataset"]) == {"mnist"}, "others have no training without momentum"
    counts = found.groupby(["momentum", "noise_rate"])["rule"].apply(list).to_dict()
    assert counts == {key: list(COMPARED) for key in ((0.0, 0.2), (0.0, 0.4), (0.9, 0.2))}
    assert found["seeds"].tolist() == [3] * 12
    alike = found[found["noise_rate"] == 0.2].set_index(["rule", "momentum"])
    assert alike.loc[("eb-criterion", 0.0), "loss_regret"] == pytest.approx(0)
    assert alike.loc[("eb-criterion", 0.9), "loss_regret"] == pytest.approx(0.3)
    assert alike.loc[("eb-criterion", 0.9), "halt"] == 1
    assert alike.loc[("last", 0.0), "loss_regret"] == pytest.approx(0.8)
    # Its signal was not measured, and that is said.
    assert alike.loc[("eb-criterion-batch", 0.0), "failed"] == 1
    assert (alike["rate_factor"].unstack("momentum")[0.0] == 10 / 3).all()
    assert alike["rate_factor"].unstack("momentum")[0.9].to_numpy() == pytest.approx(1 / 3)


def test_steps_of_another_length_are_no_counterpart() -> None:
    tables = with_momentum_and_without()
    tables.runs.loc[tables.runs["ranked"] == 0, "rate_factor"] = 1 / 3
    assert set(compare_momentum(tables)["momentum"]) == {0.0}


def test_a_study_with_momentum_alone_has_nothing_to_compare() -> None:
    found = compare_momentum(study())
    assert tuple(found) == MOMENTUM_COLUMNS
    assert found.empty


def test_such_runs_are_scored_only_where_they_are_asked_for() -> None:
    tables = with_momentum_and_without()
    assert len(score_rules([RULES.find("last")], tables)) == 9
    unranked = tables.runs[tables.runs["ranked"] == 0]
    found = score_rules([RULES.find("last"), RULES.find("constant")], tables, unranked)
    assert set(found["run"]) == set(unranked["run"])
    constant = found[found["rule"] == "constant"]
    assert (constant["failure"] == "the column 'constant_epoch' has no number at any epoch.").all()
