"""Figures 5 to 7: derivative, response and Maximum Gain of pretrained ImageNet networks."""

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
from maxgain.figures.panels import show_pixels
from maxgain.figures.panels import show_gradient
from maxgain.figures.panels import show_response
from maxgain.figures.panels import strip
from maxgain.figures.panels import common_scale


NetworkArrays = Mapping[str, ndarray]
"""Arrays of one network, as `maxgain.zoo.measurement.figure_arrays` names them."""


PREFERRED_NETWORKS = ("caffe-alex", "alexnet")
"""Figure 5 shows AlexNet where it was measured."""


IMAGE_LABELS = {"natural": "natural image", "impulse": "impulse"}


_MOST_NAMED = 6


@styled
def draw_fig05(
    zoo: DataFrame, arrays: Mapping[str, NetworkArrays], missing: Sequence[str] = ()
) -> Figure:
    """Draw derivative and response of AlexNet, or of the best network at hand (paper, figure 5).

    Parameters
    ----------
    zoo
        The table zoo.csv.
    arrays
        Arrays of the networks by name; what is not there is not drawn.
    missing
        Names of the networks that could not be measured, to be named in the title.

    Raises
    ------
    InputError
        An array is missing.
    """
    name = choose_network(zoo, arrays)
    if name is None:
        return _draw_nothing("Derivative and response of a pretrained network", missing)
    rows = zoo[zoo["name"] == name]
    notes = [describe_missing(missing)]
    if name not in PREFERRED_NETWORKS:
        notes.insert(0, "the best network at hand, as AlexNet was not measured")
    return _draw_probes(rows, arrays[name], name, notes)


@styled
def draw_network(rows: Sequence[Mapping[str, object]], arrays: NetworkArrays) -> Figure:
    """Draw derivative and response of one network (the picture of `maxgain measure`).

    Parameters
    ----------
    rows
        Rows of zoo.csv for this network.
    arrays
        Its arrays.
    """
    table = DataFrame(rows)
    return _draw_probes(table, arrays, str(table["name"].iloc[0]))


@styled
def draw_fig06(
    zoo: DataFrame,
    arrays: Mapping[str, NetworkArrays],
    missing: Sequence[str] = (),
    image: str = "impulse",
) -> Figure:
    """Draw derivative and response of every network, lowest top-5 error first (paper, figure 6).

    Parameters and errors as in `draw_fig05`; `image` is "impulse" or "natural". Responses are means
    over channels and share one colour scale; networks with random weights come last.
    """
    title = f"Derivative dz/dx (left) and response |H| (right) at the {IMAGE_LABELS[image]}"
    chosen = zoo[(zoo["image"] == image) & (zoo["projection"] == "inverse-score")]
    if image == "impulse":
        chosen = chosen[chosen["impulse"] == "centred"]
    networks = _sorted_networks(chosen[chosen["name"].isin(list(arrays))])
    if networks.empty:
        return _draw_nothing(title, missing)
    grid = _Grid.of(len(networks))
    figure = new_figure(PAGE_WIDTH, grid.height)
    figure.set_layout_engine("none")
    labels = "in numbers: top-5 error, Maximum Gain (mean over channels)"
    set_title(figure, title, data="; ".join(filter(None, (labels, describe_missing(missing)))))
    responses = {
        name: _array(arrays[name], f"{image}.response").mean(0) for name in networks["name"]
    }
    scale = common_scale(list(responses.values()))
    for position, network in enumerate(networks.itertuples(index=False)):
        left, right = grid.add_panels(figure, position)
        show_gradient(left, _array(arrays[str(network.name)], f"{image}.gradient"))
        right.imshow(np.fft.fftshift(responses[str(network.name)]), cmap="viridis", norm=scale)
        error = "random weights" if network.random else f"{network.error:.3g} %"
        grid.add_label(figure, position, str(network.name), f"{error}, {network.gain:.1f} dB")
    grid.add_color_bar(figure, scale)
    return figure


def choose_network(zoo: DataFrame, arrays: Mapping[str, NetworkArrays]) -> str | None:
    """Name of the network of figure 5: AlexNet, else the trained one of lowest top-5 error."""
    networks = _sorted_networks(zoo[zoo["name"].isin(list(arrays))])
    names = [str(name) for name in networks["name"]]
    return next((name for name in (*PREFERRED_NETWORKS, *names) if name in names), None)


