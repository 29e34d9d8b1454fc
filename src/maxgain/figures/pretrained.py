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

from maxgain.claims.pretrained import correlate_ranks, judged_rows
from maxgain.errors import InputError
from maxgain.figures.style import (
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    label_empty_panel,
    new_figure,
    set_title,
    styled,
)

NetworkArrays = Mapping[str, ndarray]
"""Arrays of one network, as `maxgain.zoo.measurement.figure_arrays` names them."""

PREFERRED_NETWORKS = ("caffe-alex", "alexnet")
"""Figure 5 shows AlexNet where it was measured."""

#: How far below its peak a response is drawn, in dB.
DYNAMIC_RANGE_DB = 60.0


class FamilyStyle(NamedTuple):
    """How a family of weights is drawn in figure 7."""

    label: str
    color: str
    marker: str


FAMILY_STYLES: dict[str, FamilyStyle] = {
    "matconvnet": FamilyStyle("MatConvNet (the paper's set)", "#d62728", "o"),
    "torchvision": FamilyStyle("torchvision", "#1f5fbf", "s"),
    "carried": FamilyStyle("carried by packages", "#e69f00", "^"),
}
_IMAGE_LABELS = {"natural": "natural image", "impulse": "impulse"}
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
    notes = [_describe_missing(missing)]
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
    title = f"Derivative dz/dx (left) and response |H| (right) at the {_IMAGE_LABELS[image]}"
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
    set_title(figure, title, data="; ".join(filter(None, (labels, _describe_missing(missing)))))
    responses = {
        name: _array(arrays[name], f"{image}.response").mean(0) for name in networks["name"]
    }
    scale = _common_scale(list(responses.values()))
    for position, network in enumerate(networks.itertuples(index=False)):
        left, right = grid.add_panels(figure, position)
        _show_gradient(left, _array(arrays[str(network.name)], f"{image}.gradient"))
        right.imshow(np.fft.fftshift(responses[str(network.name)]), cmap="viridis", norm=scale)
        error = "random weights" if network.random else f"{network.error:.3g} %"
        grid.add_label(figure, position, str(network.name), f"{error}, {network.gain:.1f} dB")
    grid.add_color_bar(figure, scale)
    return figure


@styled
def draw_fig07(zoo: DataFrame, missing: Sequence[str] = (), image: str = "impulse") -> Figure:
    """Draw Maximum Gain against top-5 error, one panel a channel (paper, figure 7).

    Parameters as in `draw_fig06`. The legend gives Spearman's rank correlation of each family with
    its 95 % bootstrap interval; dotted lines are networks with random weights, which have no error
    to be drawn against.
    """
    figure = new_figure(PAGE_WIDTH, 3.4)
    title = f"Maximum Gain against top-5 error: {_IMAGE_LABELS[image]}, p_c = 1/score"
    set_title(figure, title, data=_describe_missing(missing))
    judged = judged_rows(zoo, "inverse-score", image)
    controls = _control_rows(zoo, image)
    channels = [
        name for name in ("red", "green", "blue", "grey") if (judged["channel"] == name).any()
    ]
    panels = figure.subplots(1, max(len(channels), 1), sharey=True, squeeze=False)[0]
    if not channels:
        label_empty_panel(panels[0], "no network measured")
        return figure
    for axes, channel in zip(panels, channels, strict=True):
        axes.set_title(f"{channel} channel")
        _draw_families(axes, judged[judged["channel"] == channel])
        _draw_controls(axes, controls[controls["channel"] == channel])
        axes.axhline(-20, color=GREY, linewidth=0.7, linestyle="--", zorder=0)
        axes.annotate(
            "−20 dB",
            (1, -20),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
            fontsize=5.5,
            color=GREY,
        )
        axes.set_xlabel("top-5 error (%)")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.23), borderaxespad=0.0)
    panels[0].set_ylabel("Maximum Gain (dB)")
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
            _strip(panel)
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
    scale = _common_scale(
        [response for image in _IMAGE_LABELS for response in _array(arrays, f"{image}.response")]
    )
    parts = figure.subfigures(2, 1, hspace=0.04, squeeze=False)[:, 0]
    for part, image in zip(parts, _IMAGE_LABELS, strict=True):
        probe = rows[(rows["image"] == image) & (rows["projection"] == "inverse-score")]
        probe = probe[probe["impulse"] != "raw"]
        responses = _array(arrays, f"{image}.response")
        if len(probe) != len(responses):
            raise InputError(
                f"zoo.csv has {len(probe)} channels at the {_IMAGE_LABELS[image]} for {name}; its "
                f"arrays have {len(responses)}."
            )
        first = probe.iloc[0]
        part.suptitle(
            f"{_IMAGE_LABELS[image]}: class {first['predicted_class']} ({first['class_name']}), "
            f"score {first['score']:.3f}",
            fontsize=7,
        )
        panels = part.subplots(1, 2 + len(probe))
        _show_pixels(panels[0], _array(arrays, f"{image}.pixels"))
        panels[0].set_title("input")
        _show_gradient(panels[1], _array(arrays, f"{image}.gradient"))
        panels[1].set_title("dz/dx")
        for axes, row, response in zip(
            panels[2:],
            probe.itertuples(index=False),
            responses,
            strict=True,
        ):
            _show_response(axes, response, scale)
            axes.set_title(f"|H| {row.channel}, peak {row.gain_db:.1f} dB")
        panels[2].set_ylabel("cycles/pixel")
        bar = part.colorbar(ScalarMappable(scale, "viridis"), ax=panels[2:], shrink=0.8, aspect=25)
        bar.set_label("|H| (dB)")
    return figure


