"""Gain, sensitivity and saturation of a training's checkpoints, after it or while it runs."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.monitor.checkpoints import Plan, checkpoints_in
from maxgain.monitor.monitor import GainMonitor
from maxgain.zoo.checkpoints import load_checkpoint, read_checkpoint, said_epoch

Load = Callable[[Mapping[str, Tensor], Path], None]
"""Gives the monitored network the weights of a checkpoint, or raises InputError."""


@dataclass
class Following:
    """A monitor, and the checkpoints that it has measured.

    Attributes
    ----------
    monitor
        Of the network.
    load
        Gives that network the weights of a checkpoint.
    averaged
        Take the exponential moving averages of the weights.
    measured
        The file of each epoch.
    failures
        Files that could not be measured, and why.
    """

    monitor: GainMonitor
    load: Load
    averaged: bool = False
    measured: dict[int, Path] = field(default_factory=dict)
    failures: list[tuple[Path, str]] = field(default_factory=list)

    def measure(self, path: Path, epoch: int) -> None:
        """Record one checkpoint.

        Raises
        ------
        InputError
            It cannot be read, does not fit, or cannot be measured.
        """
        self.load(read_checkpoint(path, self.averaged), path)
        self.monitor.record(epoch)
        self.measured = {e: p for e, p in self.measured.items() if e < epoch} | {epoch: path}

    def measure_all(self, plan: Plan) -> None:
        """Record every checkpoint of a plan; one that fails stops no other."""
        self.failures += plan.failures
        for path, epoch in plan.epochs:
            try:
                self.measure(path, epoch)
            except InputError as error:
                self.failures.append((path, str(error)))


def weights_into(network: nn.Module) -> Load:
    """What gives a network the weights of checkpoints by their names."""

    def load(state: Mapping[str, Tensor], path: Path) -> None:
        load_checkpoint(network, state, path)

    return load


@dataclass
class Watch:
    """Measures the checkpoints of a running training as they appear.

    A file that cannot be read yet is being written: it is tried again whenever it has changed, and
    given up only when it has stayed as it is for `patience` seconds. A file that is written anew, a
    "last" of every epoch, is measured again.

    Attributes
    ----------
    following
        What measures.
    places
        Folders or files, which may not exist yet.
    interval
        Seconds between two looks.
    idle
        Seconds without a new checkpoint after which it ends; None: never.
    patience
        Seconds after which a file that cannot be read counts as broken.
    """

    following: Following
    places: Sequence[Path]
    interval: float = 2.0
    idle: float | None = None
    patience: float = 60.0
    _done: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _waiting: dict[Path, tuple[tuple[int, int], float]] = field(default_factory=dict)
    _shift: int = 0

    def run(self) -> Iterator[Path]:
        """Each file once it was measured."""
        last = time.monotonic()
        while self.idle is None or time.monotonic() - last < self.idle or self._waiting:
            found = [path for place in self.places for path in checkpoints_in(place)]
            # What was renamed or deleted is not waited for.
            self._waiting = {path: w for path, w in self._waiting.items() if path in found}
            for path in found:
                if self._look_at(path):
                    last = time.monotonic()
                    yield path
            time.sleep(self.interval)

    def _look_at(self, path: Path) -> bool:
        """Whether a file is new, whole, and was measured now."""
        try:
            found = path.stat()
        except OSError:  # replaced by the training just now
            return False
        mark = (found.st_mtime_ns, found.st_size)
        seen, since = self._waiting.get(path, (None, 0.0))
        if self._done.get(path) == mark:
            return False
        if seen == mark and time.monotonic() - since < self.patience:
            return False
        try:
            measured = self._measure(path)
        except InputError as error:
            if seen != mark:
                self._waiting[path] = (mark, time.monotonic())
                return False
            self.following.failures.append((path, str(error)))
            measured = False
        self._waiting.pop(path, None)
        self._done[path] = mark
        return measured

    def _measure(self, path: Path) -> bool:
        said = said_epoch(path)
        self._shift = 1 if said == 0 else self._shift
        records = self.following.measured
        epoch = max(records, default=0) + 1 if said is None else said + self._shift
        if epoch in records and records[epoch] != path:
            return False  # a "best" or "last" beside the file of its epoch
        self.following.measure(path, epoch)
        return True
