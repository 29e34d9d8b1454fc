"""Figures 8 to 13: gain, loss and error over the epochs of training."""

from collections.abc import Sequence
from dataclasses import dataclass
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy import ndarray
from maxgain.figures.curves import Curve, select_curve
from maxgain.tables.runs import check_columns, read_data_label
from maxgain.figures.style import COLUMN_WIDTH, GREY, PAGE_WIDTH, RATE_STYLES, CurveStyle, label_empty_panel, new_figure, set_title, styled


LOG_RATIO = 60.0
"""Losses whose largest shown value is this many times the smallest get a logarithmic axis."""


WORST_ORDINARY_LOSS = 3.0
"""Nats; guessing among ten classes costs ln 10 = 2.3. A loss axis is never clipped below this."""


MOST_SHOWN_LOSS = 15.0
"""Nats; a loss axis never reaches higher, also where the default rate itself explodes."""


DASHES = (0, (2.6, 1.4))
"""Dashes of validation curves; training curves are solid."""


DIVERGED_MARK, DEAD_MARK = "x", "v"


LineStyle = str | tuple[float, tuple[float, ...]]


# Figures 12 and 13 use 0.005, a tenth of the default rate; alone in its panel, no marker is needed.
_TENTH_ALONE = CurveStyle(RATE_STYLES[1 / 10].color, "")


@dataclass(frozen=True)
class CurveChoice:
    """Which runs of a table make one curve, and how it is drawn.

    Attributes
    ----------
    settings
        Column names and the values wanted in them.
    label
        The curve's name in the legend.
    style
        Colour and marker.
    """

    settings: dict[str, str | float]
    label: str
    style: CurveStyle


@dataclass(frozen=True)
class ColumnChoice:
    """The curves of one column of panels, its title and the epochs that the paper trained for."""

    curves: tuple[CurveChoice, ...]
    paper_epochs: int
    title: str = ""


Drawn = list[tuple[CurveChoice, Curve | None]]
"""The curves of one column of panels; None for one that was not run."""


def _choose_rates(*factors: float) -> tuple[CurveChoice, ...]:
    names = {1 / 3: "1/3", 1 / 10: "1/10"}
    return tuple(
        CurveChoice(
            {"rate_factor": factor}, f"×{names.get(factor, f'{factor:g}')}", RATE_STYLES[factor]
        )
        for factor in factors
    )


_RAISED = _choose_rates(1.0, 2.0, 3.0, 4.0)


_LOWERED = _choose_rates(1.0, 1 / 3, 1 / 10)


@styled
def draw_fig08(curves: pd.DataFrame) -> Figure:
    """Draw MNIST at the default learning rate and at x2, x3, x4 (paper, figure 8)."""
    return _draw_rates(curves, _RAISED, 20, "LeNet: raised learning rates")


@styled
def draw_fig09(curves: pd.DataFrame) -> Figure:
    """Draw MNIST at the default learning rate and at x1/3, x1/10 (paper, figure 9)."""
    return _draw_rates(curves, _LOWERED, 20, "LeNet: lowered learning rates")


@styled
def draw_fig10(curves: pd.DataFrame) -> Figure:
    """Draw CIFAR-10 at the default learning rate and at x2, x3, x4 (paper, figure 10)."""
    return _draw_rates(curves, _RAISED, 45, "LeNet: raised learning rates")


@styled
def draw_fig11(curves: pd.DataFrame) -> Figure:
    """Draw CIFAR-10 at the default learning rate and at x1/3, x1/10 (paper, figure 11)."""
    return _draw_rates(curves, _LOWERED, 45, "LeNet: lowered learning rates")


@styled
def draw_fig12(curves: pd.DataFrame) -> Figure:
    """Draw LeNet and Network in Network on CIFAR-10 at rate 0.005 (paper, figure 12)."""
    columns = [
        ColumnChoice((CurveChoice({"network": name}, "", _TENTH_ALONE),), 100, title)
        for name, title in (("lenet", "LeNet"), ("nin", "Network in Network"))
    ]
    return _draw_columns(curves, columns, "Two architectures", PAGE_WIDTH * 0.75)


@styled
def draw_fig13(curves: pd.DataFrame) -> Figure:
    """Draw LeNet with a quarter of the filters, all, and four times as many (figure 13)."""
    columns = [
        ColumnChoice((CurveChoice({"capacity": capacity}, "", _TENTH_ALONE),), 100, title)
        for capacity, title in (
            (0.25, "LeNet, filters ×1/4"),
            (1.0, "LeNet, filters ×1"),
            (4.0, "LeNet, filters ×4"),
        )
    ]
    return _draw_columns(curves, columns, "Capacity of LeNet", PAGE_WIDTH)


