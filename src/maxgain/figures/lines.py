"""Runs over the epochs: the median of the seeds, their range, and each run."""

from collections.abc import Mapping
from typing import Literal

import seaborn
from matplotlib.axes import Axes
from pandas import DataFrame

from maxgain.figures.curves import CURVE, number_stretches
from maxgain.figures.palette import CurveStyle

DASHES: dict[str, Literal[""] | tuple[float, ...]] = {"training": "", "validation": (2.6, 1.4)}
"""Validation curves are dashed."""

MARKS = 9
"""Markers a curve carries, about."""


def draw_medians(axes: Axes, values: DataFrame, styles: Mapping[str, CurveStyle]) -> None:
    """Draw the median over the seeds as a line and, of several seeds, their range as a band.

    Parameters
    ----------
    values
        Rows of `maxgain.figures.curves.TidyCurves.values` of one panel.
    styles
        Of each curve; the first lies on top.
    """
    values = values.assign(line=values["curve"] + "\n" + values["part"])
    lines = {f"{curve}\n{part}": (curve, part) for curve in styles for part in DASHES}
    # A run of one epoch is a point, which no line shows.
    single = values["epoch"].nunique() == 1
    # seaborn draws a line across a gap, so each stretch between gaps is drawn by itself.
    for _, stretch in values.groupby("stretch"):
        seaborn.lineplot(
            stretch,
            x="epoch",
            y="value",
            hue="curve",
            hue_order=list(reversed(list(styles))),
            palette={curve: style.color for curve, style in styles.items()},
            style="line",
            style_order=list(lines),
            dashes={line: DASHES[part] for line, (_, part) in lines.items()},
            markers={
                line: styles[curve].marker or "o" * single for line, (curve, _) in lines.items()
            },
            markevery=max(1, int(values["epoch"].max()) // MARKS),
            markeredgewidth=0,
            markersize=4.2,
            estimator="median",
            errorbar=("pi", 100) if values["seed"].nunique() > 1 else None,
            err_kws={"alpha": 0.11, "linewidth": 0},
            legend=False,
            ax=axes,
        )


def draw_runs(axes: Axes, values: DataFrame, styles: Mapping[str, CurveStyle]) -> None:
    """Draw each run thinly: a median over runs hides how much the gain of each varies."""
    if values["seed"].nunique() < 2:
        return
    stretch = number_stretches(values, [*CURVE, "seed"])
    seaborn.lineplot(
        values.assign(run=values["seed"].astype(str) + "," + stretch.astype(str)),
        x="epoch",
        y="value",
        hue="curve",
        hue_order=list(reversed(list(styles))),
        palette={curve: style.color for curve, style in styles.items()},
        units="run",
        estimator=None,
        linewidth=0.35,
        alpha=0.45,
        legend=False,
        ax=axes,
    )