@dataclass(frozen=True)
class _Grid:
    """Places of the networks of figure 6, in inches from the top left corner.

    Laid out by hand: a hundred pairs of panels take a solver of constraints minutes.
    """

    pairs: int
    rows: int

    margin: float = 0.1
    label_height: float = 0.24
    title_height: float = 0.5
    bar_height: float = 0.5

    @classmethod
    def of(cls, networks: int) -> "_Grid":
        pairs = next(n for n, most in ((3, 6), (4, 24), (6, 60), (8, math.inf)) if networks <= most)
        return cls(pairs, math.ceil(networks / pairs))

    @property
    def cell_width(self) -> float:
        return (PAGE_WIDTH - 2 * self.margin) / self.pairs

    @property
    def panel(self) -> float:
        return (self.cell_width - 0.14) / 2

    @property
    def cell_height(self) -> float:
        return self.panel + self.label_height + 0.08

    @property
    def height(self) -> float:
        return self.title_height + self.rows * self.cell_height + self.bar_height

    def corner(self, position: int) -> tuple[float, float]:
        row, column = divmod(position, self.pairs)
        return (
            self.margin + column * self.cell_width + 0.05,
            self.title_height + row * self.cell_height,
        )

    def add_panels(self, figure: Figure, position: int) -> tuple[Axes, Axes]:
        left, top = self.corner(position)
        bottom = self.height - top - self.label_height - self.panel
        places = (left, left + self.panel + 0.02)
        axes = [
            figure.add_axes(
                (
                    x / PAGE_WIDTH,
                    bottom / self.height,
                    self.panel / PAGE_WIDTH,
                    self.panel / self.height,
                )
            )
            for x in places
        ]
        for panel in axes:
            strip(panel)
        return axes[0], axes[1]

    def add_label(self, figure: Figure, position: int, name: str, values: str) -> None:
        left, top = self.corner(position)
        # 0.6 em is the width of an average letter; long names of narrow cells get smaller type.
        points = min(6.0, 72 * (self.cell_width - 0.1) / (0.6 * max(len(name), len(values))))
        for text, down in ((name, 0.1), (values, 0.2)):
            y = (self.height - top - down) / self.height
            figure.text(left / PAGE_WIDTH, y, text, fontsize=points, ha="left", va="baseline")

    def add_color_bar(self, figure: Figure, scale: Normalize) -> None:
        axes = figure.add_axes((0.3, 0.33 / self.height, 0.4, 0.08 / self.height))
        bar = figure.colorbar(ScalarMappable(scale, "viridis"), cax=axes, orientation="horizontal")
        bar.set_label("|H|, mean over channels (dB); zero frequency in the middle")


def _draw_probes(
    rows: DataFrame, arrays: NetworkArrays, name: str, notes: Sequence[str] = ()
) -> Figure:
    """Draw input, derivative and the response of each channel, one row a probe."""
    figure = new_figure(PAGE_WIDTH, 4.3)
    data = str(rows.loc[rows["image"] == "natural", "data"].iloc[0])
    data = "; ".join(filter(None, (data, *notes)))
    set_title(figure, f"Derivative dz/dx and response |H| of {name}; p_c = 1/score", data=data)
    scale = common_scale(
        [response for image in IMAGE_LABELS for response in _array(arrays, f"{image}.response")]
    )
    parts = figure.subfigures(2, 1, hspace=0.04, squeeze=False)[:, 0]
    for part, image in zip(parts, IMAGE_LABELS, strict=True):
        probe = rows[(rows["image"] == image) & (rows["projection"] == "inverse-score")]
        probe = probe[probe["impulse"] != "raw"]
        responses = _array(arrays, f"{image}.response")
        if len(probe) != len(responses):
            raise InputError(
                f"zoo.csv has {len(probe)} channels at the {IMAGE_LABELS[image]} for {name}; its "
                f"arrays have {len(responses)}."
            )
        first = probe.iloc[0]
        part.suptitle(
            f"{IMAGE_LABELS[image]}: class {first['predicted_class']} ({first['class_name']}), "
            f"score {first['score']:.3f}",
            fontsize=7,
        )
        panels = part.subplots(1, 2 + len(probe))
        show_pixels(panels[0], _array(arrays, f"{image}.pixels"))
        panels[0].set_title("input")
        show_gradient(panels[1], _array(arrays, f"{image}.gradient"))
        panels[1].set_title("dz/dx")
        for axes, row, response in zip(
            panels[2:],
            probe.itertuples(index=False),
            responses,
            strict=True,
        ):
            show_response(axes, response, scale)
            axes.set_title(f"|H| {row.channel}, peak {row.gain_db:.1f} dB")
        panels[2].set_ylabel("cycles/pixel")
        bar = part.colorbar(ScalarMappable(scale, "viridis"), ax=panels[2:], shrink=0.8, aspect=25)
        bar.set_label("|H| (dB)")
    return figure


def is_random(zoo: DataFrame) -> "pd.Series[bool]":
    return zoo["random_weights"].astype(str).str.lower().eq("true")


def _sorted_networks(rows: DataFrame) -> DataFrame:
    """One row a network (name, error, gain, random): trained by top-5 error, then the random."""
    networks = (
        rows.assign(random=is_random(rows), gain_db=rows["gain_db"].astype(float))
        .groupby("name", sort=False)
        .agg(error=("top5_error", "first"), gain=("gain_db", "mean"), random=("random", "first"))
        .reset_index()
    )
    return networks.sort_values(["random", "error", "name"], kind="stable")


def _array(arrays: NetworkArrays, name: str) -> ndarray:
    if name not in arrays:
        raise InputError(
            f"the network's arrays lack '{name}'; they hold "
            f"{', '.join(sorted(arrays)) or 'nothing'}."
        )
    array = arrays[name]
    if array.ndim != 3 or array.size == 0:
        raise InputError(
            f"the network's array '{name}' has the shape {array.shape}; it must be "
            "(channels, height, width)."
        )
    return array


def describe_missing(missing: Sequence[str]) -> str:
    if not missing:
        return ""
    more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    return f"not measured: {', '.join(missing[:_MOST_NAMED])}{more}"


def _draw_nothing(title: str, missing: Sequence[str]) -> Figure:
    figure = new_figure(COLUMN_WIDTH, 1.6)
    set_title(figure, title, data=describe_missing(missing))
    label_empty_panel(figure.subplots(), "no network measured")
    return figure
