"""The console that tables for people are printed on."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100
"""Columns that a table for people fits; it is no wider on a wider terminal or in a log."""


def table_console(stderr: bool = False) -> "Console":
    """Console as wide as the terminal, at most `WIDTH`, and `WIDTH` in a log.

    Parameters
    ----------
    stderr
        Print to the error output, where the other one is for programs.
    """
    from rich.console import Console

    console = Console(highlight=False, emoji=False, stderr=stderr)
    # A log has no width of its own, and rich would take 80.
    known = console.is_terminal or "COLUMNS" in os.environ
    console.width = min(console.width, WIDTH) if known else WIDTH
    return console
