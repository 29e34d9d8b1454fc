"""Rules of users are fed prefixes and no more, and what they get wrong is said."""

import math

import numpy as np
import pandas as pd
import pytest

from maxgain.errors import InputError
from maxgain.stopping.registry import RULES
from maxgain.stopping.replay import Replayed, RuleFailedError, bound_rules, replay, replay_row
from maxgain.stopping.row import StopRule
from maxgain.stopping.stop import Stop
from maxgain.tables.stopping import OUTCOME_COLUMNS

SIGNALS = pd.DataFrame({"run": "r", "epoch": [1, 2, 3, 4], "training_loss": [2.0, 1, 0.5, 0.05]})
OUTCOMES = pd.DataFrame({name: [0.5] * 4 for name in OUTCOME_COLUMNS}).assign(epoch=[1, 2, 3, 4])


def raises(table: pd.DataFrame) -> Stop | None:
    if len(table) == 3:
        raise ValueError("no idea\nsecond line")
    return None


def late(table: pd.DataFrame) -> Stop | None:
    return Stop(2, 1, "should have") if len(table) == 4 else None


def future(table: pd.DataFrame) -> Stop | None:
    return Stop(2, 3, "") if len(table) == 2 else None


def before_the_start(table: pd.DataFrame) -> Stop | None:
    return Stop(len(table), 0, "")


def not_a_number(table: pd.DataFrame) -> Stop | None:
    return Stop(len(table), table["training_loss"].iloc[-1] * math.nan, "")


def other_answer(table: pd.DataFrame) -> bool:
    return len(table) == 2


def spoils(table: pd.DataFrame) -> Stop | None:
    table["training_loss"] = 0.0
    return Stop(len(table), 1, "") if len(table) == 4 else None


def sees(table: pd.DataFrame) -> Stop | None:
    raise RuntimeError(" ".join(table.columns))


def numpy_epochs(table: pd.DataFrame) -> Stop | None:
    return Stop(np.int64(len(table)), np.int64(1), "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (raises, "it raised ValueError at epoch 3: no idea."),
        (late, "it said at epoch 4 to stop at epoch 2; must be the same."),
        (future, "it selected the epoch 3 at epoch 2; allowed are 1 to 2."),
        (before_the_start, "it selected the epoch 0 at epoch 1; allowed are 1 to 1."),
        (other_answer, "it answered False at epoch 1; allowed are None and a Stop."),
    ],
)
def test_what_a_rule_gets_wrong_is_said(rule: object, sentence: str) -> None:
    with pytest.raises(RuleFailedError) as caught:
        replay(rule, SIGNALS)  # type: ignore[arg-type]
    assert str(caught.value) == sentence


def test_an_epoch_that_is_no_number_is_refused(unchecked_annotations: None) -> None:
    with pytest.raises(RuleFailedError):
        replay(not_a_number, SIGNALS)


def test_whole_numbers_of_numpy_are_epochs(unchecked_annotations: None) -> None:
    found = replay(numpy_epochs, SIGNALS)
    assert found == Stop(1, 1, "")
    assert type(found.selected) is int


def test_a_rule_cannot_change_the_table() -> None:
    before = SIGNALS.copy()
    assert replay(spoils, SIGNALS) == Stop(4, 1, "")
    pd.testing.assert_frame_equal(SIGNALS, before)


def test_a_rule_sees_one_more_epoch_each_time() -> None:
    lengths: list[list[int]] = []

    def watches(table: pd.DataFrame) -> Stop | None:
        lengths.append(table["epoch"].tolist())
        return None

    assert replay(watches, SIGNALS) is None
    assert lengths == [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]


def test_a_users_rule_sees_all_quantities_and_no_outcome() -> None:
    row = RULES.find(f"{__name__}:sees")
    assert isinstance(row, StopRule)
    (found,) = replay_row(row, SIGNALS, OUTCOMES, {})
    assert found.failure == "it raised RuntimeError at epoch 1: epoch training_loss."


def test_missing_and_empty_columns_are_failures_of_the_rule() -> None:
    (found,) = replay_row(RULES.find("eb-criterion"), SIGNALS, OUTCOMES, {})
    assert found == Replayed(0, None, "the table has no column 'eb_criterion'.")
    (found,) = replay_row(RULES.find("constant"), SIGNALS, OUTCOMES, {})
    assert found.failure == "the column 'constant_epoch' has no number at any epoch."
    draws = replay_row(RULES.find("credibility-drawn"), SIGNALS, OUTCOMES, {})
    assert len(draws) == 50
    assert {found.failure for found in draws} == {"the table has no column 'credibility'."}


def test_a_rule_of_no_name_and_no_function_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'label-wave-3'"):
        RULES.find("label-wave3")
    with pytest.raises(InputError, match="cannot be imported"):
        bound_rules(RULES.find("no_such_module_here:rule"))
