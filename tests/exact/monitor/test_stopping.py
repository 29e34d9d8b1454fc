"""The stop that a running training gets names epochs of the training, whatever was measured."""

import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame
from torch import nn

from maxgain import GainMonitor, InputError
from maxgain.monitor.stopping import stop_of_records
from maxgain.stopping.registry import RULES
from maxgain.stopping.stop import Stop

COLUMNS = ("gain_db", "sensitivity_db", "saturation_db", "gain_mean_db", "sensitivity_mean_db")
COLUMNS += ("saturation_mean_db",)
USABLE = [
    row.name for row in RULES.rows() if row.draws == 1 and set(row.columns or ()) <= {*COLUMNS}
]

answer: dict[str, int] = {}
"""Rows at which `as_told` stops and which it selects."""


def as_told(table: DataFrame) -> Stop | None:
    if len(table) < answer["halt"]:
        return None
    return Stop(len(table), min(answer["selected"], len(table)), "as told")


def counts_epochs(table: DataFrame) -> Stop:
    return Stop(int(table["epoch"].iloc[-1]), 1, "")


def monitor_of(measure_every: int) -> GainMonitor:
    network = nn.Sequential(nn.Flatten(), nn.Linear(9, 2))
    return GainMonitor(network, (1, 3, 3), impulses=0, measure_every=measure_every)


@given(
    measure_every=st.integers(1, 5),
    first=st.integers(1, 12),
    calls=st.integers(1, 15),
    halt=st.integers(1, 6),
    selected=st.integers(1, 6),
)
@settings(deadline=None, database=None, max_examples=60)
def test_a_stop_names_measured_epochs(
    measure_every: int, first: int, calls: int, halt: int, selected: int
) -> None:
    answer.update(halt=halt, selected=selected)
    monitor = monitor_of(measure_every)
    for epoch in range(first, first + calls):
        monitor.record(epoch)
    measured = [e for e in range(first, first + calls) if (e - 1) % measure_every == 0]
    stop = monitor.should_stop(f"{__name__}:as_told")
    if len(measured) < halt or not measured:
        assert stop is None
        return
    assert stop is not None
    assert stop.halt == measured[-1]
    assert stop.selected == measured[min(selected, len(measured)) - 1]
    assert (type(stop.halt), type(stop.selected)) == (int, int)


def curves(kind: str, sign: int) -> DataFrame:
    """Six quantities that rise or fall to a plateau, turn, or are smooth and then jump."""
    time, place = np.arange(30), 10
    noise = np.random.default_rng(0).normal(size=(len(COLUMNS), time.size))
    shape = {
        "plateau": 3.0 * np.minimum(time, place) + 0.05 * noise,
        "turn": -3.0 * np.abs(time - place) + 0.05 * noise,
        "jumps": np.where(time > place, 20 * noise, 0.1 * noise),
    }[kind]
    table = DataFrame(dict(zip(COLUMNS, sign * shape, strict=True)))
    # So that a rule on both finds its plateau and its fall in one table.
    table["saturation_mean_db"] *= -1
    table.insert(0, "epoch", time + 1)
    return table


@pytest.mark.parametrize("rule", USABLE)
def test_every_rule_says_the_same_of_rows_whose_epochs_are_others(rule: str) -> None:
    stopped = 0
    for kind, sign in product(("plateau", "turn", "jumps"), (-1, 1)):
        table = curves(kind, sign)
        by_rows = stop_of_records(table, rule)
        for measure_every, first in ((1, 4), (2, 1), (3, 7)):
            epochs = first + measure_every * np.arange(len(table))
            found = stop_of_records(table.assign(epoch=epochs), rule)
            assert (found is None) == (by_rows is None)
            if found is None or by_rows is None:
                continue
            stopped += 1
            assert found.halt == epochs[-1]
            assert found.selected == epochs[by_rows.selected - 1]
            words = re.split(r"(?<=epoch )(\d+)", by_rows.reason)
            words[1::2] = [str(epochs[int(row) - 1]) for row in words[1::2]]
            assert found.reason == "".join(words)
    assert stopped > 0


def test_a_rule_that_counts_epochs_is_told_that_rules_count_rows() -> None:
    monitor = monitor_of(2)
    monitor.record(1)
    monitor.record(3)
    with pytest.raises(InputError, match=r"at epoch 3; must be the same\. A rule counts the rows"):
        monitor.should_stop(f"{__name__}:counts_epochs")
    every = monitor_of(1)
    every.record()
    assert every.should_stop(f"{__name__}:counts_epochs") == Stop(1, 1, "")
