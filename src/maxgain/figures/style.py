"""The look of every figure in one place: sizes, fonts, colours, title and deterministic files."""

import functools
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path

COLUMN_WIDTH = 3.5
"""Width of a figure that fills one column of a two-column page, in inches."""

PAGE_WIDTH = 7.2
"""Width of a figure that fills the page, in inches."""

FORMATS = ("svg", "png", "pdf")
"""File formats that `save_figure` writes."""

GREY = "#7f7f7f"
STAND_IN_BOX = "#fff1c9"

STAND_IN_PAD = 2.5
"""Points between the words and the border of their box."""

STAND_IN_DATA = "STAND-IN DATA: not the paper's data set"
STAND_IN_NETWORKS = "STAND-IN NETWORKS: not the paper's"

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

P = ParamSpec("P")


@contextmanager
def drawing() -> Iterator[None]:
    """The project's look and nothing else's, for as long as something is drawn or written.

    A user's own matplotlibrc does not change the figures, and matplotlib's settings are left
    untouched. Libraries that are about to change warn of it; under PYTHONWARNINGS=error, which
    somebody may have set for another program, that would end a run that has its results.
    """
    with warnings.catch_warnings(), matplotlib.style.context(["default", RC_PARAMS]):
        warnings.simplefilter("default")
        for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category)
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """`draw` under the project's `RC_PARAMS`."""

    @functools.wraps(draw)
    def draw_in_style(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with drawing():
            return draw(*args, **kwargs)

    return draw_in_style


def new_figure(width: float = COLUMN_WIDTH, height: float = 3.0) -> Figure:
    """An empty figure of `width` x `height` inches, laid out without overlaps.

    It belongs to no window and to no `pyplot` state, so nothing has to be closed.
    """
    # The padding leaves room for the coloured banner, whose box is larger than its text.
    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.07))


def set_title(
    figure: Figure,
    title: str,
    *,
    data: str = "",
    stand_in: bool = False,
    banner: str = STAND_IN_DATA,
) -> Text:
    """Put `title` and the name of the data on top; what stands in gets a coloured banner.

    Parameters
    ----------
    figure
        The figure to name.
    title
        What the figure shows, without a full stop.
    data
        The data set's label as the tables carry it, for instance "MNIST (5,000-digit subset)".
    stand_in
        Whether what is shown stands in for the paper's; the title then says so in words.
    banner
        Those words.

    Returns
    -------
    Text
        All of it, in one.
    """
    # 8 pt DejaVu Sans needs about 0.062 inches a character.
    characters = int(figure.get_size_inches()[0] / 0.068)
    lines = textwrap.wrap(title, characters) + textwrap.wrap(data, characters)
    if stand_in:
        lines.append(banner)
    text = figure.suptitle("\n".join(lines), fontsize=RC_PARAMS["figure.titlesize"])
    # Names of a user's files and networks may hold dollar signs, which are no formula.
    text.set_parse_math(False)
    if stand_in:
        text.set_bbox({"facecolor": STAND_IN_BOX, "edgecolor": "none", "pad": STAND_IN_PAD})
    return text


def add_legend_below(figure: Figure, panels: Iterable[Axes], title: str) -> None:
    """Name below all panels what is drawn in any of them, each name once; nothing if nothing is."""
    named = {
        label: handle
        for axes in panels
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if named:
        figure.legend(
            handles=list(named.values()),
            labels=list(named),
            loc="outside lower center",
            ncols=3,
            title=title,
            title_fontsize=RC_PARAMS["legend.fontsize"],
        )


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
    figure
        The drawn figure.
    stem
        Where to write, without an ending: ``figures/embedded/fig08``.
    formats
        Any of `FORMATS`.
    description
        The caption, kept in the file's metadata.

    Returns
    -------
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
        with atomic_path(final) as temporary, drawing():
            figure.savefig(temporary, format=name, metadata=metadata)
        written.append(final)
    return written
