"""Panels that show an image, a derivative or a frequency response."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from numpy import ndarray

DYNAMIC_RANGE_DB = 60.0
"""How far below its peak a response is drawn, in dB."""


def show_pixels(axes: Axes, pixels: UInt8[ndarray, "channels height width"]) -> None:
    """Show an image of 0-255 pixels, grey or in colour."""
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


def draw_response(
    axes: Axes, response: Float[ndarray, "height width"], scale: Normalize, *, bare: bool = False
) -> AxesImage:
    """Draw a frequency response with zero frequency in the middle, axes in cycles/pixel.

    Parameters
    ----------
    response
        |H| in dB, zero frequency at [0, 0].
    scale
        From the lowest to the highest colour, in dB.
    bare
        Leave axes and frame away.
    """
    axes.grid(False)
    height, width = response.shape
    shown = axes.imshow(
        np.fft.fftshift(response),
        extent=(*frequency_borders(width), *frequency_borders(height)),
        origin="lower",
        cmap="viridis",
        norm=scale,
    )
    if bare:
        strip(axes)
        return shown
    axes.set(xticks=(-0.5, 0, 0.5), yticks=(-0.5, 0, 0.5), xlabel="cycles/pixel")
    axes.set_xticklabels(["−½", "0", "½"])
    axes.set_yticklabels(["−½", "0", "½"])
    return shown


def frequency_borders(pixels: int) -> tuple[float, float]:
    """Outer borders of a shifted spectrum of so many pixels, in cycles/pixel.

    Pixel i is the frequency (i - n // 2) / n, and the borders lie half a pixel outside.
    """
    return (-(pixels // 2) - 0.5) / pixels, (pixels - pixels // 2 - 0.5) / pixels


def strip(axes: Axes) -> None:
    """Take grid, ticks and frame away."""
    axes.grid(False)
    axes.set(xticks=(), yticks=(), xlabel="", ylabel="")
    axes.spines[:].set_visible(False)


def common_scale(
    responses: Sequence[Float[ndarray, "_ _"]], dynamic_range: float = DYNAMIC_RANGE_DB
) -> Normalize:
    """Colours from the highest of all responses down; dead and diverged networks do not count."""
    finite = [response[np.isfinite(response)] for response in responses]
    peak = max((float(values.max()) for values in finite if values.size), default=0.0)
    return Normalize(peak - dynamic_range, peak)
