"""A figure from result files to image files."""

from collections.abc import Sequence
from pathlib import Path

from maxgain.figures.registry import FIGURES, draw_figure
from maxgain.figures.rows import row_of_request
from maxgain.figures.style import save_figure
from maxgain.pipeline.jobs import FigureJob


def write_figure(job: FigureJob, files: Sequence[Path], output: Path) -> list[Path]:
    """Draw one figure from result tables and arrays, and write it in every format asked for.

    Parameters
    ----------
    files
        Those that it is drawn from, in any order; others are ignored.
    output
        Where to write, without an ending: ``figures/embedded/fig08``.

    Returns
    -------
    list of Path
        The written files.

    Raises
    ------
    InputError
        An unknown figure or format, or a file that is missing or without what is drawn.
    """
    row = FIGURES.find(job.name) if job.request is None else row_of_request(job.request)
    drawn = draw_figure(job.request or job.name, files)
    return save_figure(drawn, output, job.formats, row.caption)
