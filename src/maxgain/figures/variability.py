"""Variability against learning rate, for three ways to measure how a network responds."""

import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from pandas import DataFrame

from maxgain.figures.curves import name_filters
from maxgain.figures.numbers import ESTIMATORS, interval_of_seeds
from maxgain.figures.palette import TENTH_BLACK, THIRD_BLUE, CurveStyle
from maxgain.figures.scales import label_decades
from maxgain.figures.style import (
    GREY,
    PAGE_WIDTH,
    add_legend_below,
    label_empty_panel,
    new_figure,
    set_title,
    styled,
)
from maxgain.tables.runs import check_columns, read_data_label

STYLES = dict(
    zip(
        ESTIMATORS.values(),
        (
            CurveStyle(TENTH_BLACK, "o"),
            CurveStyle(THIRD_BLUE, "s"),
            CurveStyle("#009e73", "^"),
        ),
        strict=True,
    )
)
"""Colour and marker of each estimator."""


@styled
def draw_variability(*tables: DataFrame, variabilities: DataFrame) -> Figure:
    """Draw the variability of each estimator against the learning rate, one panel a table.

    Points are geometric means over seeds, bars their 95 % confidence intervals.

    Parameters
    ----------
    tables
        Tables of curves, one a data set.
    variabilities
        What `maxgain.figures.numbers.measure_variabilities` gives of them. An estimator that
        a table has not is named in its panel.

    Raises
    ------
    InputError
        A table is no table of curves.
    """
    for table in tables:
        check_columns(table)
    figure = new_figure(PAGE_WIDTH, 3.2)
    labels = [read_data_label(table) for table in tables]
    set_title(
        figure,
        "Variability from epoch to epoch against learning rate",
        data="; ".join(dict.fromkeys(label for label, _ in labels if label)),
        stand_in=any(stand_in for _, stand_in in labels),
    )
    panels = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0]
    for position, (axes, table) in enumerate(zip(panels, tables, strict=True)):
        rows = variabilities[variabilities["table"] == position]
        # A curve that never moves has no place on a logarithmic axis.
        rows = rows[rows["value"] > 0]
        names = [*table["dataset"].astype(str).unique(), name_filters(table)]
        axes.set_title(", ".join(filter(None, names)))
        if rows.empty:
            label_empty_panel(axes, "no run long enough" if len(table) else "not run")
        else:
            _draw_panel(axes, rows)
            _name_absent(axes, table)
    if (variabilities["value"] > 0).any():
        label_decades(panels[0])  # The others share its axis, whose limits are known by now.
        add_legend_below(figure, panels, _describe_seeds(variabilities))
    panels[0].set_ylabel("variability (dB, log axis)")
    return figure


def _draw_panel(axes: Axes, rows: DataFrame) -> None:
    shown = [name for name in STYLES if (rows["estimator"] == name).any()]
    # On logarithmic axes seaborn averages logarithms: variabilities spread by factors.
    axes.set(xscale="log", yscale="log")
    several = rows.groupby(["estimator", "learning_rate"])["seed"].nunique().max() > 1
    seaborn.lineplot(
        rows,
        x="learning_rate",
        y="value",
        hue="estimator",
        hue_order=shown,
        palette={name: STYLES[name].color for name in shown},
        style="estimator",
        style_order=shown,
        markers={name: STYLES[name].marker for name in shown},
        dashes=False,
        markeredgewidth=0,
        markersize=4.5,
        estimator="mean",
        errorbar=interval_of_seeds if several else None,
        err_style="bars",
        err_kws={"linewidth": 0.8, "capsize": 1.5},
        legend="full",
        ax=axes,
    )
    if legend := axes.get_legend():  # One legend stands below all panels.
        legend.remove()
    axes.set(xlabel="learning rate", ylabel="")
    rates = sorted(rows["learning_rate"].unique())
    axes.set_xticks(rates, [f"{rate:.2g}" for rate in rates], rotation=45, ha="right")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", which="minor", length=0)


def _name_absent(axes: Axes, table: DataFrame) -> None:
    absent = [column for column in ESTIMATORS if column not in table]
    if absent:
        text = f"not in the table: {', '.join(absent)}"
        axes.text(1, 1.01, text, transform=axes.transAxes, ha="right", fontsize=5.5, color=GREY)


def _describe_seeds(variabilities: DataFrame) -> str:
    seeds = variabilities.groupby(["table", "learning_rate"])["seed"].nunique()
    low, high = int(seeds.min()), int(seeds.max())
    if high == 1:
        return "1 seed"
    counted = f"{low} seeds" if low == high else f"{low} to {high} seeds"
    return f"{counted}; geometric mean, 95 % interval"
