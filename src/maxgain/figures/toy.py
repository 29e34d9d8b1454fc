"""Figures 1 to 4: the toy network's image, filter, derivatives and responses."""

from collections.abc import Mapping

from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy import ndarray

from maxgain.errors import InputError
from maxgain.figures.palette import DEFAULT_RED
from maxgain.figures.panels import common_scale, draw_response
from maxgain.figures.style import COLUMN_WIDTH, PAGE_WIDTH, new_figure, set_title, styled

ToyArrays = Mapping[str, ndarray]
"""The arrays of `maxgain.toy.measurement.ToyMeasurements`, by name."""

ZOOM = 12
"""Pixels shown on each side of the place in figures 2a and 4a."""

DYNAMIC_RANGE_DB = 90.0
"""Responses are drawn from their peak down to this much below it."""

EVERYWHERE_RANGE_DB = 130.0
"""So far down for p = 1 everywhere, where edges of the active region reach 90 dB below the peak at
high frequencies."""

PHOTOGRAPH = "Red channel, mean subtracted (matplotlib's Grace Hopper photo, not the paper's)"


@styled
def draw_fig01(arrays: ToyArrays) -> Figure:
    """Draw the toy network: image, Gaussian filter and feature map (paper, figure 1)."""
    check_arrays(arrays, "image", "filter", "feature_map", "place")
    figure = new_figure(PAGE_WIDTH, 3.1)
    row, column = (int(index) for index in arrays["place"])
    set_title(
        figure,
        f"Toy network: Gaussian filter, then ReLU; red circle: the place ({row}, {column})",
        data=PHOTOGRAPH,
    )
    image_axes, filter_axes, map_axes = figure.subplots(1, 3)
    shown = image_axes.imshow(arrays["image"])
    _finish_image(figure, image_axes, shown, "(a) image x", "pixel value (0-255 units)")

    reach = arrays["filter"].shape[0] / 2
    shown = filter_axes.imshow(arrays["filter"], extent=(-reach, reach, reach, -reach))
    _finish_image(figure, filter_axes, shown, "(b) filter, 7 x 7, $\\sigma$ = 1", "weight")
    filter_axes.set(xlabel="column offset (pixels)", ylabel="row offset (pixels)")

    shown = map_axes.imshow(arrays["feature_map"])
    _finish_image(figure, map_axes, shown, "(c) feature map z", "activation (0-255 units)")
    for axes in (image_axes, map_axes):
        _mark_place(axes, arrays["place"])
    return figure


@styled
def draw_fig02(arrays: ToyArrays) -> Figure:
    """Draw dz/dx for p = 1 at one place and for p = 1 everywhere (paper, figure 2)."""
    check_arrays(arrays, "gradient_place", "gradient_everywhere", "place")
    figure = new_figure(COLUMN_WIDTH, 2.6)
    set_title(figure, "Derivative dz/dx of the toy network", data="Grace Hopper photo, red channel")
    place_axes, everywhere_axes = figure.subplots(1, 2)
    row, column = (int(index) for index in arrays["place"])
    _draw_zoomed(figure, place_axes, arrays["gradient_place"], (row, column))
    place_axes.set_title(f"(a) p = 1 at ({row}, {column})")
    shown = everywhere_axes.imshow(arrays["gradient_everywhere"])
    _finish_image(figure, everywhere_axes, shown, "(b) p = 1 everywhere", "dz/dx")
    return figure


@styled
def draw_fig03(arrays: ToyArrays) -> Figure:
    """Draw |H| for p = 1 at one place and for p = 1 everywhere (paper, figure 3)."""
    check_arrays(arrays, "response_place", "response_everywhere", "place")
    figure = new_figure(COLUMN_WIDTH, 2.6)
    set_title(
        figure, "Response |H| of the toy network", data="Grace Hopper photo, red channel; no window"
    )
    place_axes, everywhere_axes = figure.subplots(1, 2)
    row, column = (int(index) for index in arrays["place"])
    _draw_response(figure, place_axes, arrays["response_place"])
    place_axes.set_title(f"(a) p = 1 at ({row}, {column})")
    _draw_response(figure, everywhere_axes, arrays["response_everywhere"], EVERYWHERE_RANGE_DB)
    everywhere_axes.set_title("(b) p = 1 everywhere")
    everywhere_axes.set_ylabel("")
    return figure


