"""Every figure by its name: the function that draws it and the result files that it draws from."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from maxgain.errors import InputError
from maxgain.tables import read_frame
from maxgain.training.columns import RUN_NUMBERS
from maxgain.zoo.columns import MISSING_COLUMNS, ZOO_COLUMNS, ZOO_NUMBERS

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
    "fig07": FigureSource("maxgain.figures.pretrained:draw_fig07", ("zoo.csv", _MISSING)),
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


def read_arrays(path: Path) -> "dict[str, ndarray]":
    """Arrays of a safetensors file by name.

    Raises
    ------
    InputError
        The file is missing or not in that format.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        # A type of numbers that NumPy has not, such as bfloat16, is a KeyError or a TypeError.
        raise InputError(f"{path} cannot be read as safetensors: {error}.") from error


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
