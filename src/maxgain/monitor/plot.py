"""The picture of a monitored training: gain, sensitivity and saturation over the epochs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from maxgain.errors import InputError
from maxgain.monitor.curves import Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

QUANTITIES = {"gain": "G", "sensitivity": "S", "saturation": "C"}
"""What is drawn, with the letter of its symbol; G = S + C at one impulse."""


def plot_curves(curves: Curves, sentence: str) -> "Figure":
    """One panel for each of G, S and C in dB, with the diagnosis as title.

    The thin line is the centred impulse's; the thick one is the mean over the set of impulses with
    a band of two standard errors. No window opens and no global state of matplotlib is touched.

    Raises
    ------
    InputError
        Nothing is recorded yet, or matplotlib is not installed.
    """
    if not curves.epochs.size:
        raise InputError("nothing is recorded yet; call record() after an epoch first.")
    figure, panels = _panels(sentence)
    for axes, name in zip(panels, QUANTITIES, strict=True):
        _draw(axes, curves, name, "C0", "one impulse", "mean over impulses", "0.45")
    _finish(panels)
    return figure


def plot_compared(trainings: Mapping[str, Curves], title: str) -> "Figure":
    """Panels as `plot_curves` draws them, of several trainings by name, each in a colour.

    Raises
    ------
    InputError
        matplotlib is not installed.
    """
    figure, panels = _panels(title)
    for axes, name in zip(panels, QUANTITIES, strict=True):
        for number, (training, curves) in enumerate(trainings.items()):
            _draw(axes, curves, name, f"C{number}", None, training, f"C{number}")
    _finish(panels)
    return figure


def _panels(title: str) -> "tuple[Figure, Sequence[Axes]]":
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError("plot() needs matplotlib: pip install maxgain[figures].") from error
    figure = Figure(figsize=(6.4, 7.2), layout="constrained")
    panels = figure.subplots(len(QUANTITIES), sharex=True)
    figure.suptitle(title, fontsize="medium", wrap=True)
    return figure, list(panels)


def _finish(panels: "Sequence[Axes]") -> None:
    from matplotlib.ticker import MaxNLocator

    for axes, (name, letter) in zip(panels, QUANTITIES.items(), strict=True):
        axes.set_ylabel(f"{name} {letter} (dB)")
    panels[0].legend(fontsize="small")
    panels[-1].set_xlabel("epoch")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw(
    axes: "Axes",
    curves: Curves,
    name: str,
    colour: str,
    one_label: str | None,
    mean_label: str,
    thin_colour: str,
) -> None:
    """One quantity: thin at the one impulse, thick as mean with a band of two standard errors."""
    every = vars(curves)
    # Minus infinity (dead) and NaN (diverged) are gaps.
    one, mean = (
        np.where(np.isfinite(values), values, np.nan)
        for values in (every[name], every[f"{name}_mean"])
    )
    has_mean = bool(np.isfinite(mean).any())
    label = one_label if has_mean else one_label or mean_label
    axes.plot(curves.epochs, one, marker=".", linewidth=0.8, color=thin_colour, label=label)
    if has_mean:
        error = every[f"{name}_error"]
        axes.plot(curves.epochs, mean, marker=".", linewidth=1.8, color=colour, label=mean_label)
        axes.fill_between(
            curves.epochs, mean - 2 * error, mean + 2 * error, color=colour, alpha=0.2
        )
    axes.grid(alpha=0.3)
