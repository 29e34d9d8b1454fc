"""Figures 5 and 6: derivative and response of pretrained ImageNet networks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from numpy import ndarray
from pandas import DataFrame

from maxgain.errors import InputError
from maxgain.figures.grid import Grid
from maxgain.figures.panels import common_scale, draw_response, show_gradient, show_pixels
from maxgain.figures.probes import (
    IMAGE_LABELS,
    describe_missing,
    draw_nothing,
    probe_rows,
    sort_networks,
    stand_in,
)
from maxgain.figures.style import PAGE_WIDTH, STAND_IN_NETWORKS, new_figure, set_title, styled

NetworkArrays = Mapping[str, ndarray]
"""Arrays of one network, as `maxgain.zoo.measurement.figure_arrays` names them."""

PREFERRED_NETWORKS = ("caffe-alex", "alexnet")
"""Figure 5 shows AlexNet where it was measured."""


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
        return draw_nothing("Derivative and response of a pretrained network", missing)
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
    chosen = probe_rows(zoo, image)
    shown = chosen[chosen["name"].isin(list(arrays))]
    networks = sort_networks(shown)
    if networks.empty:
        return draw_nothing(title, missing)
    figure = new_figure(PAGE_WIDTH)
    figure.set_layout_engine("none")
    labels = "in numbers: top-5 error, Maximum Gain (mean over channels)"
    data = "; ".join(filter(None, (labels, describe_missing(missing))))
    written = set_title(
        figure, title, data=data, stand_in=stand_in(shown), banner=STAND_IN_NETWORKS
    )
    grid = Grid.of(len(networks), title_lines=len(written.get_text().splitlines()))
    figure.set_figheight(grid.height)
    written.set_y(1 - grid.margin / grid.height)
    responses = {
        name: _array(arrays[name], f"{image}.response").mean(0) for name in networks["name"]
    }
    scale = common_scale(list(responses.values()))
    for position, network in enumerate(networks.itertuples(index=False)):
        left, right = grid.add_panels(figure, position)
        show_gradient(left, _array(arrays[str(network.name)], f"{image}.gradient"))
        draw_response(right, responses[str(network.name)], scale, bare=True)
        grid.add_label(figure, position, str(network.name), _label(network))
    grid.add_color_bar(figure, scale)
    return figure


def _label(network: Any) -> str:  # a row as pandas gives it
    """Error, in words where there is none, and gain of a network of figure 6."""
    known = "no published error" if np.isnan(network.error) else f"{network.error:.3g} %"
    return f"{'random weights' if network.random else known}, {network.gain:.1f} dB"


def choose_network(zoo: DataFrame, arrays: Mapping[str, NetworkArrays]) -> str | None:
    """Name of the network of figure 5: AlexNet, else the trained one of lowest top-5 error."""
    networks = sort_networks(zoo[zoo["name"].isin(list(arrays))])
    names = [str(name) for name in networks["name"]]
    return next((name for name in (*PREFERRED_NETWORKS, *names) if name in names), None)


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
        _draw_probe(part, image, probe_rows(rows, image), arrays, scale)
    return figure


def _draw_probe(
    part: SubFigure, image: str, probe: DataFrame, arrays: NetworkArrays, scale: Normalize
) -> None:
    responses = _array(arrays, f"{image}.response")
    if len(probe) != len(responses):
        raise InputError(
            f"zoo.csv has {len(probe)} channels at the {IMAGE_LABELS[image]}; the network's arrays "
            f"have {len(responses)}."
        )
    first = probe.iloc[0]
    part.suptitle(
        f"{IMAGE_LABELS[image]}: class {int(first['predicted_class'])} ({first['class_name']}), "
        f"score {first['score']:.3f}",
        fontsize=7,
    )
    panels = part.subplots(1, 2 + len(probe))
    show_pixels(panels[0], _array(arrays, f"{image}.pixels"))
    panels[0].set_title("input")
    show_gradient(panels[1], _array(arrays, f"{image}.gradient"))
    panels[1].set_title("dz/dx")
    for axes, row, response in zip(
        panels[2:], probe.itertuples(index=False), responses, strict=True
    ):
        draw_response(axes, response, scale)
        axes.set_title(f"|H| {row.channel}, peak {row.gain_db:.1f} dB")
    panels[2].set_ylabel("cycles/pixel")
    bar = part.colorbar(ScalarMappable(scale, "viridis"), ax=panels[2:], shrink=0.8, aspect=25)
    bar.set_label("|H| (dB)")


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
