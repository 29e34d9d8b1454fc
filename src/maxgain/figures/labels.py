"""Short labels at points, none over another or over a point."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from numpy import ndarray

from maxgain.figures.style import GREY

RADII = (5.5, 8.0, 11.0, 15.0, 20.0, 26.0, 33.0)
"""Distances of a label's middle from its point, in typographic points, nearest first."""

DIRECTIONS = 16
"""Places around a point at each distance, upwards first."""

POINT_SIZE = 4.5
"""Diameter of a drawn point."""


def label_points(
    axes: Axes, points: Float[ndarray, "points 2"], labels: Sequence[str], size: float = 5.0
) -> None:
    """Write a label beside each point, the nearest free place first; a far one gets a thin line.

    adjustText was weighed: it shifts labels in many rounds, each measured by a renderer, where a
    short number has room at one of a few fixed places.

    Parameters
    ----------
    points
        In data coordinates of `axes`, whose limits and place must be final.
    size
        Of the type, in points.
    """
    if not len(points):
        return
    per_pixel = 72 / axes.figure.dpi
    frame = axes.get_window_extent()
    corners = np.array([[frame.x0, frame.y0], [frame.x1, frame.y1]]) * per_pixel
    middles = axes.transData.transform(points) * per_pixel
    # 0.64 em is the width of a digit of DejaVu Sans, 0.73 em its height.
    sizes = np.array([[0.64 * size * len(label) + 1, 0.73 * size + 1] for label in labels])
    boxes = [middles - POINT_SIZE / 2, middles + POINT_SIZE / 2]
    for point, middle, label, extent in zip(points, middles, labels, sizes, strict=True):
        places = middle + _offsets()
        costs = _overlaps(places, extent, boxes[0], boxes[1])
        outside = (places - extent / 2 < corners[0]) | (places + extent / 2 > corners[1])
        best = places[int(np.argmin(costs + 1000 * outside.any(axis=1)))]
        boxes = [np.vstack([boxes[0], best - extent / 2]), np.vstack([boxes[1], best + extent / 2])]
        shift = best - middle
        far = np.hypot(*shift) > RADII[1]
        axes.annotate(
            label,
            tuple(point),
            xytext=tuple(shift),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            arrowprops={"arrowstyle": "-", "lw": 0.3, "color": GREY, "shrinkA": 1, "shrinkB": 1}
            if far
            else None,
        ).set_in_layout(False)


def _offsets() -> Float[ndarray, "places 2"]:
    angles = np.pi / 2 - 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([radius * ring for radius in RADII])


def _overlaps(
    places: Float[ndarray, "places 2"],
    extent: Float[ndarray, " 2"],
    low: Float[ndarray, "boxes 2"],
    high: Float[ndarray, "boxes 2"],
) -> Float[ndarray, " places"]:
    """How many boxes a label of this extent would cover at each place."""
    below: Bool[ndarray, "places boxes 2"] = places[:, None] - extent / 2 < high
    above: Bool[ndarray, "places boxes 2"] = places[:, None] + extent / 2 > low
    covered: Float[ndarray, " places"] = (below & above).all(axis=2).sum(axis=1).astype(np.float64)
    return covered
