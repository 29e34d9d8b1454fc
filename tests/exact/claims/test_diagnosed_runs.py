"""Which trainings the diagnoses count."""

from dataclasses import replace

import pandas as pd

from maxgain.claims.diagnosed_runs import gather_runs
from maxgain.claims.registry import CLAIMS
from maxgain.tables.results import ResultTables
from tests.exact.claims.synthetic import MAKERS, make_toy

D3 = CLAIMS.find("D3")
SWEEP = MAKERS["cifar_rates"](True)
ALONE = ResultTables({"cifar_rates": SWEEP}, make_toy(True))


def with_another(curves: pd.DataFrame) -> ResultTables:
    return replace(ALONE, curves=ALONE.curves | {"another": curves.assign(experiment="another")})


def test_a_training_that_two_experiments_list_counts_once_in_the_sweep() -> None:
    x1 = SWEEP[SWEEP["rate_factor"] == 1]
    whole, part = with_another(x1), with_another(x1[x1["epoch"] <= 30])
    for tables in (whole, part):
        runs = gather_runs(tables, D3)
        assert len(runs) == len(gather_runs(ALONE, D3))
        assert {run.experiment for run in runs} == {"cifar_rates"}


def test_a_training_with_a_schedule_is_another_one() -> None:
    x1 = SWEEP[SWEEP["rate_factor"] == 1].copy()
    x1.loc[x1["epoch"] > 30, ["training_loss", "validation_loss"]] *= 0.5
    runs = gather_runs(with_another(x1), D3)
    assert len(runs) == len(gather_runs(ALONE, D3)) + x1["seed"].nunique()


def test_a_diverged_training_is_compared_up_to_its_end() -> None:
    x4 = SWEEP["rate_factor"] == 4
    sweep = SWEEP.copy()
    sweep.loc[x4 & (sweep["epoch"] > 20), ["training_loss", "validation_loss"]] = float("nan")
    tables = ResultTables(
        {"cifar_rates": sweep, "another": sweep[x4].assign(experiment="another")}, make_toy(True)
    )
    assert len(gather_runs(tables, D3)) == len(gather_runs(ALONE, D3))