def _draw_rates(
    table: pd.DataFrame, choices: tuple[CurveChoice, ...], paper_epochs: int, title: str
) -> Figure:
    return _draw_columns(table, [ColumnChoice(choices, paper_epochs)], title, COLUMN_WIDTH)


def _draw_columns(
    table: pd.DataFrame, columns: Sequence[ColumnChoice], title: str, width: float
) -> Figure:
    """Draw one column of panels a choice: gain on top, loss and error below."""
    check_columns(table)
    figure = new_figure(width, 5.4 if len(columns) == 1 else 4.9)
    data, stand_in = read_data_label(table)
    set_title(figure, title, data=data, stand_in=stand_in)
    panels = figure.subplots(
        3, len(columns), squeeze=False, sharey="row", height_ratios=(1.35, 1, 1)
    )
    drawn = [
        [(choice, select_curve(table, choice.settings)) for choice in c.curves] for c in columns
    ]
    everything = [pair for column in drawn for pair in column]
    for column, choice, panel in zip(drawn, columns, map(list, panels.T), strict=True):
        panel[0].set_title(_name_panel(choice.title, column))
        if all(curve is None for _, curve in column):
            for axes in panel:
                label_empty_panel(axes)
        else:
            _draw_panels(panel, column)
        _finish_epochs(panel, column, choice.paper_epochs)
    # The panels of a row share their axis: the first one's is all of them.
    gain, loss, error = panels[:, 0]
    gain.set_ylabel("Maximum Gain (dB)")
    # The first curve of a column is the one by which the column's others are judged.
    _finish_losses(loss, everything, [column[0] for column in drawn])
    _finish_errors(error, everything)
    if all(curve is None for _, curve in everything):
        for axes in (gain, loss, error):
            axes.set_yticks([])
    _add_legend(figure, everything, 2 if len(columns) == 1 else 4)
    return figure


def _draw_panels(panel: Sequence[Axes], drawn: Drawn) -> None:
    """Draw the curves that were run into one column of gain, loss and error panels."""
    gain, loss, error = panel
    # The first curve is the reference: it lies on top.
    for choice, curve in reversed(drawn):
        if curve is None:
            continue
        _draw_runs(gain, curve, choice.style)
        _draw_curve(gain, curve, "gain_db", choice.style, "-")
        for axes, quantity in ((loss, "loss"), (error, "error")):
            _draw_curve(axes, curve, f"training_{quantity}", choice.style, "-")
            _draw_curve(axes, curve, f"validation_{quantity}", choice.style, DASHES)
        for axes in panel:
            _mark_edge(axes, curve.diverged_at, DIVERGED_MARK, 0.985, choice.style.color)
        _mark_edge(gain, curve.dead_at, DEAD_MARK, 0.03, choice.style.color)


