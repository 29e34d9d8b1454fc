"""Columns of the tables that a run writes, apart from the code that fills them: no torch here."""

HISTORY_COLUMNS = (
    "epoch",
    "epoch_learning_rate",
    "training_loss",
    "validation_loss",
    "training_error",
    "validation_error",
    "training_top5_error",
    "validation_top5_error",
)


CURVE_COLUMNS = (
    "experiment",
    "dataset",
    "data",
    "stand_in",
    "network",
    "capacity",
    "rate_factor",
    "learning_rate",
    "seed",
    "precision",
    "device",
    *HISTORY_COLUMNS,
    "gain_db",
)


CURVE_NUMBERS = (
    "capacity",
    "rate_factor",
    "learning_rate",
    "seed",
    *HISTORY_COLUMNS,
    "gain_db",
)
"""Those of the columns of a table of curves that hold numbers, NaN and infinities among them."""


RUN_NUMBERS = ("capacity", "rate_factor", "learning_rate", "seed", "epoch")
"""Those of the numbers that say which run and epoch a row is of: always finite."""
