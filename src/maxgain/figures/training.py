"""Gain, loss and error over the epochs of training: figures 8 to 13, and any experiment's."""

from collections.abc import Mapping, Sequence

from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy import ndarray
from pandas import DataFrame

from maxgain.config.figures import CurvesFigure
from maxgain.figures.curves import TidyCurves, name_filters, tidy_curves
from maxgain.figures.lines import DASHES, draw_medians, draw_runs
from maxgain.figures.palette import ONLY, RATE_STYLES, CurveStyle, choose_styles
from maxgain.figures.scales import scale_epochs, scale_errors, scale_gains, scale_losses
from maxgain.figures.style import (
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    label_empty_panel,
    new_figure,
    set_title,
    styled,
)
from maxgain.tables.runs import read_data_label

PANELS = ("gain", "loss", "error")
"""Rows of panels, from top to bottom."""

DIVERGED, DEAD = ("diverged", "x", 0.985), ("dead", "v", 0.03)
"""Kind of mark, its marker, and its height between the axes' bottom (0) and top (1)."""

MARK_NAMES = {"diverged": "diverged (loss not finite)", "dead": "dead (gain -\N{INFINITY} dB)"}
"""What the legend says of them."""


@styled
def draw_curves(table: DataFrame, request: CurvesFigure) -> Figure:
    """Gain, loss and error of the runs of one experiment (paper, figures 8 to 13).

    Parameters
    ----------
    table
        The experiment's table of curves, one row a run and epoch.
    request
        What to show of it.

    Raises
    ------
    InputError
        The table does not hold what is drawn.
    """
    curves = tidy_curves(table, request)
    styles = choose_curve_styles(request, curves.curves)
    wide = len(curves.columns)
    # Two columns fill three quarters of a page, three and four the page; more need a wider one.
    width = COLUMN_WIDTH if wide == 1 else PAGE_WIDTH * max(min(0.375 * wide, 1), wide / 4)
    figure = new_figure(width, 5.4 if wide == 1 else 4.9)
    data, stand_in = read_data_label(table)
    set_title(figure, _title(request, table), data=data, stand_in=stand_in)
    panels = figure.subplots(3, wide, squeeze=False, sharey="row", height_ratios=(1.35, 1, 1))
    for label, column in zip(curves.columns, map(list, panels.T), strict=True):
        runs = curves.runs[curves.runs["column"] == label]
        column[0].set_title(_name_column(label, request, table, runs))
        if runs.empty:
            for axes in column:
                label_empty_panel(axes)
        else:
            _draw_column(column, curves, label, styles)
        scale_epochs(column, int(runs["epochs"].max()) if len(runs) else 0, request.paper_epochs)
    _scale_rows(list(panels[:, 0]), curves)
    _add_legend(figure, curves, styles)
    return figure


def choose_curve_styles(request: CurvesFigure, curves: Sequence[str]) -> dict[str, CurveStyle]:
    """Style of each curve; the paper's learning-rate factors keep their colours in every figure."""
    if request.colours is None:
        return dict.fromkeys(curves, ONLY)
    return choose_styles(curves, RATE_STYLES if request.colours == "rate_factor" else {})


def _draw_column(
    column: Sequence[Axes], curves: TidyCurves, label: str, styles: Mapping[str, CurveStyle]
) -> None:
    values = curves.values[curves.values["column"] == label]
    marks = curves.marks[curves.marks["column"] == label]
    for axes, panel in zip(column, PANELS, strict=True):
        shown = values[values["panel"] == panel]
        if panel == "gain":
            draw_runs(axes, shown, styles)
        draw_medians(axes, shown, styles)
        for kind, marker, height in (DIVERGED, DEAD) if panel == "gain" else (DIVERGED,):
            for curve, epochs in marks[marks["kind"] == kind].groupby("curve")["epoch"]:
                axes.plot(
                    epochs,
                    [height] * len(epochs),
                    linestyle="none",
                    marker=marker,
                    markersize=4.5,
                    color=styles[str(curve)].color,
                    transform=axes.get_xaxis_transform(),
                    clip_on=False,
                )


def _scale_rows(first: Sequence[Axes], curves: TidyCurves) -> None:
    """Scale the panels of each row, which share the axis of the first of them."""

    def collect(panel: str, curve: str | None = None) -> Float[ndarray, " values"]:
        rows = curves.values[curves.values["panel"] == panel]
        chosen = rows if curve is None else rows[rows["curve"] == curve]
        return chosen["value"].to_numpy()

    gain, loss, error = first
    gain.set_ylabel("Maximum Gain (dB)")
    scale_gains(gain, collect("gain"))
    # The first curve of a column is the one by which the column's others are judged.
    scale_losses(loss, collect("loss"), collect("loss", curves.curves[0]))
    scale_errors(error, collect("error"))
    if curves.runs.empty:
        for axes in first:
            axes.set_yticks([])


def _title(request: CurvesFigure, table: DataFrame) -> str:
    """What is shown; of networks with more or fewer filters than the paper's, how many."""
    title = request.title or f"Experiment {request.experiment}"
    if "capacity" in (request.columns, request.colours) or table["capacity"].nunique() != 1:
        return title
    return ", ".join(filter(None, (title, name_filters(table))))


def _name_column(label: str, request: CurvesFigure, table: DataFrame, runs: DataFrame) -> str:
    """Title of a column of panels: its label, the network, and the rate where it has one alone."""
    if request.columns is None:
        return ""
    networks = [request.names.get(str(name), str(name)) for name in table["network"].unique()]
    parts = [f"learning rate {label}" if request.columns == "rate_factor" else label]
    if request.columns != "network" and len(networks) == 1:
        parts.insert(0, networks[0])
    if request.colours is None and runs["learning_rate"].nunique() == 1:
        parts.append(f"rate {runs['learning_rate'].iloc[0]:.2g}")
    return ", ".join(parts)


def _add_legend(figure: Figure, curves: TidyCurves, styles: Mapping[str, CurveStyle]) -> None:
    """Name curves, dashes and marks, and say what line and band are.

    By hand, as seaborn's legends name neither what was not run nor a diverged run.
    """
    handles = [
        Line2D([], [], color=style.color, marker=style.marker, label=_name_curve(curve, curves))
        for curve, style in styles.items()
        if curve
    ]
    handles += [
        Line2D([], [], color=GREY, linestyle=(0, dashes) if dashes else "-", label=part)
        for part, dashes in DASHES.items()
    ]
    handles += [
        Line2D([], [], color=GREY, linestyle="none", marker=marker, label=MARK_NAMES[kind])
        for kind, marker, _ in (DIVERGED, DEAD)
        if (curves.marks["kind"] == kind).any()
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=2 if len(curves.columns) == 1 else 4,
        title=describe_seeds(curves.runs),
        title_fontsize=6.5,
    )


def _name_curve(curve: str, curves: TidyCurves) -> str:
    rates = curves.runs.loc[curves.runs["curve"] == curve, "learning_rate"].unique()
    if not len(rates):
        return f"{curve} (not run)"
    return f"{curve}, rate {rates[0]:.2g}" if len(rates) == 1 else curve


def describe_seeds(runs: DataFrame) -> str:
    """How many runs a curve has, and what the line and the band are."""
    counts = sorted(set(runs.groupby(["column", "curve"])["seed"].nunique()))
    if not counts:
        return "no run"
    if counts == [1]:
        return "1 seed"
    seeds = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{seeds} seeds; line: median, band: range, thin: each run"
