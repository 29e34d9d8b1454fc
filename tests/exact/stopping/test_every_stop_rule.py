"""Every registered rule is held to its word: what comes later never changes its answer."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from maxgain.quantities.registry import QUANTITIES, columns_of
from maxgain.stopping.registry import CONTEXT_COLUMNS, RULES
from maxgain.stopping.replay import bound_rules, replay
from maxgain.stopping.row import StopRule
from maxgain.stopping.stop import Stop
from maxgain.tables.stopping import HELD_OUT_COLUMNS

EPOCHS = 22

numbers = st.one_of(
    st.floats(-100, 100), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, 1.0])
)
anything = arrays.arrays(np.float64, EPOCHS, elements=numbers)


@st.composite
def typical_curves(draw: st.DrawFn) -> np.ndarray:
    """Curves on which rules stop: rise and plateau, turn, or smooth and then jumping."""
    noise = np.random.default_rng(draw(st.integers(0, 10**6))).normal(size=EPOCHS)
    time, place = np.arange(EPOCHS), draw(st.integers(3, 16))
    kind = draw(st.sampled_from(["plateau", "turn", "jumps"]))
    sign, scale = draw(st.sampled_from([-1, 1])), draw(st.floats(0.001, 1))
    shape = {
        "plateau": np.minimum(time, place) + scale * noise / 10,
        "turn": np.abs(time - place) + scale * noise / 10,
        "jumps": np.where(time > place, 20 * noise, 0.1 * noise),
    }[kind]
    return sign * scale * shape


@st.composite
def tables_alike_until(draw: st.DrawFn, row: StopRule) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Two tables of a rule's columns that are the same up to an epoch, and that epoch."""
    cut = draw(st.integers(1, EPOCHS))
    first = pd.DataFrame({"epoch": np.arange(1, EPOCHS + 1)})
    second = first.copy()
    for name in row.columns or columns_of(QUANTITIES.names()):
        if name in CONTEXT_COLUMNS:
            first[name] = second[name] = draw(st.integers(1, EPOCHS))
            continue
        curve = draw(st.one_of(anything, typical_curves()))
        other = np.concatenate([curve[:cut], draw(anything)[cut:]])
        first[name], second[name] = curve, other
    return first, second, cut


def assert_keeps_its_word(
    rule: Callable[[pd.DataFrame], Stop | None],
    first: pd.DataFrame,
    second: pd.DataFrame,
    cut: int,
) -> None:
    answers = [replay(rule, table) for table in (first, second, first)]
    until_cut = [answer if answer and answer.halt <= cut else None for answer in answers]
    assert until_cut[0] == until_cut[1] == until_cut[2]
    assert answers[0] == answers[2], "another answer for the same training"
    for answer in answers:
        assert answer is None or 1 <= answer.selected <= answer.halt <= EPOCHS


@pytest.mark.parametrize("name", RULES.names())
def test_later_epochs_never_change_the_answer(name: str) -> None:
    row = RULES.find(name)
    # Wrappers of one function differ in the column's name alone: one signal's are tried hard.
    tries = 2 if row.kind == "signal" and row.columns != ("gain_db",) else 10

    @given(tables=tables_alike_until(row))
    @settings(max_examples=tries, deadline=None, database=None)
    def holds(tables: tuple[pd.DataFrame, pd.DataFrame, int]) -> None:
        draws = bound_rules(row, EPOCHS)
        for rule in draws[:: max(1, len(draws) // 3)]:
            assert_keeps_its_word(rule, *tables)

    holds()


@pytest.mark.parametrize("name", RULES.names())
def test_rule_leaves_the_table_as_it_was(name: str) -> None:
    row = RULES.find(name)
    table = pd.DataFrame({"epoch": np.arange(1, 15)})
    for column in row.columns or ():
        table[column] = np.linspace(0.5, 12, 14)
    before = table.copy()
    bound_rules(row)[0](table)
    pd.testing.assert_frame_equal(table, before)


def test_rule_with_a_memory_of_what_came_later_is_found_out() -> None:
    seen: list[float] = []

    def remembers(table: pd.DataFrame) -> Stop | None:
        best = min(seen, default=math.nan)
        seen.append(table["loss"].iloc[-1])
        return Stop(len(table), len(table), "") if table["loss"].iloc[-1] == best else None

    first = pd.DataFrame({"epoch": range(1, EPOCHS + 1), "loss": np.linspace(2, 1, EPOCHS)})
    second = first.assign(loss=np.where(first["epoch"] > 10, 5.0, first["loss"]))
    with pytest.raises(AssertionError):
        assert_keeps_its_word(remembers, first, second, 10)


def test_every_rule_sees_only_columns_that_exist() -> None:
    known = {*columns_of(QUANTITIES.names()), *HELD_OUT_COLUMNS, *CONTEXT_COLUMNS}
    # The distance between two trainings is no quantity of one snapshot.
    known.add("counterfactual_distance")
    for row in RULES.rows():
        assert row.columns is not None
        assert set(row.columns) <= known, row.name


def test_only_reference_rules_see_held_out_losses() -> None:
    for row in RULES.rows():
        sees = bool(set(row.columns or ()) & set(HELD_OUT_COLUMNS))
        assert sees == (row.kind == "reference"), row.name
        assert row.weights == "run" or sees, row.name
