"""Made-up tables of curves, and what a drawn figure shows of them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy import ndarray

from maxgain.figures.curves import label_factor
from maxgain.figures.palette import RATE_STYLES
from maxgain.figures.registry import FIGURES
from maxgain.figures.training import draw_curves

RATES = (1.0, 2.0, 3.0, 4.0, 0.333333, 0.1)


def make_run(
    rate_factor: float = 1.0,
    seed: int = 0,
    epochs: int = 20,
    network: str = "lenet",
    capacity: float = 1.0,
    stand_in: bool = False,
) -> pd.DataFrame:
    """Rows of one made-up run whose numbers differ in every column, run and epoch."""
    epoch = np.arange(1, epochs + 1)
    random = np.random.default_rng([int(rate_factor * 60), seed, epochs, int(capacity * 4)])
    loss = 2 / epoch + random.uniform(0.1, 0.2, epochs)
    return pd.DataFrame(
        {
            "experiment": "made-up",
            "dataset": "mnist",
            "data": "digits on photographs (stand-in for CIFAR-10)" if stand_in else "MNIST",
            "stand_in": stand_in,
            "network": network,
            "capacity": capacity,
            "rate_factor": rate_factor,
            "learning_rate": 0.001 * rate_factor,
            "seed": seed,
            "epoch": epoch,
            "training_loss": loss,
            "validation_loss": loss + 0.05,
            "training_error": loss / 4,
            "validation_error": loss / 4 + 0.02,
            "gain_db": -25 + random.normal(0, 2, epochs),
        }
    )


def make_rates(seeds: int = 1, **settings: int | bool) -> pd.DataFrame:
    """All six learning rates."""
    runs = [make_run(rate, seed, **settings) for rate in RATES for seed in range(seeds)]  # type: ignore[arg-type]
    return pd.concat(runs, ignore_index=True)


def spoil(table: pd.DataFrame, rate_factor: float, epoch: int, **values: float) -> pd.DataFrame:
    """Put values into one rate's rows from an epoch on."""
    table = table.copy()
    rows = (table["rate_factor"] == rate_factor) & (table["epoch"] >= epoch)
    for name, value in values.items():
        table.loc[rows, name] = value
    return table


def draw(name: str, table: pd.DataFrame) -> Figure:
    """A figure of the paper from its table."""
    request = FIGURES.find(name).request
    assert request is not None
    return draw_curves(table, request)


def find_lines(axes: Axes, rate_factor: float, quantity: str) -> list[Line2D]:
    """Medians of one learning rate, thin lines of runs and marks left out."""
    color = RATE_STYLES[label_factor(rate_factor)].color
    dashes = "--" if quantity.startswith("validation") else "-"
    return [
        line
        for line in axes.get_lines()
        if line.get_color() == color and line.get_linestyle() == dashes and line.get_linewidth() > 1
    ]


def find_line(axes: Axes, rate_factor: float, quantity: str) -> Line2D | None:
    lines = find_lines(axes, rate_factor, quantity)
    assert len(lines) <= 1
    return lines[0] if lines else None


def find_runs(axes: Axes, rate_factor: float) -> list[Line2D]:
    color = RATE_STYLES[label_factor(rate_factor)].color
    return [x for x in axes.get_lines() if x.get_color() == color and x.get_linewidth() < 1]


def read_texts(figure: Figure) -> str:
    """All words of a figure."""
    legends = [text.get_text() for x in figure.legends for text in (*x.get_texts(), x.get_title())]
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    titles = [axes.get_title() for axes in figure.axes]
    labels = [axes.get_xlabel() for axes in figure.axes]
    return "\n".join([figure.get_suptitle(), *legends, *inside, *titles, *labels])


def choose_values(table: pd.DataFrame, rate_factor: float, quantity: str) -> ndarray:
    return table[table["rate_factor"] == rate_factor].sort_values("epoch")[quantity].to_numpy()
