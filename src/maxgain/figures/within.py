"""Networks of one design that differ in width and resolution alone: gain against either."""

from collections.abc import Mapping

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter
from pandas import DataFrame

from maxgain.figures.probes import draw_nothing
from maxgain.figures.style import GREY, PAGE_WIDTH, new_figure, set_title, styled
from maxgain.tables.zoo import grid_rows, network_means

QUANTITIES = {"gain_db": "Maximum Gain (dB)", "sensitivity_db": "sensitivity (dB)"}

PROBES = {"impulse": "one impulse", "impulses": "mean over impulses"}
"""Values of the column `image`, and what they are called."""

RESOLUTION, WIDTH = "equal resolution", "equal width"
"""Comparisons of zoo_trends.csv."""

SIDE = "side of the input (pixels)"

_MARKERS = ("o", "s", "^", "D", "v", "P")

_STEEPEST_DB = -12.0
"""An octave; no slope is steeper by what docs/method/imagenet.md says of an unnormalised DFT."""


@styled
def draw_within(zoo: DataFrame, trends: DataFrame) -> Figure:
    """Draw gain and sensitivity of a grid of widths and resolutions, at one impulse and at several.

    Left: against the top-5 error, lines joining networks of one resolution. Right: over the
    resolution, lines joining networks of one width; grey lines are slopes of 0 and -12 dB an
    octave.

    Parameters
    ----------
    zoo, trends
        The tables zoo.csv and zoo_trends.csv.
    """
    grids = {image: grid_rows(network_means(zoo, image)) for image in PROBES}
    first = grids["impulse"]
    if first.empty:
        return draw_nothing("Width and resolution: no grid of one design was measured", ())
    figure = new_figure(PAGE_WIDTH, 4.3)
    design, precision = first["design"].iloc[0], first["precision"].iloc[0]
    count = first["name"].nunique()
    title = f"{design}, {precision}: {count} networks that differ in width and resolution alone"
    note = f"ρ: rank correlation with the error at {RESOLUTION} (left) and at {WIDTH} (right)"
    set_title(figure, title, data=note)
    panels = figure.subplots(len(QUANTITIES), 4, sharey=True)
    for row, quantity in zip(panels, QUANTITIES, strict=True):
        for number, (image, grid) in enumerate(grids.items()):
            _draw_lines(row[number], grid, "top5_error", quantity, "resolution", "viridis")
            _draw_over_resolution(row[2 + number], grid, quantity)
            for axes, comparison in ((row[number], RESOLUTION), (row[2 + number], WIDTH)):
                found = _say(trends, comparison, image, quantity)
                axes.set_title(f"{PROBES[image]}\n{found}", fontsize=6)
        row[0].set_ylabel(QUANTITIES[quantity])
    for axes, label in zip(panels[-1], ["top-5 error (%)"] * 2 + [SIDE] * 2, strict=True):
        axes.set_xlabel(label)
    resolutions, widths = (axes.get_legend_handles_labels() for axes in panels[0][[0, 2]])
    figure.legend(*resolutions, loc="outside lower left", ncols=6, title="resolution:")
    figure.legend(*widths, loc="outside lower right", ncols=6, title="width:")
    return figure


def _draw_over_resolution(axes: Axes, grid: DataFrame, quantity: str) -> None:
    axes.set_xscale("log", base=2)
    _draw_lines(axes, grid, "resolution", quantity, "width", "flare")
    sides = np.sort(grid["resolution"].unique())
    axes.xaxis.set_major_locator(FixedLocator(sides.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())
    start = float(grid.loc[grid["resolution"] == sides[0], quantity].mean())
    for slope in (0.0, _STEEPEST_DB):
        ends = start + slope * np.log2(sides[[0, -1]] / sides[0])
        axes.plot(sides[[0, -1]], ends, color=GREY, linewidth=0.7, linestyle="--", zorder=0)


def _draw_lines(axes: Axes, grid: DataFrame, x: str, y: str, lines: str, palette: str) -> None:
    values = sorted(grid[lines].unique())
    names = {value: f"{value:g}" for value in values}
    colors = seaborn.color_palette(palette, len(values))
    seaborn.lineplot(
        grid.assign(line=grid[lines].map(names)),
        x=x,
        y=y,
        hue="line",
        hue_order=list(names.values()),
        palette=dict(zip(names.values(), colors, strict=True)),
        style="line",
        style_order=list(names.values()),
        markers=dict(zip(names.values(), _MARKERS * len(values), strict=False)),
        dashes=False,
        errorbar=None,
        markersize=4.2,
        markeredgewidth=0,
        legend="full",
        ax=axes,
    )
    if legend := axes.get_legend():  # One legend stands below all panels.
        legend.set_visible(False)
    axes.set(xlabel="", ylabel="")


def _say(trends: DataFrame, comparison: str, image: str, quantity: str) -> str:
    """The correlation with the error within strata; nothing where the table does not have it."""
    wanted: Mapping[str, str] = {
        "comparison": comparison,
        "stratum": "",
        "image": image,
        "impulse": "centred",
        "quantity": quantity,
    }
    found = trends[np.logical_and.reduce([trends[key] == value for key, value in wanted.items()])]
    texts = [f"ρ = {rho:.2f}, p = {p:.2g}" for rho, p in found[["rho", "p_value"]].to_numpy()]
    return texts[0] if texts else ""
