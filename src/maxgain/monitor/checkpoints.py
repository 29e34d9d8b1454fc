"""Gain, sensitivity and saturation of a folder of checkpoints, measured after the training."""

import re
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from maxgain.errors import InputError
from maxgain.monitor.monitor import GainMonitor
from maxgain.zoo.checkpoints import SUFFIXES, load_checkpoint, read_checkpoint


def checkpoints_of(places: Sequence[Path]) -> list[Path]:
    """Checkpoints that files and folders stand for, each folder's in the natural order of names.

    Beside the index of a sharded checkpoint its parts are none, and beside safetensors files of
    weights those of torch hold an optimiser and random numbers.

    Raises
    ------
    InputError
        A place does not exist, or a folder holds no checkpoint.
    """
    found: list[Path] = []
    for place in places:
        if not place.is_dir():
            if not place.is_file():
                raise InputError(f"{place} does not exist; give checkpoints or folders of them.")
            found.append(place)
            continue
        inside = [path for path in place.rglob("*") if path.name.endswith(SUFFIXES)]
        inside = [path for path in inside if _rank(path) == _best_rank(path.parent)]
        if not inside:
            raise InputError(f"{place} holds no checkpoint ({', '.join(SUFFIXES)}).")
        found += sorted(inside, key=natural_key)
    return found


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Key of sorting by which epoch-10 comes after epoch-9.

    `natsort` was weighed: a dependency for these three lines.
    """
    parts = re.split(r"(\d+)", str(path))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def _rank(path: Path) -> int:
    """Which of the files of a folder are its weights: those of the highest rank."""
    if path.name.endswith(SUFFIXES[-1]):
        return 2
    return int(path.suffix == ".safetensors")


def _best_rank(folder: Path) -> int:
    return max(_rank(path) for path in folder.iterdir() if path.name.endswith(SUFFIXES))


def follow_checkpoints(
    monitor: GainMonitor, network: nn.Module, paths: Sequence[Path], averaged: bool = False
) -> list[tuple[Path, str]]:
    """Record every checkpoint, numbered from 1; what could not be measured and why.

    Parameters
    ----------
    monitor
        Of the network.
    network
        Is given the weights of one checkpoint after the other.
    averaged
        Take the exponential moving averages of the weights.
    """
    failures: list[tuple[Path, str]] = []
    for number, path in enumerate(paths, 1):
        try:
            load_checkpoint(network, read_checkpoint(path, averaged), path)
            monitor.record(number)
        except InputError as error:
            failures.append((path, str(error)))
    return failures
