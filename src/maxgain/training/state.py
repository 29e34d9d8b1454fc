"""Resumable state of a running training, kept apart from its results and removed when it is done.

A workflow engine deletes the declared outputs of a job that failed or was killed, so what an
interrupted training needs must lie elsewhere. Its folder is named after everything that decides
the weights, so that the state of other settings is never picked up.
"""

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path, explained_errors
from maxgain.files.checksums import sha256_of

_SECONDS_WORTH_SYNCING = 1.0

_NUMBER, _TENSOR = "number.", "tensor."
"""Beginnings of the names in a file."""


@dataclass(frozen=True)
class Epoch:
    """What one complete epoch left: its row of the history and the weights after it."""

    row: dict[str, float]
    weights: dict[str, Tensor]


class TrainingState:
    """The epochs of one run on disk, and what its optimiser remembers after the last of them.

    Parameters
    ----------
    root
        Folder of all states of a protocol.
    identity
        Everything that decides the weights; its hash names the run's own folder.
    """

    def __init__(self, root: Path, identity: Mapping[str, object]) -> None:
        text = json.dumps(identity, sort_keys=True)
        self.folder = root / sha256_of(text.encode())[:32]

    @contextmanager
    def locked(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the run against another process that trains it, such as a killed job's orphan.

        Parameters
        ----------
        waiting
            Called once if another process holds the run.

        Raises
        ------
        InputError
            The folder cannot be written.
        """
        lock = FileLock(self._lock_path)
        with explained_errors(self._lock_path):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                waiting()
                lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def save(
        self, number: int, epoch: Epoch, optimiser: Mapping[str, Tensor], seconds: float = math.inf
    ) -> None:
        """Add an epoch, numbered from 1. The optimiser's goes last: it makes the epoch count.

        Parameters
        ----------
        seconds
            What the epoch took. Where it is less than a second, as in the default protocol, nobody
            waits for the disk, which would take 4 % of LeNet x1/4's training there: a killed job
            resumes all the same, and after a power cut such a training may start anew.
        """
        synced = seconds >= _SECONDS_WORTH_SYNCING
        _write(self._epoch_path(number), epoch.weights, epoch.row, synced)
        _write(self._optimiser_path, optimiser, {"epoch": number}, synced)

    def load(self) -> tuple[list[Epoch], dict[str, Tensor]]:
        """The complete epochs, and the optimiser's tensors after the last of them.

        Nothing where a file is damaged.
        """
        found = _read(self._optimiser_path)
        if found is None:
            return [], {}
        tensors, numbers = found
        epochs: list[Epoch] = []
        while len(epochs) < numbers.get("epoch", 0):
            epoch = _read(self._epoch_path(len(epochs) + 1))
            if epoch is None:
                return [], {}
            epochs.append(Epoch(row=epoch[1], weights=epoch[0]))
        return epochs, tensors

    def remove(self) -> None:
        """Remove the state of a run whose results are written.

        The empty lock file stays: another process may already wait on it, and a lock on a file
        that has gone would hold nobody off.
        """
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _lock_path(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.lock"

    @property
    def _optimiser_path(self) -> Path:
        return self.folder / "optimiser.state"

    def _epoch_path(self, number: int) -> Path:
        return self.folder / f"epoch-{number:04d}.state"


def _write(
    path: Path, tensors: Mapping[str, Tensor], numbers: Mapping[str, float], synced: bool
) -> None:
    """Write tensors and numbers as SHA-256 and then a safetensors body, which it is of."""
    content = {_TENSOR + name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    for name, number in numbers.items():
        content[_NUMBER + name] = torch.tensor(number, dtype=torch.float64)
    body = save(content)
    with atomic_path(path, synced) as temporary:
        # The checksum is for bits that flip: safetensors would hand out a changed weight.
        temporary.write_bytes(hashlib.sha256(body).digest() + body)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, float]] | None:
    """Tensors and numbers of a file, or None where it is missing or damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    digest, body = content[:32], content[32:]
    if hashlib.sha256(body).digest() != digest:
        return None
    try:
        found = load(body)
        numbers = {name: float(value) for name, value in _beginning_with(_NUMBER, found).items()}
    except (SafetensorError, RuntimeError, ValueError):  # Not what `_write` writes.
        return None
    tensors = _beginning_with(_TENSOR, found)
    return (tensors, numbers) if len(tensors) + len(numbers) == len(found) else None


def _beginning_with(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensors[name]
        for name in sorted(tensors)
        if name.startswith(prefix)
    }
