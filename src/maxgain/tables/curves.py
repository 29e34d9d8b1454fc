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
"""Columns of a run's history, one row an epoch; errors are fractions from 0 to 1."""

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
"""Columns that every table of curves has."""

RESPONSE_COLUMNS = (
    "sensitivity_db",
    "saturation_db",
    "gain_mean_db",
    "gain_error_db",
    "sensitivity_mean_db",
    "sensitivity_error_db",
    "saturation_mean_db",
    "saturation_error_db",
)
"""Columns that a table of curves may have, dB: sensitivity and saturation at the one impulse of
`gain_db`, then means over several impulses with their standard errors."""

SENSITIVITY_COLUMNS = RESPONSE_COLUMNS[4:]
"""Columns that the rules on sensitivity read, in the order in which they take them."""

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

QUANTITY_COLUMNS = (*HISTORY_COLUMNS[1:], "gain_db", *RESPONSE_COLUMNS)
"""Those of the columns that hold a number an epoch."""
