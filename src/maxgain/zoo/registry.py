"""Typed rows of the table of pretrained networks; a network of ours is added in `registry.csv`.

Torchvision's networks are not copied there: their rows come from the metadata it carries.
"""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from maxgain.errors import InputError

Family = Literal["carried", "matconvnet", "torchvision", "random-control", "user"]
"""Where weights come from: packages, the paper's own set, torchvision, a seed, the user."""

FAMILIES: tuple[Family, ...] = get_args(Family)
TORCHVISION_PREFIX = "torchvision:"


@dataclass(frozen=True)
class Scaling:
    """A network's own input scaling, (x / 255 - mean) / std, the same in every channel or not."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class RegistryRow:
    """One pretrained network.

    Attributes
    ----------
    source
        "package:NAME" (an installed package), "timm:ARCHITECTURE" (random weights),
        "torchvision:NAME", or the address of a file.
    checksum
        SHA-256 of the weights, or its beginning; empty where it is learnt at the first download.
    input_size
        Pixels of a side; a MatConvNet file's own size goes before it.
    scaling
        None where an average image is subtracted, which the file holds.
    top1_error, top5_error
        Percent, ILSVRC 2012 validation; NaN where not known.
    """

    name: str
    family: Family
    source: str
    checksum: str
    input_size: int
    scaling: Scaling | None
    top1_error: float
    top5_error: float
    error_source: str

    @property
    def file_name(self) -> str:
        """Name of the weights file, for those that are downloaded."""
        return self.source.rsplit("/", 1)[-1]


@cache
def read_registry() -> dict[str, RegistryRow]:
    """Rows of `registry.csv` by name."""
    text = files("maxgain.zoo").joinpath("registry.csv").read_text()
    return {row["name"]: _parse_row(row) for row in csv.DictReader(text.splitlines())}


def find_row(name: str) -> RegistryRow:
    """Row of a network of the registry or of torchvision ("NAME" or "torchvision:NAME").

    Raises
    ------
    InputError
        No such network.
    """
    if name in read_registry():
        return read_registry()[name]
    from maxgain.zoo.torchvision_models import read_torchvision_registry

    rows = read_torchvision_registry()
    bare = name.removeprefix(TORCHVISION_PREFIX)
    if bare not in rows:
        raise InputError(
            f"network '{name}' is not known; allowed are {', '.join(read_registry())}, the "
            f"{len(rows)} names of torchvision's networks with IMAGENET1K_V1 weights, timm:NAME "
            "and package.module:function."
        )
    return rows[bare]


def is_user_network(name: str) -> bool:
    """Whether a name is the user's own: "timm:NAME" or "package.module:function"."""
    return ":" in name and not name.startswith(TORCHVISION_PREFIX)


def needs_download(name: str) -> bool:
    """Whether something must be downloaded before a network can be measured."""
    if is_user_network(name):
        return name.startswith("timm:")
    known = read_registry().get(name)
    return known is None or known.family in ("matconvnet", "torchvision")


def resolve_networks(names: Iterable[str]) -> list[str]:
    """Names of single networks; a family's name stands for all networks of that family.

    Raises
    ------
    InputError
        A name is not known or stands twice.
    """
    resolved: list[str] = []
    for name in names:
        if name == "torchvision":
            from maxgain.zoo.torchvision_models import read_torchvision_registry

            resolved += read_torchvision_registry()
        elif name in FAMILIES:
            resolved += [row.name for row in read_registry().values() if row.family == name]
        else:
            if not is_user_network(name):
                find_row(name)
            resolved.append(name)
    if repeated := [name for number, name in enumerate(resolved) if name in resolved[:number]]:
        raise InputError(f"network '{repeated[0]}' is listed twice; once is allowed.")
    return resolved


def _parse_row(row: dict[str, str]) -> RegistryRow:
    family = next(family for family in FAMILIES if family == row["family"])
    return RegistryRow(
        name=row["name"],
        family=family,
        source=row["source"],
        checksum=row["checksum"],
        input_size=int(row["input_size"]),
        scaling=_parse_scaling(row["scaling"]),
        top1_error=float(row["top1_error"] or math.nan),
        top5_error=float(row["top5_error"] or math.nan),
        error_source=row["error_source"],
    )


def _parse_scaling(text: str) -> Scaling | None:
    """Scaling of "mean=0.5 std=0.5", numbers for all channels; None of "average image"."""
    if text == "average image":
        return None
    mean, std = (float(part.split("=")[1]) for part in text.split())
    return Scaling((mean, mean, mean), (std, std, std))
