"""Columns of the tables of pretrained networks, apart from the code that fills them: no torch."""

import numpy as np
from pandas import DataFrame

from maxgain.tables.flags import read_flags

PAPERS_FAMILY = "matconvnet"
"""The family that the paper measured; all others stand in for it."""


JUDGED_FAMILIES = (PAPERS_FAMILY, "torchvision", "carried")
"""Families of trained weights; the first that was measured decides the verdict."""


def judged_rows(
    zoo: DataFrame,
    projection: str,
    image: str = "impulse",
    impulse: str = "centred",
    quantity: str = "gain_db",
) -> DataFrame:
    """Rows of trained networks with a known error and a finite gain, for one kind of probe.

    Parameters
    ----------
    quantity
        The column that must be finite.
    """
    chosen = (zoo["image"] == image) & (zoo["projection"] == projection)
    if image == "impulse":
        chosen &= zoo["impulse"] == impulse
    trained = ~read_flags(zoo["random_weights"])
    known = zoo["top5_error"].notna() & np.isfinite(zoo[quantity].astype(float))
    return zoo[chosen & trained & known & zoo["family"].isin(JUDGED_FAMILIES)]


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
