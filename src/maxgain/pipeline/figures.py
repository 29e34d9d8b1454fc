"""Figures from result files to image files."""

from collections.abc import Sequence
from pathlib import Path

from maxgain.figures.registry import FIGURES, draw_figure
from maxgain.figures.rows import row_of_request
from maxgain.figures.style import save_figure
from maxgain.pipeline.jobs import FiguresJob


def write_figures(job: FiguresJob, files: Sequence[Path], folder: Path) -> list[Path]:
    """Draw figures from result tables and arrays, each in every format asked for.

    Parameters
    ----------
    files
        Those that they are drawn from, in any order; others are ignored.
    folder
        Where to write; a file has its figure's name.

    Returns
    -------
    list of Path
        The written files.

    Raises
    ------
    InputError
        An unknown figure or format, or a file that is missing or without what is drawn.
    """
    written = []
    for name, request in job.figures.items():
        row = FIGURES.find(name) if request is None else row_of_request(request)
        drawn = draw_figure(request or name, files)
        written += save_figure(drawn, folder / name, job.formats, row.caption)
    return written
