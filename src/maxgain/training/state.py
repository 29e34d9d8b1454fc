"""Resumable state of a running training, kept apart from its results and removed when it is done.

A workflow engine deletes the declared outputs of a job that failed or was killed, so what an
interrupted training needs must lie elsewhere. Its folder is named after everything that decides
the weights, so that the state of other settings is never picked up.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path, explained_errors

_NUMBER = "number."


@dataclass(frozen=True)
class Epoch:
    """What one complete epoch left: its row of the history and the weights after it."""

    row: dict[str, float]
    weights: dict[str, Tensor]


class TrainingState:
    """The epochs of one run on disk, and the optimiser's momentum after the last of them.

    Parameters
    ----------
    root
        Folder of all states of a protocol.
    identity
        Everything that decides the weights; its hash names the run's own folder.
    """

    def __init__(self, root: Path, identity: Mapping[str, object]) -> None:
        text = json.dumps(identity, sort_keys=True)
        self.folder = root / hashlib.sha256(text.encode()).hexdigest()[:32]

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
        with explained_errors(self._lock_path):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            lock = self._locked_file(waiting)
        with lock:
            try:
                yield
            finally:
                # Closing is not enough: a forked child holds the file open too.
                fcntl.flock(lock, fcntl.LOCK_UN)

    def _locked_file(self, waiting: Callable[[], None]) -> BinaryIO:
        while True:
            lock = self._lock_path.open("wb")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(lock, fcntl.LOCK_EX)
            # The process before removes its lock file when it is done; a lock on a file that
            # has gone holds nobody off.
            if _is_same_file(lock, self._lock_path):
                return lock
            lock.close()

    def save(self, number: int, epoch: Epoch, momentum: Mapping[str, Tensor]) -> None:
        """Add an epoch, numbered from 1. The momentum goes last: it makes the epoch count."""
        _write(self._epoch_path(number), epoch.weights, epoch.row)
        _write(self._momentum_path, momentum, {"epoch": number})

    def load(self) -> tuple[list[Epoch], dict[str, Tensor]]:
        """The complete epochs, and the momentum after the last; nothing where a file is damaged."""
        momentum = _read(self._momentum_path)
        if momentum is None:
            return [], {}
        tensors, numbers = momentum
        epochs: list[Epoch] = []
        while len(epochs) < numbers.get("epoch", 0):
            epoch = _read(self._epoch_path(len(epochs) + 1))
            if epoch is None:
                return [], {}
            epochs.append(Epoch(row=epoch[1], weights=epoch[0]))
        return epochs, tensors

    def remove(self) -> None:
        """Remove the state of a run whose results are written."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock_path.unlink(missing_ok=True)

    @property
    def _lock_path(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.lock"

    @property
    def _momentum_path(self) -> Path:
        return self.folder / "momentum.safetensors"

    def _epoch_path(self, number: int) -> Path:
        return self.folder / f"epoch-{number:04d}.safetensors"


def _is_same_file(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _write(path: Path, tensors: Mapping[str, Tensor], numbers: Mapping[str, float]) -> None:
    content = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    for name, number in numbers.items():
        content[_NUMBER + name] = torch.tensor(number, dtype=torch.float64)
    body = save(content)
    with atomic_path(path) as temporary:
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
        tensors = load(body)
        numbers = {
            name.removeprefix(_NUMBER): float(tensors.pop(name))
            for name in sorted(tensors)
            if name.startswith(_NUMBER)
        }
    except (SafetensorError, RuntimeError, ValueError):  # Not what `_write` writes.
        return None
    return tensors, numbers
