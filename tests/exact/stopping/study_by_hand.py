"""A made-up study whose regrets are known: the test loss is a V at a known epoch."""

import itertools
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from maxgain.tables.regrets import SCORE_COLUMNS
from maxgain.tables.stopping import HELD_OUT_COLUMNS, StudyTables

EPOCHS = 12
BEST = {"mnist": 4, "cifar10": 6, "fashion-mnist": 8}


def study() -> StudyTables:
    """Nine runs whose test loss is a V at a known epoch, and whose signal is that loss."""
    runs, signals, outcomes = [], [], []
    epochs = np.arange(1, EPOCHS + 1)
    for (dataset, best), seed in itertools.product(BEST.items(), range(3)):
        run = f"{dataset}/seed{seed}"
        runs.append(
            {
                "run": run,
                "dataset": dataset,
                "network": "lenet",
                "training_images": 1000,
                "noise_rate": 0.2,
                "rate_factor": 1 / 3,
                "seed": seed,
                "epochs": EPOCHS,
                "impulses": 9,
                "classes": 10,
                "ranked": 1,
            }
        )
        loss = 1 + 0.1 * np.abs(epochs - best)
        signals.append(pd.DataFrame({"run": run, "epoch": epochs, "gain_db": -20 * loss}))
        outcome = {f"{twin}test_loss_{half}": loss for twin in ("", "twin_") for half in "ab"}
        outcome |= {f"{twin}test_error_{half}": loss / 9 for twin in ("", "twin_") for half in "ab"}
        outcome |= dict.fromkeys(HELD_OUT_COLUMNS, loss)
        outcomes.append(pd.DataFrame({"run": run, "epoch": epochs} | outcome))
    return StudyTables(pd.DataFrame(runs), pd.concat(signals), pd.concat(outcomes))


def scores_of(regrets: Mapping[str, Iterable[float]]) -> pd.DataFrame:
    """Scores of one run in each cell, in six groups of data set and noise."""
    lines = []
    for rule, values in regrets.items():
        for cell, regret in enumerate(values):
            line = dict.fromkeys(SCORE_COLUMNS, 0.0) | {
                "rule": rule,
                "run": f"run{cell}",
                "dataset": ("mnist", "cifar10")[cell % 2],
                "network": f"net{cell}",
                "noise_rate": 0.2 * (cell % 3),
                "failure": "",
                "loss_regret": regret,
            }
            lines.append(line)
    return pd.DataFrame(lines)


def around(regrets: dict[str, float], cells: int = 24) -> pd.DataFrame:
    """Scores with a mean regret for each rule and a spread of a hundredth."""
    random = np.random.default_rng(0)
    return scores_of({rule: mean + random.normal(0, 0.01, cells) for rule, mean in regrets.items()})


def fail(scores: pd.DataFrame, rule: str, cells: Iterable[int]) -> None:
    """Let a rule fail in some of the cells of `scores_of`."""
    there = (scores["rule"] == rule) & scores["run"].isin([f"run{cell}" for cell in cells])
    scores.loc[there, ["loss_regret", "failure"]] = np.nan, "it diverged."
