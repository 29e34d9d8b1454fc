"""One display of all trainings of a workflow: runs finished, epochs, time left.

Trainings run side by side, each with its log. Snakemake's own display counts jobs, and the logs
together on one terminal are two streams of lines that nobody can follow.
"""

import logging
import re
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

EPOCH = re.compile(rb": epoch (\d+)/\d+: ")
"""The part of a training's log line that says how far it is."""

HEADER = re.compile(rb"^\S+/seed\d+ on ", re.M)
"""The beginning of a training in a log, which may be of several in turn."""

TRAIN = r"train(_\d+)?"
"""Names of the rules of trainings."""

LINE_EVERY = 30.0
"""Seconds between the lines of a display that is no terminal."""


@dataclass
class TrainingsProgress:
    """How far the trainings of a protocol are, read from their folders and logs.

    Attributes
    ----------
    folder, logs
        Folder of all runs, and of their logs: runs/NAME/snapshots.safetensors, NAME.log.
    leaders
        Of runs that are not trained by themselves: the run whose log theirs is.
    epochs
        Epochs of every run by its name.
    costs
        Relative cost of every run: the time left is told by what cost how much so far.
    started
        Time (seconds since 1970) from which on a log is of this call.
    """

    folder: Path
    logs: Path
    epochs: Mapping[str, int]
    costs: Mapping[str, float]
    leaders: Mapping[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        # What was there is no work of this call, and says nothing about its speed.
        self._before = self._cost(self._find_epochs())
        self._clock = time.monotonic()

    def describe(self) -> tuple[float, str]:
        """Share of the cost that is done, and the state in words."""
        done = self._find_epochs()
        cost, whole = self._cost(done), sum(self.costs.values())
        finished = sum(done[name] >= epochs for name, epochs in self.epochs.items())
        text = (
            f"trainings {finished:,}/{len(self.epochs):,}, "
            f"epochs {sum(done.values()):,}/{sum(self.epochs.values()):,}"
        )
        made = cost - self._before
        if made > 0 and cost < whole:
            left = (time.monotonic() - self._clock) * (whole - cost) / made
            text += f", about {_describe_duration(left)} left"
        return (cost / whole if whole else 1.0), text

    def _find_epochs(self) -> dict[str, int]:
        return {name: self._find_epoch(name, epochs) for name, epochs in self.epochs.items()}

    def _find_epoch(self, name: str, epochs: int) -> int:
        """Epochs of one run that are done: by its log, where this call writes it."""
        made = _changed(self.folder / name / "snapshots.safetensors")
        log = self.logs / f"{self.leaders.get(name, name)}.log"
        if made >= self.started or _changed(log) < self.started:
            return epochs if made else 0
        _, _, following = log.read_bytes().partition(f"{name} on ".encode())
        found = EPOCH.findall(HEADER.split(following, maxsplit=1)[0])
        return min(epochs, int(found[-1])) if found else 0

    def _cost(self, done: Mapping[str, int]) -> float:
        return sum(self.costs[name] * done[name] / epochs for name, epochs in self.epochs.items())


def show_progress(trainings: TrainingsProgress, handlers: Sequence[logging.Handler] = ()) -> None:
    """Show the progress for as long as this process lives, beside what it does.

    A bar on a terminal, and a line every half minute in a log, where something changed. Nothing is
    shown of a protocol without trainings.

    Parameters
    ----------
    handlers
        Where Snakemake writes: of single trainings its terminal is rid.
    """
    terminals = [
        handler
        for handler in handlers
        if isinstance(handler, logging.StreamHandler) and handler.name == "DefaultStreamHandler"
    ]
    for handler in terminals:
        handler.addFilter(HiddenTrainings())
    if not trainings.epochs:
        return
    show = _show_bar if sys.stderr.isatty() else _show_lines
    threading.Thread(target=show, args=(trainings, terminals), daemon=True).start()


class HiddenTrainings(logging.Filter):
    """Leaves Snakemake's messages on single trainings out of its terminal, not of its log file.

    A training's start, its end, the count of jobs after it and what the scheduler says between two
    jobs go; warnings and errors stay.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ended = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is of something else."""
        message = record.getMessage()
        event = str(getattr(record, "event", ""))
        counted, self._ended = self._ended, bool(re.search(rf"\(Rule: {TRAIN}\)$", message))
        if record.levelno > logging.INFO:
            return True
        between = message.startswith(("Select jobs to execute", "Execute "))
        started = re.fullmatch(TRAIN, str(getattr(record, "rule_name", "")))
        return not (between or started or self._ended or (counted and event.endswith("progress")))


def _show_bar(
    trainings: TrainingsProgress, terminals: Sequence["logging.StreamHandler[Any]"]
) -> None:
    console = Console(stderr=True)
    columns = BarColumn(), TextColumn("{task.description}", markup=False)
    with Progress(*columns, console=console, transient=True) as progress:
        for handler in terminals:
            handler.setStream(sys.stderr)  # Rich's, which writes above the bar.
        task = progress.add_task("", total=1.0)
        while True:
            share, text = trainings.describe()
            progress.update(task, completed=share, description=text)
            time.sleep(1.0)


def _show_lines(trainings: TrainingsProgress, _: Sequence["logging.StreamHandler[Any]"]) -> None:
    shown = -1.0
    while True:
        share, text = trainings.describe()
        if share != shown:
            print(text, file=sys.stderr, flush=True)
            shown = share
        time.sleep(LINE_EVERY)


def _changed(path: Path) -> float:
    """When a file was last written, in seconds since 1970; 0 where it is not there."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _describe_duration(seconds: float) -> str:
    """A duration with the precision of a guess: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{max(10, round(seconds, -1)):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
