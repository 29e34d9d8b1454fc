"""Where the networks of figure 6 stand on the page."""

import math
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from maxgain.figures.panels import strip
from maxgain.figures.style import PAGE_WIDTH, RC_PARAMS, STAND_IN_PAD

_PAIRS = ((3, 6), (4, 28), (6, 60), (8, math.inf))
"""Pairs of panels in a row, and up to how many networks: all of MatConvNet's list with a few
others fill a page whose names can be read."""

LINE_HEIGHT: float = 1.2 * RC_PARAMS["figure.titlesize"] / 72
"""Of a line of the title, in inches."""


@dataclass(frozen=True)
class Grid:
    """Places of the networks of figure 6, in inches from the top left corner.

    Laid out by hand: a hundred pairs of panels take a solver of constraints minutes.
    """

    pairs: int
    rows: int
    title_lines: int

    margin: float = 0.1
    label_height: float = 0.24
    bar_height: float = 0.55

    @classmethod
    def of(cls, networks: int, title_lines: int) -> "Grid":
        """A grid with room for so many networks below a title."""
        pairs = next(n for n, most in _PAIRS if networks <= most)
        return cls(pairs, math.ceil(networks / pairs), title_lines)

    @property
    def title_height(self) -> float:
        """Height of the title, its box and the margins above and below it."""
        return 2 * self.margin + self.title_lines * LINE_HEIGHT + STAND_IN_PAD / 72

    @property
    def cell_width(self) -> float:
        """Width of a network's pair of panels and their margins."""
        return (PAGE_WIDTH - 2 * self.margin) / self.pairs

    @property
    def panel(self) -> float:
        """Side of one panel."""
        return (self.cell_width - 0.14) / 2

    @property
    def cell_height(self) -> float:
        """Height of a network's panels, label and margin."""
        return self.panel + self.label_height + 0.08

    @property
    def height(self) -> float:
        """Height of the whole figure."""
        return self.title_height + self.rows * self.cell_height + self.bar_height

    def corner(self, position: int) -> tuple[float, float]:
        """Left and upper border of a network's place."""
        row, column = divmod(position, self.pairs)
        return (
            self.margin + column * self.cell_width + 0.05,
            self.title_height + row * self.cell_height,
        )

    def add_panels(self, figure: Figure, position: int) -> tuple[Axes, Axes]:
        """A network's two empty panels."""
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
        """Write a network's name and values above its panels."""
        left, top = self.corner(position)
        # 0.6 em is the width of an average letter; long names of narrow cells get smaller type.
        points = min(6.0, 72 * (self.cell_width - 0.1) / (0.6 * max(len(name), len(values))))
        for text, down in ((name, 0.1), (values, 0.2)):
            y = (self.height - top - down) / self.height
            figure.text(
                *(left / PAGE_WIDTH, y, text),
                fontsize=points,
                ha="left",
                va="baseline",
                parse_math=False,  # a name's dollar signs are no formula
            )

    def add_color_bar(self, figure: Figure, scale: Normalize) -> None:
        """Put the common scale of colours below all."""
        axes = figure.add_axes((0.3, 0.38 / self.height, 0.4, 0.08 / self.height))
        bar = figure.colorbar(ScalarMappable(scale, "viridis"), cax=axes, orientation="horizontal")
        bar.set_label("|H|, mean over channels (dB); zero frequency in the middle")