def _draw_curve(
    axes: Axes, curve: Curve, quantity: str, style: CurveStyle, dashes: LineStyle
) -> None:
    """Draw the median of the runs as a line and, of several runs, their range as a band."""
    lowest, median, highest = curve.summarise(quantity)
    if curve.runs > 1:
        axes.fill_between(curve.epochs, lowest, highest, color=style.color, alpha=0.11, lw=0)
    every = max(1, len(curve.epochs) // 9)
    axes.plot(
        curve.epochs,
        median,
        color=style.color,
        linestyle=dashes,
        # A run of one epoch is a point, which no line shows.
        marker=style.marker if len(curve.epochs) > 1 else style.marker or "o",
        markevery=every,
        label=quantity,
    )


def _draw_runs(axes: Axes, curve: Curve, style: CurveStyle) -> None:
    """Draw each run's gain thinly: a median over runs hides how much the gain of each varies."""
    if curve.runs > 1:
        for run in curve.values["gain_db"]:
            axes.plot(curve.epochs, run, color=style.color, linewidth=0.35, alpha=0.45, label="run")


def _mark_edge(axes: Axes, epochs: Sequence[int], marker: str, height: float, color: str) -> None:
    """Put `marker` at the given epochs at a height between the axes' bottom (0) and top (1)."""
    if epochs:
        axes.plot(
            epochs,
            [height] * len(epochs),
            linestyle="none",
            marker=marker,
            markersize=4.5,
            color=color,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            label="edge mark",
        )


def _finish_epochs(panel: Sequence[Axes], drawn: Drawn, paper_epochs: int) -> None:
    """Give a column of panels its epoch axis; say so where it ends before the paper's."""
    epochs = max((len(curve.epochs) for _, curve in drawn if curve is not None), default=0)
    label = "epoch"
    if 0 < epochs < paper_epochs:
        label = f"epoch ({epochs} of the paper's {paper_epochs})"
    last = epochs or paper_epochs
    for axes in panel:
        # Half an epoch on either side keeps the axis of a single epoch wider than nothing.
        axes.set_xlim(0.5, last + max(0.5, 0.02 * last))
        whole = MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
        axes.xaxis.set_major_locator(whole)
        axes.tick_params(labelbottom=axes is panel[-1])
    panel[-1].set_xlabel(label)


def _finish_losses(axes: Axes, drawn: Drawn, ordinary: Drawn) -> None:
    """Scale the loss axis so that the `ordinary` curves stay readable beside one that explodes."""
    axes.set_ylabel("loss (nats)")
    losses = _collect(drawn, "training_loss", "validation_loss")
    if not losses.size:
        return
    usual = _collect(ordinary, "training_loss", "validation_loss")
    limit = max(WORST_ORDINARY_LOSS, min(2 * usual.max(initial=0.0), MOST_SHOWN_LOSS))
    shown = losses[losses <= limit]
    smallest = shown[shown > 0].min(initial=np.inf)
    logarithmic = shown.max(initial=0.0) > LOG_RATIO * smallest
    if logarithmic:
        axes.set_yscale("log", nonpositive="mask")
        axes.set_ylabel("loss (nats, log axis)")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if losses.max() > limit:
        axes.set_ylim(smallest / 1.5 if logarithmic else 0, limit * 1.05)
        axes.text(
            1.0,
            1.03,
            f"axis cut at {limit:.2g}; highest loss {losses.max():.2g}",
            transform=axes.transAxes,
            ha="right",
            va="bottom",
            fontsize=6.0,
            color=GREY,
        )


def _finish_errors(axes: Axes, drawn: Drawn) -> None:
    """Give the error axis percent, and a logarithmic scale that has a zero where errors span."""
    axes.set_ylabel("top-1 error")
    errors = _collect(drawn, "training_error", "validation_error")
    positive = errors[errors > 0]
    if not positive.size:
        axes.set_ylim(0, 1)
    elif positive.max() > LOG_RATIO * positive.min():
        axes.set_yscale("symlog", linthresh=1e-3, linscale=0.4)
        axes.set_yticks([0, 1e-3, 1e-2, 1e-1, 1])
        axes.set_ylim(0, 1.4 * positive.max())
        axes.set_ylabel("top-1 error (log axis)")
    else:
        axes.set_ylim(0, 1.06 * positive.max())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))


def _collect(drawn: Drawn, *quantities: str) -> ndarray:
    """Return all finite values of the given quantities in one flat array."""
    values = [
        curve.values[quantity].ravel()
        for _, curve in drawn
        if curve is not None
        for quantity in quantities
    ]
    flat = np.concatenate(values) if values else np.empty(0)
    return flat[np.isfinite(flat)]


def _add_legend(figure: Figure, drawn: Drawn, columns: int) -> None:
    """Name curves, dashes and marks, and say what line and band are."""
    handles = [
        Line2D([], [], color=choice.style.color, marker=choice.style.marker, label=label)
        for choice, curve in drawn
        if (label := _name_curve(choice, curve))
    ]
    handles += [
        Line2D([], [], color=GREY, linestyle="-", label="training"),
        Line2D([], [], color=GREY, linestyle=DASHES, label="validation"),
    ]
    run = [curve for _, curve in drawn if curve is not None]
    if any(curve.diverged_at for curve in run):
        handles.append(_mark_handle(DIVERGED_MARK, "diverged (loss not finite)"))
    if any(curve.dead_at for curve in run):
        handles.append(_mark_handle(DEAD_MARK, "dead (gain -\N{INFINITY} dB)"))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=columns,
        title=_describe_seeds(run),
        title_fontsize=6.5,
    )


def _mark_handle(marker: str, label: str) -> Line2D:
    return Line2D([], [], color=GREY, linestyle="none", marker=marker, label=label)


def _name_curve(choice: CurveChoice, curve: Curve | None) -> str:
    if not choice.label:
        return ""
    if curve is None:
        return f"{choice.label} (not run)"
    return f"{choice.label}, rate {curve.learning_rate:.2g}"


def _name_panel(title: str, drawn: Drawn) -> str:
    """Add its learning rate to the title of a column that holds one curve."""
    rates = [curve.learning_rate for _, curve in drawn if curve is not None]
    return f"{title}, rate {rates[0]:.2g}" if title and rates else title


def _describe_seeds(curves: Sequence[Curve]) -> str:
    """Say how many runs a curve has, and what the line and the band are."""
    counts = sorted({curve.runs for curve in curves})
    if not counts:
        return "no run"
    if counts == [1]:
        return "1 seed"
    seeds = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{seeds} seeds; line: median, band: range, thin: each run"
