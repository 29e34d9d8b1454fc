"""Figures of the stopping study: ranks of rules, regret against work, and single trainings."""

from itertools import cycle

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, StrMethodFormatter
from pandas import DataFrame

from maxgain.figures.style import COLUMN_WIDTH, GREY, PAGE_WIDTH, new_figure, set_title, styled
from maxgain.tables.regrets import ONLINE, marked

KINDS = {
    "published": "published",
    "own": "this project's",
    "signal": "wrapped signal",
    "reference": "with held-out data",
    "blind": "sees nothing",
}
"""Kinds of rules, and what legends call them."""

_PALETTE = dict(zip(KINDS, seaborn.color_palette("colorblind").as_hex(), strict=False))
_MARKERS = dict(zip(KINDS, "osDX^", strict=True))


def _title(figure: Figure, title: str, data: DataFrame) -> None:
    labels = ", ".join(dict.fromkeys(map(str, data["label"])))
    set_title(figure, title, data=labels, stand_in=bool(data["stand_in"].astype(bool).any()))


def _names(rows: DataFrame) -> list[str]:
    return [marked(*each) for each in zip(rows["rule"], rows["decides"], strict=True)]


@styled
def draw_ranks(ranks: DataFrame, data: DataFrame) -> Figure:
    """Draw mean ranks of rules, with a bar as long as the critical difference.

    Two rules whose bars do not overlap differ at 5 % (Nemenyi). Rules that do not decide online
    say how they do.

    Parameters
    ----------
    ranks, data
        The tables ranks.csv and data.csv.
    """
    figure = new_figure(COLUMN_WIDTH, 0.19 * len(ranks) + 1.1)
    axes = figure.subplots()
    half = float(ranks["critical_difference"].iloc[0]) / 2
    ordered = ranks.sort_values("mean_rank", kind="stable").reset_index(drop=True)
    for place, row in ordered.iterrows():
        style = {"color": _PALETTE[row["kind"]], "marker": _MARKERS[row["kind"]]}
        axes.errorbar(row["mean_rank"], place, xerr=half, elinewidth=1.6, alpha=0.35, **style)  # type: ignore[arg-type]
        axes.plot(row["mean_rank"], place, linestyle="", **style)  # type: ignore[arg-type]
    axes.set_yticks(range(len(ordered)), _names(ordered))
    axes.invert_yaxis()
    cells, p_value = int(ordered["cells"].iloc[0]), float(ordered["p_value"].iloc[0])
    axes.set_xlabel(f"mean rank over {cells} cells (1: least regret)")
    _legend(figure, axes, ordered)
    said = "all ranks alike" if np.isnan(p_value) else f"Friedman p = {p_value:.1g}"
    _title(figure, f"Ranks of stop rules; bars: critical difference; {said}", data)
    return figure


