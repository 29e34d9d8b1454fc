"""Columns of the tables of pretrained networks, apart from the code that fills them: no torch."""

import re
from pathlib import Path

import numpy as np
from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.files.csv import read_frame, texts_of
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

TREND_COLUMNS = (
    "set",
    "comparison",
    "stratum",
    "quantity",
    "against",
    "image",
    "impulse",
    "networks",
    "groups",
    "rho",
    "low",
    "high",
    "p_value",
    "db_per_octave",
)
"""Columns of zoo_trends.csv: rank correlations over the networks of one of `JUDGED_SETS`.

`comparison` is "between architectures" (one network drawn of each), "within architectures", or, of
the grid of one design, "equal resolution" and "equal width"; with a `stratum` of that comparison
the row is of it alone. `quantity` (mean over channels) is correlated with `against`; `image` and
`impulse` are as in zoo.csv. `groups` counts architectures or strata. `low` and `high` are 90 %
bounds; `p_value` is one-sided, for a negative correlation with the top-5 error. `db_per_octave`
is the slope over the resolution of the networks of one width.
"""


QUANTITIES = ("gain_db", "sensitivity_db")
"""Columns of zoo.csv that may go with the error."""

FACTORS = ("year", "resolution", "input_std")
"""Columns of zoo.csv that may go with gain and error."""


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
    texts = ["architecture", "normalisation", "precision"]
    table[texts] = texts_of(table, texts)
    own = table["architecture"].where(table["architecture"] != "", table["name"])
    return table.assign(architecture=own)


def read_trends(path: Path) -> DataFrame:
    """Table zoo_trends.csv, see `TREND_COLUMNS`; what is empty in a column of text is "".

    Raises
    ------
    InputError
        The file is missing, is no such table, lacks a column or has text in place of numbers.
    """
    table = read_frame(path, TREND_COLUMNS, TREND_COLUMNS[7:])
    return table.assign(**{name: table[name].map(_text_of) for name in TREND_COLUMNS[:7]})


def _text_of(value: object) -> str:
    """A value as the table has it: a column of strata alone is read as numbers."""
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:g}"
    return str(value)


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


def network_means(zoo: DataFrame, image: str = "impulse", impulse: str = "centred") -> DataFrame:
    """One row a judged network at a probe: gain and sensitivity are means over channels, in dB.

    Sensitivity is NaN where the table does not have it.
    """
    rows = judged_rows(zoo, "inverse-score", image, impulse)
    means = {name: (name, "mean") for name in QUANTITIES if name in rows}
    same = ("set", "architecture", "precision", "normalisation", *FACTORS, "top5_error")
    first = {name: (name, "first") for name in same}
    networks = rows.groupby("name", sort=False).agg(**first, **means).reset_index()
    return networks.assign(**{name: np.nan for name in QUANTITIES if name not in networks})


_GRID_NAME = re.compile(r"(?P<design>.+?)_(?P<width>\d\.\d+)_(?P<side>\d{2,4})(?!\d)")


def grid_rows(rows: DataFrame) -> DataFrame:
    """Rows of the networks that form the largest grid of widths and resolutions of one design.

    Such networks are called DESIGN_WIDTH_RESOLUTION, as "mobilenet_v1_0.25_128_int8", and are alike
    in precision.

    Returns
    -------
    DataFrame
        With further columns `design`, `width`; empty where no design has two or more of both.
    """
    parts = rows["name"].astype(str).str.extract(_GRID_NAME)
    rows = rows.assign(design=parts["design"], width=parts["width"].astype(float))
    rows = rows[rows["width"].notna()]
    grids = [
        grid
        for _, grid in rows.groupby(["design", "precision"], sort=False)
        if min(grid["width"].nunique(), grid["resolution"].nunique()) > 1
    ]
    return max(grids, key=lambda grid: grid["name"].nunique(), default=rows.iloc[:0])