@styled
def draw_fig04(arrays: ToyArrays) -> Figure:
    """Draw dz/dx and |H| for an impulse and p = 1 everywhere, Hann window (paper, figure 4)."""
    check_arrays(arrays, "gradient_impulse", "response_impulse")
    figure = new_figure(COLUMN_WIDTH, 2.6)
    set_title(
        figure,
        "Toy network on an impulse image, p = 1 everywhere",
        data="255 at the centre, 0 elsewhere; Hann window",
    )
    gradient_axes, response_axes = figure.subplots(1, 2)
    gradient = arrays["gradient_impulse"]
    centre = (gradient.shape[0] // 2, gradient.shape[1] // 2)
    _draw_zoomed(figure, gradient_axes, gradient, centre)
    gradient_axes.set_title("(a) windowed dz/dx")
    _draw_response(figure, response_axes, arrays["response_impulse"])
    response_axes.set_title("(b) response |H|")
    return figure


def check_arrays(arrays: ToyArrays, *names: str) -> None:
    """Raise InputError, naming the first of `names` that is missing or no such array."""
    for name in names:
        if name not in arrays:
            raise InputError(
                f"the toy network's arrays lack {name!r}; they hold "
                f"{', '.join(sorted(arrays)) or 'nothing'}."
            )
        array = arrays[name]
        good = (
            array.shape == (2,) and array.dtype.kind in "iu" if name == "place" else array.ndim == 2
        )
        if not good or array.size == 0:
            raise InputError(
                f"the toy network's array {name!r} is {array.dtype} of shape {array.shape}; it "
                "must be (height, width), or the row and the column of a place."
            )


def _draw_response(
    figure: Figure,
    axes: Axes,
    response: Float[ndarray, "height width"],
    dynamic_range: float = DYNAMIC_RANGE_DB,
) -> None:
    shown = draw_response(axes, response, common_scale([response], dynamic_range))
    _frame_image(axes)
    axes.set(xlabel="horizontal (cycles/pixel)", ylabel="vertical (cycles/pixel)")
    bar = figure.colorbar(shown, ax=axes, location="bottom", shrink=0.9, aspect=18)
    bar.set_label("|H| (dB)")


def _draw_zoomed(
    figure: Figure, axes: Axes, gradient: Float[ndarray, "height width"], centre: tuple[int, int]
) -> None:
    """Draw the neighbourhood of `centre`, with the image's own row and column numbers."""
    top, left = max(centre[0] - ZOOM, 0), max(centre[1] - ZOOM, 0)
    part = gradient[top : centre[0] + ZOOM + 1, left : centre[1] + ZOOM + 1]
    bottom, right = top + part.shape[0], left + part.shape[1]
    _frame_image(axes)
    shown = axes.imshow(part, extent=(left - 0.5, right - 0.5, bottom - 0.5, top - 0.5))
    axes.set(
        xlabel="column",
        ylabel="row",
        xticks=(centre[1] - 10, centre[1], centre[1] + 10),
        yticks=(centre[0] - 10, centre[0], centre[0] + 10),
    )
    bar = figure.colorbar(shown, ax=axes, location="bottom", shrink=0.9, aspect=18)
    bar.set_label("dz/dx")


def _finish_image(figure: Figure, axes: Axes, shown: AxesImage, title: str, label: str) -> None:
    axes.set(title=title, xlabel="column", ylabel="row")
    _frame_image(axes)
    figure.colorbar(shown, ax=axes, location="bottom", shrink=0.9, aspect=22).set_label(label)


def _frame_image(axes: Axes) -> None:
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(True)


def _mark_place(axes: Axes, place: ndarray) -> None:
    row, column = (int(index) for index in place)
    axes.plot(column, row, "o", markersize=7, fillstyle="none", color=DEFAULT_RED)
