"""What the study's curves are like, apart from any rule."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pandas import DataFrame

from maxgain.stopping.regret import agreement, best_epoch, regret
from maxgain.tables.stopping import StudyTables

VISIBLE_POINT = 0.01
"""Share of errors by which a curve must rise and fall again to descend twice."""


def signal_agreement(tables: StudyTables) -> DataFrame:
    """Kendall's tau of each quantity and the test loss over the epochs of each run.

    Columns run, quantity, tau: a good signal with a bad threshold shows here.
    """
    lines = []
    quantities = [name for name in tables.signals if name not in ("run", "epoch")]
    for run in tables.runs["run"]:
        signals, outcomes = tables.of_run(str(run))
        loss = outcomes[["test_loss_a", "test_loss_b"]].mean(axis=1, skipna=False).to_numpy()
        for name in quantities:
            tau = agreement(signals[name].to_numpy(dtype=np.float64), loss)
            lines.append({"run": run, "quantity": name, "tau": tau})
    return DataFrame(lines, columns=["run", "quantity", "tau"])


def describe_runs(tables: StudyTables) -> DataFrame:
    """What may make a run's regret hard to read.

    Columns run, best_epoch, last_regret (nats), late_best (the best epoch lies in the last tenth:
    the run was too short to overfit), descends_twice (the test error, median of three, rises by
    more than a point and falls by more than a point again).
    """
    lines = []
    for run, epochs in zip(tables.runs["run"], tables.runs["epochs"], strict=True):
        outcomes = tables.of_run(str(run))[1]
        best = best_epoch(outcomes)
        error = outcomes[["test_error_a", "test_error_b"]].mean(axis=1).rolling(3).median()
        lines.append(
            {
                "run": run,
                "best_epoch": best,
                "last_regret": regret(outcomes, len(outcomes), "loss"),
                "late_best": best > 0.9 * epochs,
                "descends_twice": descends_twice(error.dropna().to_numpy(dtype=np.float64)),
            }
        )
    return DataFrame(lines)


def descends_twice(error: Float[ndarray, " epochs"]) -> bool:
    """Whether an epoch's error lies visibly above an earlier one and above a later one."""
    risen = error - np.minimum.accumulate(error) > VISIBLE_POINT
    falls = error - np.minimum.accumulate(error[::-1])[::-1] > VISIBLE_POINT
    return bool((risen & falls).any())
