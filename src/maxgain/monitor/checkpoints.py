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
        folders: dict[Path, list[Path]] = {}
        for path in place.rglob("*"):
            if path.name.endswith(SUFFIXES):
                folders.setdefault(path.parent, []).append(path)
        if not folders:
            raise InputError(f"{place} holds no checkpoint ({', '.join(SUFFIXES)}).")
        inside = (path for paths in folders.values() for path in _weights_among(paths))
        found += sorted(inside, key=natural_key)
    return found


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Key of sorting by which epoch-10 comes after epoch-9.

    `natsort` was weighed: a dependency for these three lines.
    """
    parts = re.split(r"(\d+)", str(path))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def _weights_among(paths: Sequence[Path]) -> list[Path]:
    """Those of a folder's files that are its weights: the ones of the highest rank."""
    best = max(map(_rank, paths))
    return [path for path in paths if _rank(path) == best]


def _rank(path: Path) -> int:
    if path.name.endswith(SUFFIXES[-1]):
        return 2
    return int(path.suffix == ".safetensors")


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
