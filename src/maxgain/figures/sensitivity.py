"""What moves the gain: G = S + C over the epochs, sensitivity and saturation apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray
from pandas import DataFrame

from maxgain.figures.curves import label_factor, name_filters, number_stretches
from maxgain.figures.lines import draw_medians, draw_runs
from maxgain.figures.numbers import check_numbers
from maxgain.figures.palette import TENTH_BLACK, THIRD_BLUE, CurveStyle
from maxgain.figures.scales import find_gain_limits, scale_epochs, scale_gains
from maxgain.figures.style import (
    PAGE_WIDTH,
    add_legend_below,
    label_empty_panel,
    new_figure,
    set_title,
    styled,
)
from maxgain.tables.runs import check_columns, read_data_label

SATURATION_AMBER = "#e69f00"
"""Colour of C, as an area and as a line."""

PARTS = {
    "gain_db": ("G = S + C (dB)", TENTH_BLACK),
    "sensitivity_db": ("S (dB)", THIRD_BLUE),
    "saturation_db": ("C (dB)", SATURATION_AMBER),
}
"""Columns of a table of curves, their axis in this figure, and their colour."""


@dataclass(frozen=True)
class _Column:
    """The runs of one learning rate: `rows` of the table, or why there are none."""

    title: str
    rows: DataFrame
    absent: str


@styled
def draw_sensitivity(*tables: DataFrame) -> Figure:
    """Draw gain, sensitivity and saturation at the default and the highest learning rate.

    G = S + C holds exactly: G is the Maximum Gain at p_c = 1/score, S the same measured of the
    log-odds of the winning class, C = 20 log10(1 - score). Rows of panels have as many dB to the
    inch.

    Parameters
    ----------
    tables
        Tables of curves, one a data set. A table without the columns sensitivity_db and
        saturation_db gives empty panels that say so.

    Raises
    ------
    InputError
        A table is no table of curves.
    """
    columns = [column for table in tables for column in _choose_columns(table)]
    values = {name: _collect(columns, name) for name in PARTS}
    spans = [find_gain_limits(each) for each in values.values()]
    figure = new_figure(PAGE_WIDTH, 5.2)
    labels = [read_data_label(table) for table in tables]
    data = "; ".join(dict.fromkeys(label for label, _ in labels if label))
    title = "Maximum Gain G = sensitivity S + saturation C, one impulse"
    set_title(figure, title, data=data, stand_in=any(stand_in for _, stand_in in labels))
    panels = figure.subplots(
        3,
        len(columns),
        squeeze=False,
        sharey="row",
        height_ratios=[high - low for low, high in spans],
    )
    for column, axes in zip(columns, map(list, panels.T), strict=True):
        axes[0].set_title(column.title)
        if column.absent:
            for panel in axes:
                label_empty_panel(panel, column.absent)
        else:
            _draw_column(axes, column.rows)
        scale_epochs(axes, int(column.rows["epoch"].max()) if len(column.rows) else 0)
    for axes, (name, (label, _)) in zip(panels[:, 0], PARTS.items(), strict=True):
        scale_gains(axes, values[name])
        axes.set_ylabel(label)
        if all(column.absent for column in columns):
            axes.set_yticks([])
    title = "top: one run; below: every run (thin) and their median"
    add_legend_below(figure, panels[0], title)
    return figure


def _choose_columns(table: DataFrame) -> list[_Column]:
    check_columns(table)
    check_numbers(table, PARTS)
    missing = [name for name in PARTS if name not in table]
    absent = "\n".join(["not in the table:", *missing]) if missing else ""
    factors = sorted(set(table["rate_factor"].astype(float)))
    default = [factor for factor in factors if label_factor(factor) == "×1"]
    chosen = dict.fromkeys([*default, *factors[-1:]])
    if not chosen:
        return [_Column("", table, absent or "not run")]
    columns = []
    for factor in chosen:
        rows = table[table["rate_factor"] == factor]
        rate = float(rows["learning_rate"].iloc[0])
        name, filters = str(rows["dataset"].iloc[0]), name_filters(rows)
        # With its filters a name fills the line above a quarter of a page.
        name = f"{name}, {filters}:\n" if filters else f"{name}: "
        title = f"{name}rate {rate:.2g} ({label_factor(factor)})"
        columns.append(_Column(title, rows.sort_values(["seed", "epoch"]), absent))
    return columns


def _collect(columns: Sequence[_Column], name: str) -> Float[ndarray, " values"]:
    """Finite values of a row of panels; the top row has one run's G and S."""
    values = np.zeros(0)
    for column in columns:
        if not column.absent:
            top = name == "gain_db"
            rows = _one_run(column.rows) if top else column.rows
            for part in ("gain_db", "sensitivity_db") if top else (name,):
                values = np.append(values, rows[part].to_numpy(dtype=np.float64))
    return values[np.isfinite(values)]


def _one_run(rows: DataFrame) -> DataFrame:
    run: DataFrame = rows[rows["seed"] == rows["seed"].iloc[0]]
    return run


def _draw_column(panels: Sequence[Axes], rows: DataFrame) -> None:
    """Draw one run stacked, and below it sensitivity and saturation of all."""
    _draw_stack(panels[0], _one_run(rows))
    for axes, name in zip(panels[1:], ("sensitivity_db", "saturation_db"), strict=True):
        values = rows.assign(value=rows[name].astype(float), curve="", column="", part="training")
        values = values[np.isfinite(values["value"])]
        if len(values):
            values["stretch"] = number_stretches(values, ["curve"])
            styles = {"": CurveStyle(PARTS[name][1], "")}
            draw_runs(axes, values, styles)
            draw_medians(axes, values, styles)


def _draw_stack(axes: Axes, run: DataFrame) -> None:
    # Drawn and named by matplotlib: seaborn has no area between two curves, and its lines cross
    # the epochs at which a network was dead or diverged.
    gain, sensitivity = (
        run[name].astype(float).replace([np.inf, -np.inf], np.nan)
        for name in ("gain_db", "sensitivity_db")
    )
    axes.fill_between(
        run["epoch"],
        gain,
        sensitivity,
        color=SATURATION_AMBER,
        alpha=0.35,
        linewidth=0,
        label="C, softmax saturation (area)",
    )
    axes.plot(run["epoch"], sensitivity, color=THIRD_BLUE, label="S, sensitivity in log-odds")
    axes.plot(run["epoch"], gain, color=TENTH_BLACK, label="G, Maximum Gain")
