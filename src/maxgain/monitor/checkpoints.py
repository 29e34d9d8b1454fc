"""Which files of a training are checkpoints, in which order, and of which epochs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maxgain.errors import InputError
from maxgain.zoo.checkpoints import SUFFIXES, said_epoch

_NO_WEIGHTS = re.compile(
    r"(optimizer|scheduler|scaler|rng_state.*|training_args)\.(pt|pth)|.*-\d+-of-\d+\.safetensors"
    r"|(recovery_)?tmp\.pth\.tar"
)
"""What lies beside weights: Hugging Face's state of a training, parts of a sharded file, and timm's
files until they are whole and get their names."""


@dataclass(frozen=True)
class Plan:
    """Checkpoints in the order of their epochs.

    Attributes
    ----------
    epochs
        File and epoch of each, counted from 1.
    notes
        What the user should know of the order, each a sentence.
    failures
        Files that cannot be read, and why.
    """

    epochs: list[tuple[Path, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[tuple[Path, str]] = field(default_factory=list)


def checkpoints_of(places: Sequence[Path]) -> list[Path]:
    """Checkpoints that files and folders stand for, each folder's in the natural order of names.

    Raises
    ------
    InputError
        A place does not exist, or a folder holds no checkpoint.
    """
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise InputError(f"{place} does not exist; give checkpoints or folders of them.")
        inside = checkpoints_in(place)
        if not inside:
            raise InputError(f"{place} holds no checkpoint ({', '.join(SUFFIXES)}).")
        found += inside
    return found


def checkpoints_in(place: Path) -> list[Path]:
    """Checkpoints in a folder and those below it, in natural order; a file is itself."""
    if place.is_file():
        return [place]
    inside = (
        path
        for path in place.rglob("*")
        if path.name.endswith(SUFFIXES) and not _NO_WEIGHTS.fullmatch(path.name)
    )
    return sorted(inside, key=natural_key)


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Key of sorting by which epoch-10 comes after epoch-9.

    `natsort` was weighed: a dependency for these three lines.
    """
    parts = re.split(r"(\d+)", str(path))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def plan_epochs(paths: Sequence[Path]) -> Plan:
    """Epochs that the files say, where all of them do; else they are numbered in their order.

    Of two files of one epoch (a "last" or "best" beside it) the first is measured.
    """
    plan, said, silent = Plan(), [], []
    for path in paths:
        try:
            epoch = said_epoch(path)
        except InputError as error:
            plan.failures.append((path, str(error)))
            continue
        silent += [path] if epoch is None else []
        said.append((path, epoch))
    if silent:
        if len(silent) < len(said):
            plan.notes.append(
                f"{silent[0]} does not say its epoch, though others do: epochs are numbered in the "
                "order of names."
            )
        plan.epochs.extend((path, number) for number, (path, _) in enumerate(said, 1))
        return plan
    numbers = [(path, epoch) for path, epoch in said if epoch is not None]
    shift = 1 if any(epoch == 0 for _, epoch in numbers) else 0
    taken: dict[int, Path] = {}
    for path, epoch in sorted(numbers, key=lambda pair: pair[1]):
        first = taken.setdefault(epoch + shift, path)
        if first is not path:
            plan.notes.append(f"{path} is of the same epoch as {first}, and left out.")
    plan.epochs.extend((path, epoch) for epoch, path in taken.items())
    return plan
