"""The picture of a monitored training: gain, sensitivity and saturation over the epochs."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from maxgain.errors import InputError
from maxgain.monitor.curves import Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError("plot() needs matplotlib: pip install maxgain[figures].") from error
    figure = Figure(figsize=(6.4, 7.2), layout="constrained")
    panels = figure.subplots(3, sharex=True)
    figure.suptitle(sentence, fontsize="medium", wrap=True)
    for axes, label, one, mean, spread in zip(
        panels,
        ("gain G (dB)", "sensitivity S (dB)", "saturation C (dB)"),
        (curves.gain, curves.sensitivity, curves.saturation),
        (curves.gain_mean, curves.sensitivity_mean, curves.saturation_mean),
        (curves.gain_error, curves.sensitivity_error, curves.saturation_error),
        strict=True,
    ):
        _draw(axes, curves.epochs, one, mean, spread)
        axes.set_ylabel(label)
    panels[0].legend(fontsize="small")
    panels[-1].set_xlabel("epoch")
    panels[-1].xaxis.get_major_locator().set_params(integer=True)
    return figure


def _draw(
    axes: "Axes",
    epochs: np.ndarray,
    one: Float[np.ndarray, " epochs"],
    mean: Float[np.ndarray, " epochs"],
    error: Float[np.ndarray, " epochs"],
) -> None:
    # Minus infinity (dead) and NaN (diverged) are gaps.
    one, mean = (np.where(np.isfinite(values), values, np.nan) for values in (one, mean))
    axes.plot(epochs, one, marker=".", linewidth=0.8, color="0.45", label="one impulse")
    if np.isfinite(mean).any():
        axes.plot(epochs, mean, marker=".", linewidth=1.8, color="C0", label="mean over impulses")
        axes.fill_between(epochs, mean - 2 * error, mean + 2 * error, color="C0", alpha=0.2)
    axes.grid(alpha=0.3)
