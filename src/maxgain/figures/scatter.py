"""Figure 7: Maximum Gain against top-5 error, family by family."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
import numpy as np
import pandas as pd
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy import ndarray
from pandas import DataFrame
from maxgain.statistics.correlation import correlate_ranks
from maxgain.tables.zoo import judged_rows
from maxgain.errors import InputError
from maxgain.figures.style import COLUMN_WIDTH, GREY, PAGE_WIDTH, label_empty_panel, new_figure, set_title, styled
from maxgain.figures.pretrained import IMAGE_LABELS
from maxgain.figures.pretrained import is_random
from maxgain.figures.pretrained import describe_missing


class FamilyStyle(NamedTuple):
    """How a family of weights is drawn in figure 7."""

    label: str
    color: str
    marker: str


FAMILY_STYLES: dict[str, FamilyStyle] = {
    "matconvnet": FamilyStyle("MatConvNet (the paper's set)", "#d62728", "o"),
    "torchvision": FamilyStyle("torchvision", "#1f5fbf", "s"),
    "carried": FamilyStyle("carried by packages", "#e69f00", "^"),
}


@styled
def draw_fig07(zoo: DataFrame, missing: Sequence[str] = (), image: str = "impulse") -> Figure:
    """Draw Maximum Gain against top-5 error, one panel a channel (paper, figure 7).

    Parameters as in `draw_fig06`. The legend gives Spearman's rank correlation of each family with
    its 95 % bootstrap interval; dotted lines are networks with random weights, which have no error
    to be drawn against.
    """
    figure = new_figure(PAGE_WIDTH, 3.4)
    title = f"Maximum Gain against top-5 error: {IMAGE_LABELS[image]}, p_c = 1/score"
    set_title(figure, title, data=describe_missing(missing))
    judged = judged_rows(zoo, "inverse-score", image)
    controls = _control_rows(zoo, image)
    channels = [
        name for name in ("red", "green", "blue", "grey") if (judged["channel"] == name).any()
    ]
    panels = figure.subplots(1, max(len(channels), 1), sharey=True, squeeze=False)[0]
    if not channels:
        label_empty_panel(panels[0], "no network measured")
        return figure
    for axes, channel in zip(panels, channels, strict=True):
        axes.set_title(f"{channel} channel")
        _draw_families(axes, judged[judged["channel"] == channel])
        _draw_controls(axes, controls[controls["channel"] == channel])
        axes.axhline(-20, color=GREY, linewidth=0.7, linestyle="--", zorder=0)
        axes.annotate(
            "−20 dB",
            (1, -20),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
            fontsize=5.5,
            color=GREY,
        )
        axes.set_xlabel("top-5 error (%)")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.23), borderaxespad=0.0)
    panels[0].set_ylabel("Maximum Gain (dB)")
    return figure


def _draw_families(axes: Axes, rows: DataFrame) -> None:
    for family, style in FAMILY_STYLES.items():
        networks = rows[rows["family"] == family]
        if networks.empty:
            continue
        gains = networks["gain_db"].to_numpy(dtype=np.float64)
        errors = networks["top5_error"].to_numpy(dtype=np.float64)
        found = correlate_ranks(gains, errors)
        interval = (
            "no interval" if found.ci_low is None else f"[{found.ci_low:.2f}, {found.ci_high:.2f}]"
        )
        axes.plot(
            errors,
            gains,
            style.marker,
            color=style.color,
            markeredgecolor="white",
            markeredgewidth=0.3,
            markersize=4.5,
            label=f"{style.label}, n = {found.networks}\nρ = {found.rho:.2f}, {interval}",
        )


def _draw_controls(axes: Axes, rows: DataFrame) -> None:
    for number, gain in enumerate(rows["gain_db"].to_numpy(dtype=np.float64)):
        if math.isfinite(gain):
            label = f"random weights, n = {len(rows)}" if number == 0 else None
            axes.axhline(gain, color="black", linewidth=0.8, linestyle=":", label=label)


def _control_rows(zoo: DataFrame, image: str) -> DataFrame:
    chosen = (zoo["image"] == image) & (zoo["projection"] == "inverse-score")
    if image == "impulse":
        chosen &= zoo["impulse"] == "centred"
    return zoo[chosen & is_random(zoo)]
