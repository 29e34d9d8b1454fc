"""A made-up study whose regrets are known: the test loss is a V at a known epoch."""

import itertools

import numpy as np
import pandas as pd

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
