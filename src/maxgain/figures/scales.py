"""Axes of gain, loss, error and variability that stay readable whatever a run does."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from numpy import ndarray

from maxgain.figures.style import GREY

LOG_RATIO = 60.0
"""Losses whose largest shown value is this many times the smallest get a logarithmic axis."""

WORST_ORDINARY_LOSS = 3.0
"""Nats; guessing among ten classes costs ln 10 = 2.3. A loss axis is never clipped below this."""

MOST_SHOWN_LOSS = 15.0
"""Nats; a loss axis never reaches higher, also where the default rate itself explodes."""

RARE = 0.005
"""Share of values at either end that do not stretch an axis of gains on their own."""

MOST_DECADES = 4
"""A logarithmic axis of more of them has one label a decade: three would touch."""

LEAST_SPAN_DB = 4.0
"""An axis of gains never covers less, so that it can be read."""


def scale_epochs(panels: Sequence[Axes], epochs: int, paper_epochs: int | None = None) -> None:
    """Give a column of panels its epoch axis; say so where it ends before the paper's.

    Parameters
    ----------
    panels
        From top to bottom.
    epochs
        Of the longest run; 0 if there is none.
    """
    label = "epoch"
    if paper_epochs and 0 < epochs < paper_epochs:
        label = f"epoch ({epochs} of the paper's {paper_epochs})"
    last = epochs or paper_epochs or 1
    for axes in panels:
        # Half an epoch on either side keeps the axis of a single epoch wider than nothing.
        axes.set_xlim(0.5, last + max(0.5, 0.02 * last))
        whole = MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
        axes.xaxis.set_major_locator(whole)
        axes.tick_params(labelbottom=axes is panels[-1])
        axes.set_xlabel("")
    panels[-1].set_xlabel(label)


def scale_losses(
    axes: Axes, losses: Float[ndarray, " losses"], ordinary: Float[ndarray, " some"]
) -> None:
    """Scale the loss axis so that the `ordinary` curves stay readable beside one that explodes."""
    axes.set_ylabel("loss (nats)")
    if not losses.size:
        return
    limit = max(WORST_ORDINARY_LOSS, min(2 * ordinary.max(initial=0.0), MOST_SHOWN_LOSS))
    shown = losses[losses <= limit]
    smallest = shown[shown > 0].min(initial=np.inf)
    logarithmic = shown.max(initial=0.0) > LOG_RATIO * smallest
    if logarithmic:
        axes.set_yscale("log", nonpositive="mask")
        axes.set_ylabel("loss (nats, log axis)")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if losses.max() > limit:
        axes.set_ylim(smallest / 1.5 if logarithmic else 0, limit * 1.05)
        _note_cut(axes, f"axis cut at {limit:.2g}; highest loss {losses.max():.2g}")


def scale_gains(axes: Axes, gains: Float[ndarray, " gains"]) -> None:
    """Scale an axis in dB so that one run about to diverge does not flatten all others.

    Parameters
    ----------
    gains
        All finite values that are drawn, dB.
    """
    low, high = find_gain_limits(gains)
    axes.set_ylim(low, high)
    lowest, highest = gains.min(initial=low), gains.max(initial=high)
    cuts = [f"lowest {lowest:.0f} dB"] if lowest < low else []
    cuts += [f"highest {highest:.0f} dB"] if highest > high else []
    if cuts:
        # Above the panel stands the column's title.
        _note_cut(axes, f"axis cut; {', '.join(cuts)}", inside=True)


def label_decades(axes: Axes) -> None:
    """Label 1, 2 and 5 in each decade of a logarithmic y axis, within its limits as they are.

    matplotlib's locator takes several labels a decade for minor ones and drops them as it likes.
    """
    low, high = axes.get_ylim()
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if math.log10(high / low) <= MOST_DECADES else (1,)
    ticks = [step * 10.0**decade for decade in range(first, last + 1) for step in steps]
    shown = [tick for tick in ticks if low <= tick <= high]
    if len(shown) < 2:  # So short an axis is almost a linear one.
        round_numbers = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high)
        shown = [tick for tick in round_numbers if low <= tick <= high]
    axes.set_yticks(shown)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def find_gain_limits(gains: Float[ndarray, " gains"]) -> tuple[float, float]:
    """Ends of an axis for finite values in dB, with a margin.

    A value counts unless it lies farther beyond the values' central part (all but the `RARE` ones
    at either end) than that part is wide.
    """
    if not gains.size:
        return -LEAST_SPAN_DB / 2, LEAST_SPAN_DB / 2
    low, high = np.quantile(gains, [RARE, 1 - RARE])
    reach = max(high - low, LEAST_SPAN_DB)
    shown = gains[(gains >= low - reach) & (gains <= high + reach)]
    low, high = float(shown.min()), float(shown.max())
    margin = max(0.06 * (high - low), (LEAST_SPAN_DB - (high - low)) / 2, 0.2)
    return low - margin, high + margin


def _note_cut(axes: Axes, text: str, *, inside: bool = False) -> None:
    axes.text(
        0.99 if inside else 1.0,
        0.03 if inside else 1.03,
        text,
        transform=axes.transAxes,
        ha="right",
        va="bottom",
        fontsize=6.0,
        color=GREY,
    )


def scale_errors(axes: Axes, errors: Float[ndarray, " values"]) -> None:
    """Give the error axis percent, and a logarithmic scale that has a zero where errors span."""
    axes.set_ylabel("top-1 error")
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
