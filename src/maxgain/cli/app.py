"""The command line's table of commands, and the one place that turns bad input into a sentence."""

import gc
import os
import sys
import warnings
from io import TextIOWrapper

import typer

from maxgain.cli import (
    compare,
    diagnose,
    follow,
    measure,
    pipeline,
    rehearse,
    report,
    stopping,
    verdicts,
)
from maxgain.errors import InputError

app = typer.Typer(
    name="maxgain",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain text: half as long as boxes, so that a page of help fits a screen.
    rich_markup_mode=None,
    help="Spectral response and Maximum Gain of convolutional neural networks.",
)
app.command()(measure.measure)
app.command()(follow.follow)
app.command()(compare.compare)
app.command("diagnose")(diagnose.show_diagnoses)
app.command("verdicts")(verdicts.show_verdicts)
app.command("stopping")(stopping.score_stop_rules)
app.command()(report.report)
app.command()(rehearse.rehearse)
app.add_typer(pipeline.app, name="pipeline")


def main() -> None:
    """Run the command line; bad input ends in one sentence and exit status 2."""
    _ignore_other_tools()
    # A network of the user's, as my_networks:build, lies in the folder where he calls. A script has
    # no such entry; at the end, so that no file there takes the place of an installed module.
    sys.path.append("")
    # The objects of imported libraries live to the end. Walking them a hundred times while they
    # are made, and once more at the end, would take a third of a short command's time.
    gc.set_threshold(100_000)
    try:
        app()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    finally:
        gc.freeze()


def _ignore_other_tools() -> None:
    """Let no variable that a notebook or another tool exports change or end a run.

    Jupyter names a backend of matplotlib that is not installed here, test runners turn every
    library's warning into an error, and a stream that knows ASCII alone cannot print a name.
    """
    os.environ.pop("MPLBACKEND", None)
    if os.environ.pop("PYTHONWARNINGS", None):
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning):
            warnings.simplefilter("ignore", category)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
