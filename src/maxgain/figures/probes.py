"""Which rows of the table of pretrained networks a figure shows, and what it says of the others."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.figures.style import COLUMN_WIDTH, label_empty_panel, new_figure, set_title
from maxgain.tables.flags import read_flags
from maxgain.tables.zoo import DEQUANTISED, PAPERS_SET

IMAGE_LABELS = {"natural": "natural image", "impulse": "impulse"}
"""What the two probes are called."""

_MOST_NAMED = 6


def probe_rows(zoo: DataFrame, image: str) -> DataFrame:
    """Rows of one probe at p_c = 1/score; the impulse is the one after mean subtraction.

    Raises
    ------
    InputError
        A row has no name or no family.
    """
    for column in ("name", "family"):
        if zoo[column].isna().any():
            raise InputError(f"the table of pretrained networks has a row without {column}.")
    rows = zoo[(zoo["image"] == image) & (zoo["projection"] == "inverse-score")]
    return rows[rows["impulse"] == "centred"] if image == "impulse" else rows


def is_random(zoo: DataFrame) -> "pd.Series[bool]":
    """Whether a row is of a network with random weights, a control."""
    return read_flags(zoo["random_weights"])


def is_dequantised(zoo: DataFrame) -> "pd.Series[bool]":
    """Whether a row is of a network with int8 weights, which was measured in float32."""
    return zoo["precision"].fillna("").astype(str).str.startswith(DEQUANTISED)


def stand_in(rows: DataFrame) -> bool:
    """Whether the trained networks of these rows stand in for the paper's: none of them is its."""
    families = rows.loc[~is_random(rows), "family"]
    return len(families) > 0 and PAPERS_SET not in set(families)


def trained_rows(zoo: DataFrame, image: str) -> DataFrame:
    """Rows of one probe whose network is trained and has a known error and a finite gain."""
    rows = probe_rows(zoo, image)
    known = rows["top5_error"].notna() & np.isfinite(rows["gain_db"].astype(float))
    return rows[known & ~is_random(rows)]


def sort_networks(rows: DataFrame) -> DataFrame:
    """One row a network (name, error, gain, random): trained by top-5 error, then the random."""
    networks = (
        rows.assign(random=is_random(rows), gain_db=rows["gain_db"].astype(float))
        .groupby("name", sort=False)
        .agg(error=("top5_error", "first"), gain=("gain_db", "mean"), random=("random", "first"))
        .reset_index()
    )
    return networks.sort_values(["random", "error", "name"], kind="stable")


def describe_missing(missing: Sequence[str]) -> str:
    """The networks that could not be measured, for a title."""
    if not missing:
        return ""
    more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    return f"not measured: {', '.join(missing[:_MOST_NAMED])}{more}"


def draw_nothing(title: str, missing: Sequence[str]) -> Figure:
    """A figure of no network."""
    figure = new_figure(COLUMN_WIDTH, 1.6)
    set_title(figure, title, data=describe_missing(missing))
    label_empty_panel(figure.subplots(), "no network measured")
    return figure