@styled
def draw_work(regret: DataFrame, ranks: DataFrame, data: DataFrame) -> Figure:
    """Draw each rule's mean regret against its work; those of the ranks are numbered.

    A dot is on the points of rules that do not decide online; those with a number say how they do.

    Parameters
    ----------
    regret, ranks, data
        The tables regret.csv, ranks.csv and data.csv.
    """
    figure = new_figure(PAGE_WIDTH, 3.9)
    axes = figure.subplots()
    known = regret[(regret["cells"] > 0) & regret["work"].gt(0)]
    named = known[known["rule"].isin(ranks["rule"])].sort_values("mean_regret", kind="stable")
    seaborn.scatterplot(
        known.assign(kind=known["kind"].map(KINDS)),
        x="work",
        y="mean_regret",
        hue="kind",
        hue_order=list(KINDS.values()),
        palette=[_PALETTE[kind] for kind in KINDS],
        style="kind",
        style_order=list(KINDS.values()),
        markers=[_MARKERS[kind] for kind in KINDS],
        s=16,
        linewidth=0,
        alpha=0.75,
        ax=axes,
    )
    _number(axes, named)
    _mark(axes, known[known["decides"] != ONLINE])
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.yaxis.set_major_locator(FixedLocator([-0.1, -0.05, 0, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    lowest, highest = named["low"].min(), max(known["mean_regret"].max(), named["high"].max())
    axes.set_ylim(min(-0.01, 1.2 * lowest), 1.2 * highest)
    axes.set_xlabel("work: forward and backward passes of one image, mean over trainings")
    axes.set_ylabel("regret in test loss (nats)")
    axes.axhline(0, color=GREY, linewidth=0.6)
    handles, labels = axes.get_legend_handles_labels()
    axes.get_legend().remove()  # type: ignore[union-attr]
    figure.legend(handles, labels, loc="outside right center", handlelength=1)
    _title(figure, "What a stop costs: regret against work of every rule", data)
    return figure


def _number(axes: Axes, named: DataFrame) -> None:
    """Intervals and numbers of rules, and what the numbers mean for the legend."""
    numbers: dict[tuple[float, float], list[str]] = {}
    rows = zip(_names(named), named.to_dict("records"), strict=True)
    for number, (name, row) in enumerate(rows, 1):
        point, color = (row["work"], row["mean_regret"]), _PALETTE[row["kind"]]
        axes.plot([point[0]] * 2, [row["low"], row["high"]], color=color, linewidth=0.7)
        axes.plot([], [], linestyle="", label=f"{number}  {name}")
        numbers.setdefault(point, []).append(f"{number}")
    # Rules that stop alike are one point; and a number may lie on points of other rules.
    edge = [withStroke(linewidth=1.5, foreground="white")]
    for point, alike in numbers.items():
        said, place = ", ".join(alike), {"xytext": (3, 2), "textcoords": "offset points"}
        axes.annotate(said, point, **place, fontsize=6, zorder=5, path_effects=edge)  # type: ignore[arg-type]


def _mark(axes: Axes, others: DataFrame) -> None:
    """Dots on rules that have an advantage, whether they are numbered or not."""
    dots = {"linestyle": "", "marker": ".", "markersize": 2.5, "label": "does not decide online"}
    axes.plot(others["work"], others["mean_regret"], color="black", **dots)  # type: ignore[arg-type]


@styled
def draw_examples(examples: DataFrame, data: DataFrame) -> Figure:
    """Draw the test losses of trainings in which the best gain rule was right, and wrong.

    Parameters
    ----------
    examples, data
        The tables examples.csv and data.csv.
    """
    places = list(dict.fromkeys(examples["place"]))
    figure = new_figure(PAGE_WIDTH, 2.6)
    panels = np.atleast_1d(figure.subplots(1, max(1, len(places))))
    named = examples["selected_by"].dropna().astype(str).str.split(";").explode()
    rules = sorted(dict.fromkeys(named[named != ""]), key=lambda rule: rule == "best")
    for axes, place in zip(panels, places, strict=True):
        _draw_training(axes, examples[examples["place"] == place], rules)
    panels[0].set_ylabel("test loss (nats)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    _title(figure, "Trainings in which the best gain rule did best, middling and worst", data)
    return figure


def _draw_training(axes: Axes, rows: DataFrame, rules: list[str]) -> None:
    """One training's test loss, and the epoch that each rule selected."""
    axes.plot(rows["epoch"], rows["test_loss"], color=GREY)
    colors = seaborn.color_palette("colorblind", len(rules)).as_hex()
    # One smaller than the other, as several rules may select one epoch.
    sizes = np.linspace(6.5, 3, len(rules))
    for rule, color, marker, size in zip(rules, colors, cycle("osDv^"), sizes, strict=False):
        chosen = rows[[rule in str(names).split(";") for names in rows["selected_by"]]]
        best = rule == "best"
        axes.plot(
            chosen["epoch"],
            chosen["test_loss"],
            linestyle="",
            marker="*" if best else marker,
            markersize=8 if best else size,
            markerfacecolor="none" if best else color,
            markeredgecolor=color,
            label="best epoch" if best else rule,
        )
    dataset, _, rate, *_ = str(rows["run"].iloc[0]).split("/")
    title = f"{rows['place'].iloc[0]}: {rows['regret'].iloc[0]:+.3f} nats"
    axes.set_title(f"{title}\n{dataset}\n{rate.split('-')[0]}", fontsize=6)
    axes.set_xlabel("epoch")


def _legend(figure: Figure, axes: Axes, rows: DataFrame) -> None:
    for kind in [kind for kind in KINDS if kind in set(rows["kind"])]:
        axes.plot(
            [], [], linestyle="", color=_PALETTE[kind], marker=_MARKERS[kind], label=KINDS[kind]
        )
    figure.legend(loc="outside lower center", ncols=2, fontsize=5.5)
