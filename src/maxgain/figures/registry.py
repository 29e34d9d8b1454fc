"""One plain caption a figure: for the report, and kept in the metadata of every figure file."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from maxgain.errors import InputError
from maxgain.files.csv import read_frame
from maxgain.tables.curves import RUN_NUMBERS
from maxgain.tables.zoo import MISSING_COLUMNS, ZOO_COLUMNS, ZOO_NUMBERS
from maxgain.files.tensors import read_arrays


_CURVES = (
    "Top: Maximum Gain of the snapshot of each epoch, on the impulse image, mean over channels. "
    "Middle: loss. Bottom: top-1 error. Training is solid, validation dashed. Several seeds are a "
    "line (median) and a band (range), each run's gain a thin line. A cross marks the epoch where "
    "a run diverged, a triangle at the bottom one whose network died. What was not run is left "
    "out and says so."
)


CAPTIONS: dict[str, str] = {
    "fig01": (
        "The toy network of section III-A: (a) the mean-subtracted red channel of a photograph, "
        "(b) the 7 x 7 Gaussian filter, sigma 1 pixel, (c) the feature map after the ReLU. The "
        "photograph is matplotlib's sample of Grace Hopper, not the paper's; its pixel (150, 100) "
        "is inactive (z = 0), so the nearest active pixel takes the place of the paper's."
    ),
    "fig02": (
        "Derivative dz/dx of the toy network on the photograph: (a) p = 1 at one active place, "
        "enlarged: the filter itself; (b) p = 1 everywhere: the active places, each spread by the "
        "filter."
    ),
    "fig03": (
        "Response |H| of the toy network on the photograph, zero frequency in the middle, no "
        "window: (a) p = 1 at one active place: the filter's low-pass response; (b) p = 1 "
        "everywhere: the spectrum of the active region, filtered."
    ),
    "fig04": (
        "The toy network on the impulse image (255 at the centre, 0 elsewhere), p = 1 everywhere: "
        "(a) the derivative dz/dx times a Hann window, enlarged, (b) its response, low-pass. "
        "Outside the 7 x 7 active places the ReLU blocks, hence the side lobes."
    ),
    "fig05": (
        "Derivative dz/dx and response |H| of one ImageNet network, on a photograph and on the "
        "impulse image, with the winning class and its score. AlexNet where it was measured, "
        "otherwise the best network at hand, which the title names."
    ),
    "fig06": (
        "Derivative dz/dx and response |H| of every ImageNet network at hand on the impulse image, "
        "in the order of top-5 error; networks with random weights are controls. Networks that "
        "could not be measured are named in the title."
    ),
    "fig07": (
        "Maximum Gain against top-5 error of the ImageNet networks at hand, channel by channel, on "
        "the impulse image. The legend gives the rank correlation with its 95 % confidence "
        "interval; dotted lines are networks with random weights."
    ),
    "fig08": (
        f"LeNet on MNIST at learning rate 0.001 (red) and at twice to four times it. {_CURVES}"
    ),
    "fig09": (
        "LeNet on MNIST at learning rate 0.001 (red), a third (blue) and a tenth (black) of it. "
        f"{_CURVES}"
    ),
    "fig10": (
        f"LeNet on CIFAR-10 at learning rate 0.05 (red) and at twice to four times it. {_CURVES}"
    ),
    "fig11": (
        "LeNet on CIFAR-10 at learning rate 0.05 (red), a third (blue) and a tenth (black) of it. "
        f"{_CURVES}"
    ),
    "fig12": f"LeNet and Network in Network on CIFAR-10 at learning rate 0.005. {_CURVES}",
    "fig13": (
        "LeNet on CIFAR-10 at learning rate 0.005 with a quarter of the filters, all of them, and "
        f"four times as many. {_CURVES}"
    ),
}
"""Caption of each figure. Where data stand in for the paper's, the figure's own title says so."""


if TYPE_CHECKING:
    # A workflow reads this table before any job; only drawing needs the heavy libraries.
    from matplotlib.figure import Figure
    from numpy import ndarray
    from pandas import DataFrame


class FigureSource(NamedTuple):
    """Where a figure comes from.

    Attributes
    ----------
    function
        "module:function" that returns the drawn figure.
    files
        Names of the result files that the function takes as its arguments, in order: tables
        (.csv), arrays (.safetensors). ``*.safetensors`` is the arrays of all networks by name.
    """

    function: str
    files: tuple[str, ...]


_MISSING = "zoo_missing.csv"


_NETWORK_ARRAYS = "*.safetensors"


FIGURES: dict[str, FigureSource] = {
    "fig01": FigureSource("maxgain.figures.toy:draw_fig01", ("toy.safetensors",)),
    "fig02": FigureSource("maxgain.figures.toy:draw_fig02", ("toy.safetensors",)),
    "fig03": FigureSource("maxgain.figures.toy:draw_fig03", ("toy.safetensors",)),
    "fig04": FigureSource("maxgain.figures.toy:draw_fig04", ("toy.safetensors",)),
    "fig05": FigureSource(
        "maxgain.figures.pretrained:draw_fig05", ("zoo.csv", _NETWORK_ARRAYS, _MISSING)
    ),
    "fig06": FigureSource(
        "maxgain.figures.pretrained:draw_fig06", ("zoo.csv", _NETWORK_ARRAYS, _MISSING)
    ),
    "fig07": FigureSource("maxgain.figures.scatter:draw_fig07", ("zoo.csv", _MISSING)),
    "fig08": FigureSource("maxgain.figures.training:draw_fig08", ("mnist_rates.csv",)),
    "fig09": FigureSource("maxgain.figures.training:draw_fig09", ("mnist_rates.csv",)),
    "fig10": FigureSource("maxgain.figures.training:draw_fig10", ("cifar_rates.csv",)),
    "fig11": FigureSource("maxgain.figures.training:draw_fig11", ("cifar_rates.csv",)),
    "fig12": FigureSource("maxgain.figures.training:draw_fig12", ("networks.csv",)),
    "fig13": FigureSource("maxgain.figures.training:draw_fig13", ("capacity.csv",)),
}


def draw_figure(name: str, files: Sequence[Path]) -> "Figure":
    """Draw a figure from result files.

    Parameters
    ----------
    name
        A name of `FIGURES`.
    files
        The files that it needs, in any order and in any folder; others are ignored.

    Raises
    ------
    InputError
        An unknown name, or a file that is missing, unreadable or without what is drawn.
    """
    if name not in FIGURES:
        raise InputError(f"figure '{name}' is not known; allowed are {', '.join(FIGURES)}.")
    source = FIGURES[name]
    module, function = source.function.split(":")
    draw: Callable[..., Figure] = getattr(importlib.import_module(module), function)
    arguments = [_read_argument(name, wanted, files) for wanted in source.files]
    try:
        return draw(*arguments)
    except InputError as error:
        wanted = (path for path in files if any(path.match(each) for each in source.files))
        raise InputError(f"{name}, from {', '.join(map(str, wanted))}: {error}") from error


def _read_argument(
    figure: str, wanted: str, files: Sequence[Path]
) -> "DataFrame | Sequence[str] | Mapping[str, ndarray] | Mapping[str, Mapping[str, ndarray]]":
    if wanted == _NETWORK_ARRAYS:
        arrays = {path.stem: path for path in files if path.suffix == ".safetensors"}
        return {network: read_arrays(path) for network, path in arrays.items()}
    path = next((path for path in files if path.name == wanted), None)
    if path is None:
        given = ", ".join(path.name for path in files) or "no file"
        raise InputError(f"{figure} is drawn from {wanted}; the files given are {given}.")
    if path.suffix == ".safetensors":
        return read_arrays(path)
    if wanted == _MISSING:
        return [str(network) for network in read_frame(path, MISSING_COLUMNS)["name"]]
    if wanted == "zoo.csv":
        return read_frame(path, ZOO_COLUMNS, ZOO_NUMBERS)
    return read_frame(path, finite=RUN_NUMBERS)
