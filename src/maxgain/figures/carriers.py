"""What may carry a trend of gain and error: age, normalisation, resolution and input scaling."""

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from maxgain.figures.labels import POINT_SIZE
from maxgain.figures.palette import choose_styles
from maxgain.figures.probes import draw_nothing, is_dequantised
from maxgain.figures.style import PAGE_WIDTH, new_figure, set_title, styled
from maxgain.tables.zoo import JUDGED_SETS, network_means

QUANTITIES = {"gain_db": "Maximum Gain (dB)", "top5_error": "top-5 error (%)"}

FACTORS = {
    "year": "year of the architecture",
    "normalisation": "normalisation",
    "resolution": "side of the input (pixels)",
    "input_std": "std of the input scaling",
}

UNKNOWN = "not known"
"""Normalisation of an architecture of which nobody said it."""


@styled
def draw_carriers(zoo: DataFrame, trends: DataFrame) -> Figure:
    """Draw gain and error of the judged networks against what else they differ in.

    The first of `JUDGED_SETS` that was measured; each architecture has its colour and marker, int8
    networks are hollow. The rank correlations are those of zoo_trends.csv, one network drawn of
    each architecture, with 90 % intervals.

    Parameters
    ----------
    zoo, trends
        The tables zoo.csv and zoo_trends.csv.
    """
    networks = network_means(zoo)
    name = next((name for name in JUDGED_SETS if (networks["set"] == name).any()), None)
    if name is None:
        return draw_nothing("What goes with gain and error: no network was judged", ())
    networks = networks[networks["set"] == name]
    networks = networks.assign(normalisation=networks["normalisation"].replace("", UNKNOWN))
    figure = new_figure(PAGE_WIDTH, 4.6)
    title = "What goes with gain, and what with error: impulse, p_c = 1/score, mean over channels"
    count = networks["architecture"].nunique()
    set_title(figure, title, data=f"{name}: {len(networks)} networks of {count} architectures")
    panels = figure.subplots(len(QUANTITIES), len(FACTORS), sharey="row", sharex="col")
    for row, quantity in zip(panels, QUANTITIES, strict=True):
        for axes, factor in zip(row, FACTORS, strict=True):
            _draw_networks(axes, networks, factor, quantity)
            chosen = (trends["set"] == name) & (trends["against"] == factor)
            _say(axes, trends[chosen & (trends["quantity"] == quantity)])
        row[0].set_ylabel(QUANTITIES[quantity])
    for axes, label in zip(panels[-1], FACTORS.values(), strict=True):
        axes.set_xlabel(label)
    panels[-1][0].xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    panels[-1][1].margins(x=0.2)
    panels[-1][-1].set_xscale("log")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


def _draw_networks(axes: Axes, networks: DataFrame, factor: str, quantity: str) -> None:
    designs = sorted(networks["architecture"].unique())
    styles = choose_styles(designs, {})
    hollow = is_dequantised(networks)
    for part, linewidth in ((networks[~hollow], 0.3), (networks[hollow], 0.9)):
        for design, points in part.groupby("architecture"):
            style = styles[str(design)]
            filled = linewidth < 0.5
            seaborn.scatterplot(
                x=points[factor],
                y=points[quantity],
                color=style.color if filled else "white",
                marker=style.marker,
                edgecolor="white" if filled else style.color,
                linewidth=linewidth,
                s=POINT_SIZE**2,
                legend=False,
                ax=axes,
            )
    for design, style in styles.items():
        axes.plot([], [], linestyle="none", marker=style.marker, color=style.color, label=design)
    axes.set(xlabel="", ylabel="")


def _say(axes: Axes, found: DataFrame) -> None:
    """Write a rank correlation and its interval above a panel."""
    for rho, low, high in found[["rho", "low", "high"]].to_numpy(dtype=float):
        interval = "" if np.isnan(low) else f" [{low:.2f}, {high:.2f}]"
        axes.set_title(f"ρ = {rho:.2f}{interval}", fontsize=6)
