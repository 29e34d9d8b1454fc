"""Columns of accuracy.csv: errors of networks trained as public examples train them."""

ERROR_COLUMNS = (
    "validation_error",
    "validation_error_low",
    "validation_error_high",
    "published_error",
)
"""Percent: the error after the last epoch, mean over the trainings that did not diverge, and the
ends of its 90 % interval over seeds, NaN with one; the error that the source states, NaN where it
states none."""

ACCURACY_COLUMNS = (
    "check",
    "data",
    "stand_in",
    "network",
    "capacity",
    "learning_rates",
    "epochs",
    "seeds",
    "diverged",
    *ERROR_COLUMNS,
    "source",
)
"""In this order, one row a check. `learning_rates` are epochs and rates in words, `seeds` the
number of trainings, 0 where the check was not run, `diverged` those of them whose last error is no
finite number."""

ACCURACY_NUMBERS = ("capacity", "epochs", "seeds", "diverged", *ERROR_COLUMNS)
"""Those of the columns that hold numbers."""
