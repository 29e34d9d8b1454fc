"""Figure 7: Maximum Gain against top-5 error, family by family."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from maxgain.figures.labels import POINT_SIZE, label_points
from maxgain.figures.palette import CurveStyle, choose_styles
from maxgain.figures.probes import (
    IMAGE_LABELS,
    describe_missing,
    is_dequantised,
    is_random,
    probe_rows,
    sort_networks,
    stand_in,
    trained_rows,
)
from maxgain.figures.style import (
    GREY,
    PAGE_WIDTH,
    STAND_IN_NETWORKS,
    label_empty_panel,
    new_figure,
    set_title,
    styled,
)
from maxgain.registry import load_function

BOUND_DB = -20.0
"""Section III-D: the best networks lie above about this gain, the worst below."""

CHANNELS = ("red", "green", "blue", "grey")
"""Channels that have a panel, in this order."""


class FamilyStyle(NamedTuple):
    """How a family of weights is drawn in figure 7."""

    label: str
    color: str
    marker: str


def reader_styles() -> dict[str, FamilyStyle]:
    """Style of every family that has a reader, in the order of the table of readers."""
    # Rooms of one floor do not import each other; the table names what it is needed for here.
    readers = load_function("maxgain.zoo.readers.registry:READERS", "families of figure 7").rows()
    return {
        reader.name: FamilyStyle(reader.label or reader.name, reader.colour, reader.marker)
        for reader in readers
    }


@styled
def draw_fig07(
    zoo: DataFrame,
    missing: Sequence[str] = (),
    image: str = "impulse",
    correlations: DataFrame | None = None,
    families: Mapping[str, FamilyStyle] | None = None,
) -> Figure:
    """Draw Maximum Gain against top-5 error, one panel a channel (paper, figure 7).

    Each network is a point with a number, named below; hollow points are networks with int8 weights
    that were measured dequantised. Dotted lines are networks with random weights, which have no
    error to be drawn against.

    Parameters
    ----------
    zoo, missing, image
        As in `maxgain.figures.pretrained.draw_fig06`.
    correlations
        What `maxgain.figures.numbers.correlate_sets` gives, for the legend; None for none.
    families
        Styles of families, the first one's first in the legend; any other takes the next colour.
        None: those of the table of readers.
    """
    rows = trained_rows(zoo, image).astype({"gain_db": float, "top5_error": float})
    networks = [str(name) for name in sort_networks(rows)["name"]]
    judged = 0 if correlations is None else correlations["set"].nunique()
    stands_in = stand_in(rows)
    lines = rows["family"].nunique() + 2 * judged + 3 + stands_in
    key_lines = math.ceil(len(networks) / 4)
    # Panels keep their height, whatever stands above and below them.
    figure = new_figure(PAGE_WIDTH, 2.8 + 0.14 * lines + 0.13 * key_lines)
    title = f"Maximum Gain against top-5 error: {IMAGE_LABELS[image]}, p_c = 1/score"
    data = describe_missing(missing)
    set_title(figure, title, data=data, stand_in=stands_in, banner=STAND_IN_NETWORKS)
    probes = probe_rows(zoo, image)
    controls = probes[is_random(probes)]
    channels = [name for name in CHANNELS if (rows["channel"] == name).any()]
    panels = figure.subplots(1, max(len(channels), 1), sharex=True, sharey=True, squeeze=False)[0]
    if not channels:
        label_empty_panel(panels[0], "no network measured")
        return figure
    styles = choose_family_styles(list(rows["family"].astype(str).unique()), families)
    for axes, channel in zip(panels, channels, strict=True):
        shown = rows[rows["channel"] == channel]
        _draw_families(axes, shown, styles)
        _draw_controls(axes, controls[controls["channel"] == channel])
        axes.set(title=f"{channel} channel", xlabel="top-5 error (%)", ylabel="")
        _name_families(axes, shown, styles, correlations)
    panels[0].set_ylabel("Maximum Gain (dB)")
    numbers = {name: str(number) for number, name in enumerate(networks, 1)}
    _add_key(figure, numbers)
    figure.draw_without_rendering()  # Labels find their places once the panels have theirs.
    for axes, channel in zip(panels, channels, strict=True):
        _number_networks(axes, rows[rows["channel"] == channel], numbers)
    return figure


def choose_family_styles(
    names: Sequence[str], families: Mapping[str, FamilyStyle] | None = None
) -> dict[str, FamilyStyle]:
    """Style of each named family, in the order of `families`, others after them.

    Parameters
    ----------
    families
        None: those of the table of readers.
    """
    families = reader_styles() if families is None else families
    ordered = [name for name in families if name in names]
    ordered += [name for name in names if name not in families]
    known = {name: CurveStyle(style.color, style.marker) for name, style in families.items()}
    chosen = choose_styles(ordered, known)
    return {name: families.get(name) or FamilyStyle(name, *chosen[name]) for name in ordered}


def _draw_families(axes: Axes, rows: DataFrame, styles: Mapping[str, FamilyStyle]) -> None:
    hollow = is_dequantised(rows)
    for part, linewidth in ((rows[~hollow], 0.3), (rows[hollow], 0.9)):
        if part.empty:
            continue
        seaborn.scatterplot(
            part,
            x="top5_error",
            y="gain_db",
            hue="family",
            hue_order=list(styles),
            palette={name: style.color for name, style in styles.items()},
            style="family",
            style_order=list(styles),
            markers={name: style.marker for name, style in styles.items()},
            edgecolor="white",
            linewidth=linewidth,
            s=POINT_SIZE**2,
            legend=False,
            ax=axes,
        )
    if hollow.any():
        points = axes.collections[-1]
        points.set_edgecolor(points.get_facecolor())
        points.set_facecolor("white")
    axes.axhline(BOUND_DB, color=GREY, linewidth=0.7, linestyle="--", zorder=0)


def _draw_controls(axes: Axes, rows: DataFrame) -> None:
    for gain in rows["gain_db"].astype(float):
        if math.isfinite(gain):
            axes.axhline(gain, color="black", linewidth=0.8, linestyle=":", label="control")


def _name_families(
    axes: Axes,
    rows: DataFrame,
    styles: Mapping[str, FamilyStyle],
    correlations: DataFrame | None,
) -> None:
    counts = rows["family"].value_counts()
    handles = [
        _point(style.marker, style.color, style.color, f"{style.label}, n = {counts[family]}")
        for family, style in styles.items()
        if family in counts
    ]
    if hollow := int(is_dequantised(rows).sum()):
        handles.append(_point("o", GREY, "white", f"hollow: int8, dequantised, n = {hollow}"))
    handles.append(Line2D([], [], color=GREY, linewidth=0.7, linestyle="--", label="−20 dB"))
    controls = [line for line in axes.get_lines() if line.get_label() == "control"]
    if controls:
        label = f"random weights, n = {len(controls)}"
        handles.append(Line2D([], [], color="black", linewidth=0.8, linestyle=":", label=label))
    if correlations is not None:
        chosen = correlations[correlations["channel"] == rows["channel"].iloc[0]]
        handles += [
            Line2D([], [], linestyle="none", label=_say(found))
            for found in chosen.itertuples(index=False)
        ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.23), borderaxespad=0.0)


def _point(marker: str, edge: str, face: str, label: str) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker,
        markerfacecolor=face,
        markeredgecolor=edge,
        label=label,
    )


def _number_networks(axes: Axes, rows: DataFrame, numbers: Mapping[str, str]) -> None:
    points = rows[["top5_error", "gain_db"]].to_numpy()
    label_points(axes, points, [numbers[str(name)] for name in rows["name"]])


def _say(found: Any) -> str:  # a row of a frame, which pandas does not type
    """A rank correlation, its 90 % interval over architectures and its p-value, or why none."""
    several = found.architectures > 1
    noun = "architectures" if several else "architecture"
    head = f"{found.set}, {found.networks} of {found.architectures} {noun}:"
    if math.isnan(found.rho):
        why = "ρ undefined without variation" if several else "too few architectures for ρ"
        return f"{head}\n{why}"
    interval = "(no interval)" if math.isnan(found.low) else f"[{found.low:.2f}, {found.high:.2f}]"
    return f"{head}\nρ = {found.rho:.2f} {interval}, p = {found.p_value:.2g}"


def _add_key(figure: Figure, numbers: Mapping[str, str]) -> None:
    """Say below which network a number is, the one of lowest top-5 error first."""
    nothing = Line2D([], [], linestyle="none")
    figure.legend(
        handles=[nothing] * len(numbers),
        labels=[f"{number}  {name}" for name, number in numbers.items()],
        loc="outside lower center",
        ncols=min(4, len(numbers)),
        handlelength=0,
        handletextpad=0,
        columnspacing=1.2,
        fontsize=6,
    )
