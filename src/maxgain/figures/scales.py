"""Axes of gain, loss and error over the epochs that stay readable whatever a run does."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy import ndarray

from maxgain.figures.style import GREY

LOG_RATIO = 60.0
"""Losses whose largest shown value is this many times the smallest get a logarithmic axis."""

WORST_ORDINARY_LOSS = 3.0
"""Nats; guessing among ten classes costs ln 10 = 2.3. A loss axis is never clipped below this."""

MOST_SHOWN_LOSS = 15.0
"""Nats; a loss axis never reaches higher, also where the default rate itself explodes."""


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
