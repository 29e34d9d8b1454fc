"""Errors of accuracy checks: exact means over made-up trainings; missing and diverged ones."""

import math

import pandas as pd
import pytest

from maxgain.claims.accuracy import summarise_accuracy
from maxgain.config.accuracy import AccuracyCheck
from maxgain.errors import InputError
from maxgain.tables.accuracy import ACCURACY_COLUMNS
from maxgain.tables.curves import CURVE_COLUMNS
from tests.report_folders import curve_rows


def check(seeds: list[int], **keys: object) -> AccuracyCheck:
    return AccuracyCheck(
        **{"dataset": "mnist", "network": "lenet", "learning_rate": 0.05, "epochs": 4},
        **{"schedule": [(2, 1), (1, "1/10")], "seeds": seeds, "source": "an example", **keys},
    )


def trained(last: dict[int, float], epochs: int = 4, stand_in: bool = False) -> pd.DataFrame:
    """Trainings whose error is 0.9 but for the last epoch, by seed."""
    rows = [
        {**row, "validation_error": last[seed] if row["epoch"] == epochs else 0.9}
        for seed in last
        for row in curve_rows(seed=seed, epochs=epochs, stand_in=stand_in)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def test_the_mean_of_the_last_errors_stands_beside_the_published_one() -> None:
    table = trained({0: 0.20, 1: 0.21, 2: 0.22}, stand_in=True)
    row = summarise_accuracy("example", check([0, 1, 2], published_error=20.5), table)
    assert tuple(row) == ACCURACY_COLUMNS
    # Standard error 1/sqrt(3) of a per cent, Student's t of two degrees of freedom at 95 %.
    half = 2.919986 / math.sqrt(3)
    assert row == {
        **{"check": "example", "data": "MNIST", "stand_in": True, "network": "lenet"},
        **{"capacity": 1.0, "learning_rates": "2 x 0.05, 2 x 0.005", "epochs": 4},
        **{"seeds": 3, "diverged": 0, "validation_error": pytest.approx(21)},
        "validation_error_low": pytest.approx(21 - half, abs=1e-5),
        "validation_error_high": pytest.approx(21 + half, abs=1e-5),
        **{"published_error": 20.5, "source": "an example"},
    }


def test_an_error_that_the_source_does_not_state_is_no_number() -> None:
    row = summarise_accuracy("example", check([3]), trained({3: 0.25}))
    assert math.isnan(float(str(row["published_error"])))
    # Of one training there is no interval.
    assert (row["validation_error"], row["seeds"]) == (25, 1)
    assert math.isnan(float(str(row["validation_error_low"])))


def test_a_diverged_training_is_counted_and_has_no_error() -> None:
    row = summarise_accuracy("example", check([0, 1, 2]), trained({0: 0.2, 1: math.nan, 2: 0.3}))
    assert (row["seeds"], row["diverged"]) == (3, 1)
    assert row["validation_error"] == pytest.approx(25)
    assert row["validation_error_low"] == pytest.approx(25 - 6.313752 * 5, abs=1e-4)
    alone = summarise_accuracy("example", check([1]), trained({1: math.nan}))
    assert alone["diverged"] == 1
    assert math.isnan(float(str(alone["validation_error"])))


def test_what_was_not_run_is_said() -> None:
    row = summarise_accuracy("example", check([]), trained({}))
    assert (row["seeds"], row["diverged"], row["data"], row["stand_in"]) == (0, 0, "", False)
    assert math.isnan(float(str(row["validation_error"])))


@pytest.mark.parametrize(
    ("seeds", "epochs", "sentence"),
    [
        ([0, 1, 2], 4, r"has the seeds 0, 2; it must have those of the check, 0, 1, 2\."),
        ([0], 4, r"has the seeds 0, 2; it must have those of the check, 0\."),
        ([2, 0], 3, r"has 3 epochs of seed 0; it must have those of the check, 4\."),
    ],
)
def test_missing_seeds_and_epochs_are_refused(seeds: list[int], epochs: int, sentence: str) -> None:
    with pytest.raises(InputError, match=rf"accuracy/example\.csv {sentence}"):
        summarise_accuracy("example", check(seeds), trained({0: 0.2, 2: 0.3}, epochs))