def _show_pixels(axes: Axes, pixels: UInt8[ndarray, "channels height width"]) -> None:
    _strip(axes)
    axes.imshow(pixels.transpose(1, 2, 0).squeeze(), vmin=0, vmax=255, cmap="gray")


def _show_gradient(axes: Axes, gradient: Float[ndarray, "channels height width"]) -> None:
    """Show a derivative in colour: grey is 0, full colour the 99.5th percentile of its |values|.

    Zeros do not count: many networks respond to an impulse in a few places only.
    """
    _strip(axes)
    amplitudes = np.abs(gradient[np.isfinite(gradient) & (gradient != 0)])
    limit = float(np.quantile(amplitudes, 0.995)) if amplitudes.size else 1.0
    shown = np.clip(0.5 + 0.5 * np.nan_to_num(gradient) / limit, 0, 1)
    axes.imshow(shown.transpose(1, 2, 0).squeeze(), vmin=0, vmax=1, cmap="gray")


def _show_response(axes: Axes, response: Float[ndarray, "height width"], scale: Normalize) -> None:
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


def _strip(axes: Axes) -> None:
    axes.grid(False)
    axes.set(xticks=(), yticks=())
    axes.spines[:].set_visible(False)


def _common_scale(responses: Sequence[ndarray]) -> Normalize:
    """Colours from the highest of all responses down; dead and diverged networks do not count."""
    finite = [response[np.isfinite(response)] for response in responses]
    peak = max((float(values.max()) for values in finite if values.size), default=0.0)
    return Normalize(peak - DYNAMIC_RANGE_DB, peak)


def _draw_families(axes: Axes, rows: DataFrame) -> None:
    for family, style in FAMILY_STYLES.items():
        networks = rows[rows["family"] == family]
        if networks.empty:
            continue
        gains = networks["gain_db"].to_numpy(dtype=np.float64)
        errors = networks["top5_error"].to_numpy(dtype=np.float64)
        found = correlate_ranks(gains, errors)
        interval = (
            "no interval" if found.ci_low is None else f"[{found.ci_low:.2f}, {found.ci_high:.2f}]"
        )
        axes.plot(
            errors,
            gains,
            style.marker,
            color=style.color,
            markeredgecolor="white",
            markeredgewidth=0.3,
            markersize=4.5,
            label=f"{style.label}, n = {found.networks}\nρ = {found.rho:.2f}, {interval}",
        )


def _draw_controls(axes: Axes, rows: DataFrame) -> None:
    for number, gain in enumerate(rows["gain_db"].to_numpy(dtype=np.float64)):
        if math.isfinite(gain):
            label = f"random weights, n = {len(rows)}" if number == 0 else None
            axes.axhline(gain, color="black", linewidth=0.8, linestyle=":", label=label)


def _control_rows(zoo: DataFrame, image: str) -> DataFrame:
    chosen = (zoo["image"] == image) & (zoo["projection"] == "inverse-score")
    if image == "impulse":
        chosen &= zoo["impulse"] == "centred"
    return zoo[chosen & _is_random(zoo)]


def _is_random(zoo: DataFrame) -> "pd.Series[bool]":
    return zoo["random_weights"].astype(str).str.lower().eq("true")


def _sorted_networks(rows: DataFrame) -> DataFrame:
    """One row a network (name, error, gain, random): trained by top-5 error, then the random."""
    networks = (
        rows.assign(random=_is_random(rows), gain_db=rows["gain_db"].astype(float))
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


def _describe_missing(missing: Sequence[str]) -> str:
    if not missing:
        return ""
    more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    return f"not measured: {', '.join(missing[:_MOST_NAMED])}{more}"


def _draw_nothing(title: str, missing: Sequence[str]) -> Figure:
    figure = new_figure(COLUMN_WIDTH, 1.6)
    set_title(figure, title, data=_describe_missing(missing))
    label_empty_panel(figure.subplots(), "no network measured")
    return figure
