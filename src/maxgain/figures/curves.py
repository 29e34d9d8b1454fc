"""An experiment's table made tidy: one row a number, with the panel and the curve it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from maxgain.config.figures import CurvesFigure, Dimension
from maxgain.errors import InputError
from maxgain.tables.runs import QUANTITIES, RUN, check_columns

WHERE = {
    "gain_db": ("gain", "training"),
    "training_loss": ("loss", "training"),
    "validation_loss": ("loss", "validation"),
    "training_error": ("error", "training"),
    "validation_error": ("error", "validation"),
}
"""In which panel and as which part of it a column of the table is drawn."""

CURVE = ["column", "curve"]
"""Columns that tell one curve of a tidy frame from another."""


@dataclass(frozen=True)
class TidyCurves:
    """The curves of one figure.

    Attributes
    ----------
    values
        column, curve, seed, epoch, panel (gain, loss, error), part (training, validation) and
        value: finite numbers only. `stretch` counts the gaps before a row's epoch, so that
        a line that is drawn stretch by stretch does not cross them.
    marks
        column, curve, seed, epoch and kind ("diverged", "dead"): each run's first such epoch.
    runs
        column, curve, seed, learning_rate, epochs: one row a run.
    columns, curves
        Labels of the columns of panels and of the curves of a panel, those without a run included.
    """

    values: DataFrame
    marks: DataFrame
    runs: DataFrame
    columns: tuple[str, ...]
    curves: tuple[str, ...]


def tidy_curves(table: DataFrame, request: CurvesFigure) -> TidyCurves:
    """The curves that are asked for, out of an experiment's table.

    Raises
    ------
    InputError
        The table lacks a column, the runs of one curve differ in more than their seed, or a run's
        epochs are not 1, 2, 3, ...
    """
    check_columns(table)
    for dimension in ("network", "capacity", "rate_factor"):
        table = _choose(table, request, dimension)
    columns = _labels(table, request, request.columns)
    curves = _labels(table, request, request.colours)
    rows = table.assign(
        column=_label_rows(table, request, request.columns),
        curve=_label_rows(table, request, request.colours),
    )
    for _, curve in rows.groupby(CURVE, sort=False):
        _check_curve(curve, request)
    runs = (
        rows.groupby([*CURVE, "seed"], sort=False)
        .agg(learning_rate=("learning_rate", "first"), epochs=("epoch", "max"))
        .reset_index()
    )
    return TidyCurves(_melt(rows), _mark(rows), runs, columns, curves)


def label_factor(value: float) -> str:
    """A factor as people write it: "×1/3", "×0.15", whether the table holds 0.333333 or all of it.

    Factors with one label are one factor.
    """
    fraction = Fraction(value).limit_denominator(64)
    if fraction.numerator == 1 and abs(float(fraction) / value - 1) < 1e-3:
        return f"×{fraction}"
    return f"×{value:.4g}"


def name_filters(table: DataFrame) -> str:
    """How many filters its networks have, "filters ×1/4"; "" where as many as the paper's."""
    labels = dict.fromkeys(map(label_factor, sorted(table["capacity"].astype(float).unique())))
    return "" if set(labels) <= {"×1"} else f"filters {', '.join(labels)}"


def number_stretches(rows: DataFrame, keys: Sequence[str]) -> "Series[int]":
    """How many gaps lie before each row's epoch, among rows that agree in `keys`."""
    epochs = rows[[*keys, "epoch"]].drop_duplicates().sort_values("epoch", kind="stable")
    gap = epochs.groupby(list(keys), sort=False)["epoch"].diff().gt(1)
    epochs["stretch"] = gap.groupby([epochs[key] for key in keys], sort=False).cumsum()
    return rows.merge(epochs, how="left").set_axis(rows.index)["stretch"].astype(int)


def _label(value: str | float, request: CurvesFigure, dimension: Dimension) -> str:
    if dimension == "network":
        return request.names.get(str(value), str(value))
    factor = label_factor(float(value))
    return f"filters {factor}" if dimension == "capacity" else factor


def _label_rows(
    table: DataFrame, request: CurvesFigure, dimension: Dimension | None
) -> "Series[str]":
    if dimension is None:
        return pd.Series("", index=table.index, dtype=str)
    return table[dimension].map(lambda value: _label(value, request, dimension)).astype(str)


def _choose(table: DataFrame, request: CurvesFigure, dimension: Dimension) -> DataFrame:
    chosen = request.chosen(dimension)
    if chosen is None or table.empty:
        return table
    wanted = {_label(value, request, dimension) for value in chosen}
    return table[_label_rows(table, request, dimension).isin(wanted)]


def _labels(
    table: DataFrame, request: CurvesFigure, dimension: Dimension | None
) -> tuple[str, ...]:
    """Labels in the order asked for; otherwise factor 1 first, then as in the table or rising."""
    if dimension is None:
        return ("",)
    chosen: Sequence[str | float] | None = request.chosen(dimension)
    if chosen is None and dimension == "network":
        chosen = [str(name) for name in table[dimension].unique()]
    if chosen is None:
        factors = sorted(float(factor) for factor in table[dimension].unique())
        # A stable sort: factor 1 first, the others as they are.
        ordered: list[float] = sorted(factors, key=lambda factor: label_factor(factor) != "×1")
        chosen = ordered
    labels = [_label(value, request, dimension) for value in chosen]
    return tuple(dict.fromkeys(labels)) or ("",)


def _check_curve(rows: DataFrame, request: CurvesFigure) -> None:
    curve = " ".join(filter(None, rows[CURVE].iloc[0])) or request.experiment
    for name in RUN[:-1]:
        if rows[name].nunique() > 1:
            raise InputError(
                f"the curve '{curve}' has runs with {name} "
                f"{', '.join(str(value) for value in sorted(rows[name].unique()))}; "
                "a curve's runs may differ in their seed only: figures.columns and "
                "figures.colours say what tells curves apart."
            )
    for seed, epochs in rows.groupby("seed")["epoch"]:
        if sorted(epochs) != list(range(1, len(epochs) + 1)):
            raise InputError(
                f"the curve '{curve}' has the epochs {sorted(epochs)[:5]} ... in its run of seed "
                f"{seed}; they must be 1, 2, 3, ..., each once."
            )


def _melt(rows: DataFrame) -> DataFrame:
    values = rows.melt([*CURVE, "seed", "epoch"], list(QUANTITIES), "quantity")
    values["value"] = values["value"].astype(float)
    values = values[np.isfinite(values["value"])]
    values["panel"] = values["quantity"].map(lambda name: WHERE[name][0])
    values["part"] = values["quantity"].map(lambda name: WHERE[name][1])
    values["stretch"] = number_stretches(values, [*CURVE, "quantity"])
    tidy: DataFrame = values.drop(columns="quantity").sort_values("epoch", kind="stable")
    return tidy


def _mark(rows: DataFrame) -> DataFrame:
    """Each run's first epoch of divergence (NaN) and of death (gain of minus infinity)."""
    gain = rows["gain_db"].astype(float)
    loss = rows["training_loss"].astype(float) + rows["validation_loss"].astype(float)
    which = {"diverged": gain.isna() | ~np.isfinite(loss), "dead": np.isneginf(gain)}
    first = [
        rows[chosen].groupby([*CURVE, "seed"], sort=False)["epoch"].min().reset_index()
        for chosen in which.values()
    ]
    both: DataFrame = pd.concat(
        [marks.assign(kind=kind) for kind, marks in zip(which, first, strict=True)],
        ignore_index=True,
    )
    return both
