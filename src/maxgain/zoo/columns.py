"""Columns of the tables of pretrained networks, apart from the code that fills them: no torch."""

ZOO_COLUMNS = (
    "name",
    "family",
    "random_weights",
    "top5_error",
    "image",
    "impulse",
    "projection",
    "channel",
    "predicted_class",
    "class_name",
    "score",
    "gain_db",
    "data",
)
"""Columns of zoo.csv: one row per network, image, impulse choice, projection and channel."""

ZOO_NUMBERS = ("top5_error", "score", "gain_db")
"""Those of the columns of zoo.csv that hold measured numbers, NaN among them."""

MISSING_COLUMNS = ("name", "reason")
"""Columns of the table of networks that could not be measured."""
