"""Columns of the tables of pretrained networks, apart from the code that fills them: no torch."""

from pathlib import Path

import numpy as np
from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.files.csv import read_frame
from maxgain.tables.flags import read_flags

PAPERS_SET = "matconvnet"
"""The networks that the paper measured; all others stand in for them."""

JUDGED_SETS = {
    PAPERS_SET: (PAPERS_SET,),
    "torchvision": ("torchvision",),
    "public": ("carried", "onnx-zoo", "manifest"),
}
"""Sets of trained networks and the families in each; the first that was measured decides."""

DEQUANTISED = "int8"
"""A precision that begins so is of 8-bit weights that are measured in float32."""

ZOO_COLUMNS = (
    "name",
    "family",
    "architecture",
    "year",
    "normalisation",
    "precision",
    "resolution",
    "input_std",
    "random_weights",
    "top5_error",
    "image",
    "impulse",
    "places",
    "projection",
    "channel",
    "predicted_class",
    "class_name",
    "score",
    "gain_db",
    "sensitivity_db",
    "saturation_db",
    "data",
)
"""Columns of zoo.csv: one row per network, image, impulse choice, projection and channel.

`family` is the reader's, `architecture` the design; `precision` that in which the weights were
published; `resolution` the side of the input in pixels (of a rectangle, the square root of its
area); `input_std` the std of (x / 255 - mean) / std. `image` is "natural", "impulse" (one, in the
middle) or "impulses" (at random `places`, dB averaged over them, without a class of their own;
their score is the geometric mean). `saturation_db` is empty where it is no part of the gain, under
the projection "log-odds"; under "score" the gain is the sum of sensitivity, saturation and
40 log10(score).
"""

ADDED_COLUMNS: dict[str, str | float] = {
    "architecture": "",
    "year": np.nan,
    "normalisation": "",
    "precision": "",
    "resolution": np.nan,
    "input_std": np.nan,
    "places": 1,
}
"""Columns that tables of older versions lack, and what stands for them."""

_LATER = (*ADDED_COLUMNS, "sensitivity_db", "saturation_db")

_NUMBERS = ("top5_error", "score", "gain_db")
"""Those of the columns of zoo.csv that hold measured numbers, NaN among them."""

_LATER_NUMBERS = ("year", "resolution", "input_std", "places", "sensitivity_db", "saturation_db")

MISSING_COLUMNS = ("name", "reason")
"""Columns of the table of networks that could not be measured."""


def read_zoo(path: Path) -> DataFrame:
    """Table zoo.csv; of one of an older version, columns of `ADDED_COLUMNS` that it lacks are put.

    Where the architecture is not known every network stands for its own. Sensitivity and
    saturation are not made up: a claim that needs them says that they are missing.

    Raises
    ------
    InputError
        The file is missing, is no such table, lacks a column or has text in place of numbers.
    """
    columns = [name for name in ZOO_COLUMNS if name not in _LATER]
    table = read_frame(path, columns, _NUMBERS)
    for name in _LATER_NUMBERS if len(table) else ():
        if name in table and table[name].dtype.kind not in "iuf":
            raise InputError(f"{path}: the column '{name}' holds text; it must hold numbers.")
    table = table.assign(**{k: v for k, v in ADDED_COLUMNS.items() if k not in table})
    # As text, since a column without a value is read as numbers.
    texts = {
        name: table[name].astype(object).where(table[name].notna(), "").astype(str)
        for name in ("architecture", "normalisation", "precision")
    }
    table = table.assign(**texts)
    own = table["architecture"].where(table["architecture"] != "", table["name"])
    return table.assign(architecture=own)


def judged_set(family: str) -> str | None:
    """The set that a family of weights is judged in; None where it is not."""
    return next((name for name, families in JUDGED_SETS.items() if family in families), None)


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

    Returns
    -------
    DataFrame
        With a further column `set`, see `JUDGED_SETS`.
    """
    chosen = (zoo["image"] == image) & (zoo["projection"] == projection)
    if image != "natural":
        chosen &= zoo["impulse"] == impulse
    trained = ~read_flags(zoo["random_weights"])
    known = zoo["top5_error"].notna() & np.isfinite(zoo[quantity].astype(float))
    sets = zoo["family"].map(lambda family: judged_set(str(family)))
    return zoo.assign(set=sets)[chosen & trained & known & sets.notna()]
