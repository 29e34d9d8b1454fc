"""The look of every figure in one place: sizes, fonts, colours, title and deterministic files."""

import functools
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from maxgain.files.atomic import atomic_path
from maxgain.errors import InputError


COLUMN_WIDTH = 3.5
"""Width of a figure that fills one column of a two-column page, in inches."""


PAGE_WIDTH = 7.2
"""Width of a figure that fills the page, in inches."""


FORMATS = ("svg", "png", "pdf")
"""File formats that `save_figure` writes."""


DEFAULT_RED = "#d62728"


THIRD_BLUE = "#1f5fbf"


TENTH_BLACK = "#000000"


GREY = "#7f7f7f"


STAND_IN_BOX = "#fff1c9"


RC_PARAMS: dict[Any, Any] = {
    # DejaVu Sans comes with matplotlib, so a figure looks the same on every machine.
    "font.family": "DejaVu Sans",
    "font.size": 7.0,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.0,
    "figure.titlesize": 8.0,
    "figure.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.2,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "savefig.dpi": 200,
    # Without a fixed salt the identifiers inside an SVG are random.
    "svg.hashsalt": "maxgain",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


_UNDATED: dict[str, dict[str, Any]] = {
    "svg": {"Date": None},
    "png": {},
    "pdf": {"CreationDate": None, "ModDate": None},
}


class CurveStyle(NamedTuple):
    """Colour and marker of a curve; the marker tells curves apart where colour is lost."""

    color: str
    marker: str


# Red, blue and black are the paper's; the raised rates take colours of the Okabe-Ito palette
# that stay apart from those three, and from each other, under the common colour blindnesses.
RATE_STYLES: dict[float, CurveStyle] = {
    1.0: CurveStyle(DEFAULT_RED, "o"),
    1 / 3: CurveStyle(THIRD_BLUE, "s"),
    1 / 10: CurveStyle(TENTH_BLACK, "^"),
    2.0: CurveStyle("#e69f00", "D"),
    3.0: CurveStyle("#009e73", "v"),
    4.0: CurveStyle("#7b3f9d", "P"),
}
"""Curve style by learning-rate factor, for figures 8 to 11."""


P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make `draw` work under the project's `RC_PARAMS`, leaving matplotlib's own untouched."""

    @functools.wraps(draw)
    def draw_in_style(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with rc_context(RC_PARAMS):
            return draw(*args, **kwargs)

    return draw_in_style


def new_figure(width: float = COLUMN_WIDTH, height: float = 3.0) -> Figure:
    """Return an empty figure of `width` x `height` inches, laid out without overlaps.

    It belongs to no window and to no `pyplot` state, so nothing has to be closed.
    """
    # The padding leaves room for the coloured banner, whose box is larger than its text.
    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.07))


def set_title(figure: Figure, title: str, *, data: str = "", stand_in: bool = False) -> None:
    """Put `title` and the name of the data on top; stand-in data gets a coloured banner.

    Parameters
    ----------
    figure : Figure
        The figure to name.
    title : str
        What the figure shows, without a full stop.
    data : str
        The data set's label as the tables carry it, for instance "MNIST (5,000-digit subset)".
    stand_in : bool
        Whether the data stand in for the paper's; the title then says so in words.
    """
    # 8 pt DejaVu Sans needs about 0.062 inches a character.
    characters = int(figure.get_size_inches()[0] / 0.068)
    lines = textwrap.wrap(title, characters) + textwrap.wrap(data, characters)
    if stand_in:
        lines.append("STAND-IN DATA: not the paper's data set")
    text = figure.suptitle("\n".join(lines), fontsize=RC_PARAMS["figure.titlesize"])
    if stand_in:
        text.set_bbox({"facecolor": STAND_IN_BOX, "edgecolor": "none", "pad": 2.5})


def label_empty_panel(axes: Axes, text: str = "not run") -> None:
    """Turn `axes` into an empty panel that says `text`."""
    axes.grid(False)
    axes.set_facecolor("#f6f6f6")
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)


def save_figure(
    figure: Figure, stem: Path, formats: Sequence[str] = ("svg", "png"), description: str = ""
) -> list[Path]:
    """Write `figure` as `stem`.svg, `stem`.png ... with the same bytes for the same figure.

    Parameters
    ----------
    figure : Figure
        The drawn figure.
    stem : Path
        Where to write, without an ending: ``figures/embedded/fig08``.
    formats : sequence of str
        Any of `FORMATS`.
    description : str
        The caption, kept in the file's metadata.

    Returns
    -------
    list of Path
        The written files, in the order of `formats`.

    Raises
    ------
    InputError
        An unknown format, or a place that cannot be written.
    """
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"figure format {name!r} is not one of {', '.join(FORMATS)}.")
    if not formats:
        raise InputError(f"figure formats are empty; choose from {', '.join(FORMATS)}.")
    written = []
    for name in formats:
        final = stem.with_name(f"{stem.name}.{name}")
        metadata = dict(_UNDATED[name])
        if description:
            metadata["Subject" if name == "pdf" else "Description"] = description
        with atomic_path(final) as temporary, rc_context(RC_PARAMS):
            figure.savefig(temporary, format=name, metadata=metadata)
        written.append(final)
    return written
