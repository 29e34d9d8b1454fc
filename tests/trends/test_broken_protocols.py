"""The regression test passes on the same protocol disturbed, and fails on broken ones.

Broken results are made from committed ones by the mistake itself: another run's rows, another
epoch's gain, another image set's losses.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame

from maxgain.claims.judge import judge
from maxgain.claims.regression import find_worse_claims
from maxgain.statistics.decisions import FEWEST_TRAININGS
from maxgain.tables.results import ResultTables, read_result_tables
from tests.trends.reference import PROTOCOLS, REPOSITORY

RUN = ["network", "capacity", "rate_factor", "seed"]
EXPERIMENT = "mnist_rates"


def use_a_tenth_of_the_rate(table: DataFrame) -> DataFrame:
    """The runs at x1 as a learning rate a factor 10 too low makes them."""
    measured = [name for name in table if name.endswith(("_loss", "_error", "_db"))]
    default = np.isclose(table["rate_factor"], 1)
    tenth = table[np.isclose(table["rate_factor"], 0.1)].set_index(["seed", "epoch"])[measured]
    places = pd.MultiIndex.from_frame(table.loc[default, ["seed", "epoch"]])
    broken = table.copy()
    broken.loc[default, measured] = tenth.reindex(places).to_numpy()
    return broken


def measure_gain_of_another_epoch(table: DataFrame) -> DataFrame:
    """Every gain is that of the snapshot seven epochs before, the first ones of the last."""
    table = table.sort_values([*RUN, "epoch"])
    gains = table.groupby(RUN)["gain_db"].transform(lambda gain: np.roll(gain.to_numpy(), 7))
    return table.assign(gain_db=gains)


def order_snapshots_backwards(table: DataFrame) -> DataFrame:
    """Snapshots sorted the wrong way round."""
    table = table.sort_values([*RUN, "epoch"])
    gains = table.groupby(RUN)["gain_db"].transform(lambda gain: gain.to_numpy()[::-1])
    return table.assign(gain_db=gains)


def validate_on_the_training_set(table: DataFrame) -> DataFrame:
    """Validation loss and error are those of the training images."""
    return table.assign(
        validation_loss=table["training_loss"], validation_error=table["training_error"]
    )


BROKEN: list[Callable[[DataFrame], DataFrame]] = [
    use_a_tenth_of_the_rate,
    measure_gain_of_another_epoch,
    order_snapshots_backwards,
    validate_on_the_training_set,
]


@pytest.fixture(params=PROTOCOLS)
def folder(request: pytest.FixtureRequest) -> Path:
    """A committed results folder with enough seeds to tell noise from mistakes."""
    found: Path = REPOSITORY / "results" / request.param
    if not found.is_dir() or EXPERIMENT not in read(found).curves:
        pytest.skip(f"REGRESSION NOT SHOWN: {found.name} has no {EXPERIMENT}")
    if read(found).curves[EXPERIMENT]["seed"].nunique() < FEWEST_TRAININGS:
        pytest.skip(f"REGRESSION NOT SHOWN: {found.name} has fewer than five seeds")
    return found


@cache
def read(folder: Path) -> ResultTables:
    return read_result_tables(folder)


@cache
def judge_whole(folder: Path) -> DataFrame:
    return judge(read(folder))


def judge_changed(folder: Path, change: Callable[[DataFrame], DataFrame]) -> DataFrame:
    tables = read(folder)
    curves = {**tables.curves, EXPERIMENT: change(tables.curves[EXPERIMENT])}
    return judge(ResultTables(curves, tables.toy, tables.zoo))


@pytest.mark.parametrize("change", BROKEN, ids=lambda change: change.__name__)
def test_a_broken_protocol_is_worse(folder: Path, change: Callable[[DataFrame], DataFrame]) -> None:
    worse = find_worse_claims(judge_whole(folder), judge_changed(folder, change))
    assert worse
    if change is not validate_on_the_training_set:
        assert any("claimed" in how for how in worse.values()), "seen in effects, not labels alone"


def test_results_against_themselves_are_no_worse(folder: Path) -> None:
    assert find_worse_claims(judge_whole(folder), judge_changed(folder, lambda t: t)) == {}


@pytest.mark.parametrize("seed", range(3))
def test_disturbed_results_are_no_worse(folder: Path, seed: int) -> None:
    """What rounding leaves after some epochs: 0.1 dB, 0.5 % of losses and errors."""

    def disturb(table: DataFrame) -> DataFrame:
        random = np.random.default_rng(seed)
        noise = {name: random.normal(size=len(table)) for name in table}
        # The gain is the sum of two columns, and stays it.
        disturbed = [name for name in ("gain_db", "sensitivity_db") if name in table]
        changed = {name: table[name] + 0.1 * noise["gain_db"] for name in disturbed}
        for name in ("training_loss", "validation_loss", "training_error", "validation_error"):
            changed[name] = table[name] * (1 + 0.005 * noise[name])
        return table.assign(**changed)

    changed = judge_changed(folder, disturb)
    assert find_worse_claims(judge_whole(folder), changed) == {}
    assert not changed.equals(judge_whole(folder))
