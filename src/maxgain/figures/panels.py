"""Panels that show an image, a derivative or a frequency response."""

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


#: How far below its peak a response is drawn, in dB.
DYNAMIC_RANGE_DB = 60.0


def show_pixels(axes: Axes, pixels: UInt8[ndarray, "channels height width"]) -> None:
    strip(axes)
    axes.imshow(pixels.transpose(1, 2, 0).squeeze(), vmin=0, vmax=255, cmap="gray")


def show_gradient(axes: Axes, gradient: Float[ndarray, "channels height width"]) -> None:
    """Show a derivative in colour: grey is 0, full colour the 99.5th percentile of its |values|.

    Zeros do not count: many networks respond to an impulse in a few places only.
    """
    strip(axes)
    amplitudes = np.abs(gradient[np.isfinite(gradient) & (gradient != 0)])
    limit = float(np.quantile(amplitudes, 0.995)) if amplitudes.size else 1.0
    shown = np.clip(0.5 + 0.5 * np.nan_to_num(gradient) / limit, 0, 1)
    axes.imshow(shown.transpose(1, 2, 0).squeeze(), vmin=0, vmax=1, cmap="gray")


def show_response(axes: Axes, response: Float[ndarray, "height width"], scale: Normalize) -> None:
    axes.grid(False)
    axes.imshow(
        np.fft.fftshift(response),
        cmap="viridis",
        norm=scale,
        extent=(-0.5, 0.5, -0.5, 0.5),
        origin="lower",
    )
    axes.set(xticks=(-0.5, 0, 0.5), yticks=(-0.5, 0, 0.5), xlabel="cycles/pixel")
    axes.set_xticklabels(["−½", "0", "½"])
    axes.set_yticklabels(["−½", "0", "½"])


def strip(axes: Axes) -> None:
    axes.grid(False)
    axes.set(xticks=(), yticks=())
    axes.spines[:].set_visible(False)


def common_scale(responses: Sequence[ndarray]) -> Normalize:
    """Colours from the highest of all responses down; dead and diverged networks do not count."""
    finite = [response[np.isfinite(response)] for response in responses]
    peak = max((float(values.max()) for values in finite if values.size), default=0.0)
    return Normalize(peak - DYNAMIC_RANGE_DB, peak)
