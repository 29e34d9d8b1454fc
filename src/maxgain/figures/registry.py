"""Every figure by its name: what draws it, from which tables, and its caption."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maxgain.config.figures import CurvesFigure
from maxgain.errors import InputError
from maxgain.figures.rows import FigureRow, row_of_request
from maxgain.files.csv import read_frame
from maxgain.files.tensors import read_arrays, read_network_name
from maxgain.registry import Registry, load_function
from maxgain.tables.curves import RUN_NUMBERS

if TYPE_CHECKING:
    # A workflow reads this table before any job; only drawing needs the heavy libraries.
    from matplotlib.figure import Figure


_MISSING = "zoo_missing.csv"
_TRENDS = "zoo_trends.csv"
_NETWORK_ARRAYS = "*.safetensors"
_RATES = ("mnist_rates.csv", "cifar_rates.csv")
_RAISED = [Fraction(1), Fraction(2), Fraction(3), Fraction(4)]
_LOWERED = [Fraction(1), Fraction(1, 3), Fraction(1, 10)]

ROWS = (
    FigureRow(
        "fig01",
        "maxgain.figures.toy:draw_fig01",
        ("toy.safetensors",),
        "The toy network of section III-A: (a) the mean-subtracted red channel of a photograph, "
        "(b) the 7 x 7 Gaussian filter, sigma 1 pixel, (c) the feature map after the ReLU. The "
        "photograph is matplotlib's sample of Grace Hopper, not the paper's; its pixel (150, 100) "
        "is inactive (z = 0), so the nearest active pixel takes the place of the paper's.",
    ),
    FigureRow(
        "fig02",
        "maxgain.figures.toy:draw_fig02",
        ("toy.safetensors",),
        "Derivative dz/dx of the toy network on the photograph: (a) p = 1 at one active place, "
        "enlarged: the filter itself; (b) p = 1 everywhere: the active places, each spread by the "
        "filter.",
    ),
    FigureRow(
        "fig03",
        "maxgain.figures.toy:draw_fig03",
        ("toy.safetensors",),
        "Response |H| of the toy network on the photograph, zero frequency in the middle, no "
        "window: (a) p = 1 at one active place: the filter's low-pass response; (b) p = 1 "
        "everywhere: the spectrum of the active region, filtered.",
    ),
    FigureRow(
        "fig04",
        "maxgain.figures.toy:draw_fig04",
        ("toy.safetensors",),
        "The toy network on the impulse image (255 at the centre, 0 elsewhere), p = 1 everywhere: "
        "(a) the derivative dz/dx times a Hann window, enlarged, (b) its response, low-pass. "
        "Outside the 7 x 7 active places the ReLU blocks, hence the side lobes.",
    ),
    FigureRow(
        "fig05",
        "maxgain.figures.pretrained:draw_fig05",
        ("zoo.csv", _NETWORK_ARRAYS, _MISSING),
        "Derivative dz/dx and response |H| of one ImageNet network, on a photograph and on the "
        "impulse image, with the winning class and its score. AlexNet where it was measured, "
        "otherwise the best network at hand, which the title names.",
    ),
    FigureRow(
        "fig06",
        "maxgain.figures.pretrained:draw_fig06",
        ("zoo.csv", _NETWORK_ARRAYS, _MISSING),
        "Derivative dz/dx and response |H| of every ImageNet network at hand on the impulse image, "
        "in the order of top-5 error, those without a published one after them; networks with "
        "random weights are controls. Networks that "
        "could not be measured are named in the title.",
    ),
    FigureRow(
        "fig07",
        "maxgain.figures.scatter:draw_fig07",
        ("zoo.csv", _MISSING),
        "Maximum Gain against top-5 error of the ImageNet networks at hand, channel by channel, on "
        "the impulse image; the numbers name the networks, hollow points are networks with int8 "
        "weights measured dequantised, dotted lines networks with random weights. The legend gives "
        "the rank correlation of claim P1: the mean over draws of one network of each "
        "architecture, its 90 % interval over architectures, its one-sided p-value by permutation.",
        measure="maxgain.figures.numbers:correlate_sets",
    ),
    row_of_request(
        CurvesFigure(
            name="fig08",
            experiment="mnist_rates",
            rate_factors=_RAISED,
            title="LeNet: raised learning rates",
            paper_epochs=20,
        ),
        "LeNet on MNIST at learning rate 0.001 (red) and at twice to four times it.",
    ),
    row_of_request(
        CurvesFigure(
            name="fig09",
            experiment="mnist_rates",
            rate_factors=_LOWERED,
            title="LeNet: lowered learning rates",
            paper_epochs=20,
        ),
        "LeNet on MNIST at learning rate 0.001 (red), a third (blue) and a tenth (black) of it.",
    ),
    row_of_request(
        CurvesFigure(
            name="fig10",
            experiment="cifar_rates",
            rate_factors=_RAISED,
            title="LeNet: raised learning rates",
            paper_epochs=45,
        ),
        "LeNet on CIFAR-10 at learning rate 0.05 (red) and at twice to four times it.",
    ),
    row_of_request(
        CurvesFigure(
            name="fig11",
            experiment="cifar_rates",
            rate_factors=_LOWERED,
            title="LeNet: lowered learning rates",
            paper_epochs=45,
        ),
        "LeNet on CIFAR-10 at learning rate 0.05 (red), a third (blue) and a tenth (black) of it.",
    ),
    row_of_request(
        CurvesFigure(
            name="fig12",
            experiment="networks",
            columns="network",
            colours=None,
            networks=["lenet", "nin"],
            names={"lenet": "LeNet", "nin": "Network in Network"},
            title="Two architectures",
            paper_epochs=100,
        ),
        "LeNet and Network in Network on CIFAR-10 at learning rate 0.005.",
    ),
    row_of_request(
        CurvesFigure(
            name="fig13",
            experiment="capacity",
            columns="capacity",
            colours=None,
            capacities=[Fraction(1, 4), Fraction(1), Fraction(4)],
            names={"lenet": "LeNet"},
            title="Capacity of LeNet",
            paper_epochs=100,
        ),
        "LeNet on CIFAR-10 at learning rate 0.005 with a quarter of the filters, all of them, and "
        "four times as many.",
    ),
    FigureRow(
        "sensitivity",
        "maxgain.figures.sensitivity:draw_sensitivity",
        _RATES,
        "G = S + C over the epochs, at the default and the highest learning rate: the Maximum Gain "
        "G on one impulse is the sensitivity S of the winning class's log-odds plus the saturation "
        "C of the softmax. Top: one run, C being the filled distance from S down to G. Below: S "
        "and C of every run, as many dB to the inch, so that the eye sees which part jumps. This "
        "figure is not the paper's.",
    ),
    FigureRow(
        "variability",
        "maxgain.figures.variability:draw_variability",
        _RATES,
        "Variability from epoch to epoch (robust scale of detrended differences, first epochs left "
        "out) against learning rate, for the paper's gain G, the sensitivity S at the same one "
        "impulse, and S averaged over several impulses. Points are geometric means over seeds, "
        "bars their 95 % confidence intervals. This figure is not the paper's.",
        measure="maxgain.figures.numbers:measure_variabilities",
    ),
    FigureRow(
        "within",
        "maxgain.figures.within:draw_within",
        ("zoo.csv", _TRENDS),
        "Maximum Gain and sensitivity of networks of one design that differ in width and "
        "resolution alone, at one impulse and as the mean over several. Left: against top-5 error, "
        "lines joining networks of one resolution. Right: over the resolution, lines joining "
        "networks of one width; grey lines are slopes of 0 and -12 dB an octave, which an "
        "unnormalised DFT alone may give. Rank correlations are with the error, within strata; p "
        "is one-sided, by permutation within strata. This figure is not the paper's.",
    ),
    FigureRow(
        "carriers",
        "maxgain.figures.carriers:draw_carriers",
        ("zoo.csv", _TRENDS),
        "Maximum Gain at the impulse (mean over channels) and top-5 error of the ImageNet networks "
        "that are judged, against what else they differ in: age of the architecture, normalisation "
        "of its hidden layers, resolution and scaling of the input. Int8 networks are hollow. Rank "
        "correlations are means over draws of one network of each architecture, with 90 % "
        "intervals over architectures. This figure is not the paper's.",
    ),
    FigureRow(
        "stopping-ranks",
        "maxgain.figures.stopping:draw_ranks",
        ("ranks.csv", "data.csv"),
        "Stop rules of the stopping study by their mean rank in regret over the cells, 1 the "
        "least. Bars are as long as the critical difference: rules whose bars do not overlap "
        "differ at 5 % (Friedman's test, Nemenyi). In brackets how a rule decides that does not "
        "do so online.",
    ),
    FigureRow(
        "stopping-work",
        "maxgain.figures.stopping:draw_work",
        ("regret.csv", "ranks.csv", "data.csv"),
        "Regret in test loss against the best epoch, and work of the training, its signals and "
        "twin, of every rule of the stopping study; the ranked rules are numbered, with 95 % "
        "intervals over groups of cells. Points with a dot are rules that do not decide online; "
        "brackets say how.",
    ),
    FigureRow(
        "stopping-examples",
        "maxgain.figures.stopping:draw_examples",
        ("examples.csv", "data.csv"),
        "Test loss of four trainings of the stopping study, in which the best rule on the gain had "
        "the least, the median, the upper quartile and the most regret, with the epochs that it, "
        "validation and the best rival selected.",
    ),
)
"""The paper's figures, then this project's own."""

FIGURES: Registry[FigureRow] = Registry("figures", ROWS)
"""Figures by name, those of installed packages too."""


def draw_figure(figure: str | CurvesFigure, files: Sequence[Path]) -> "Figure":
    """Draw a figure from result files.

    Parameters
    ----------
    figure
        A name of `FIGURES`, or what is asked for.
    files
        The files that it needs, in any order and in any folder; others are ignored.

    Raises
    ------
    InputError
        An unknown name, or a file that is missing, unreadable or without what is drawn.
    """
    row = FIGURES.find(figure) if isinstance(figure, str) else row_of_request(figure)
    draw = load_function(row.function, f"figure '{row.name}'")
    arguments = [_read_argument(row.name, wanted, files) for wanted in row.files]
    requested = [] if row.request is None else [row.request]
    try:
        measured: Mapping[str, Any] = {}
        if row.measure:
            measured = load_function(row.measure, f"figure '{row.name}'")(*arguments)
        drawn: Figure = draw(*arguments, *requested, **measured)
    except InputError as error:
        wanted = (path for path in files if any(path.match(each) for each in row.files))
        raise InputError(f"{row.name}, from {', '.join(map(str, wanted))}: {error}") from error
    return drawn


def _read_argument(figure: str, wanted: str, files: Sequence[Path]) -> Any:
    """What a file holds, as the function takes it: a frame, names, arrays, or those of networks."""
    from maxgain.tables.zoo import MISSING_COLUMNS, read_trends, read_zoo

    if wanted == _NETWORK_ARRAYS:
        arrays = [path for path in files if path.suffix == ".safetensors"]
        return {read_network_name(path): read_arrays(path) for path in arrays}
    path = next((path for path in files if path.name == wanted), None)
    if path is None:
        given = ", ".join(path.name for path in files) or "no file"
        raise InputError(f"{figure} is drawn from {wanted}; the files given are {given}.")
    if path.suffix == ".safetensors":
        return read_arrays(path)
    if wanted == _MISSING:
        return [str(network) for network in read_frame(path, MISSING_COLUMNS)["name"]]
    if wanted == "zoo.csv":
        return read_zoo(path)
    if wanted == _TRENDS:
        return read_trends(path)
    if figure.startswith("stopping-"):
        return read_frame(path)
    return read_frame(path, finite=RUN_NUMBERS)
