"""Typed rows of the table of pretrained networks; a network of ours is added in `registry.csv`.

Torchvision's networks are not copied there: their rows come from the metadata it carries.
"""

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

Family = Literal["carried", "matconvnet", "torchvision", "random-control", "user"]
"""Where weights come from: packages, the paper's own set, torchvision, a seed, the user."""

FAMILIES: tuple[Family, ...] = get_args(Family)


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
