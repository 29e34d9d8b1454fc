"""Typed rows of the table of pretrained networks; a network of ours is added in `registry.csv`.

Torchvision's networks are not copied there: their rows come from the metadata it carries. A user's
manifest (`maxgain.zoo.manifest`) has the same columns.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from maxgain.errors import InputError
from maxgain.files.csv import read_table
from maxgain.zoo.architectures import Architecture, parse_architecture

Interpolation = Literal["bilinear", "bicubic"]
"""By which a photograph is resized."""

ChannelOrder = Literal["RGB", "BGR"]

AVERAGE_IMAGE = "average image"
"""In place of a mean: an average image is subtracted, which the weights file holds."""

LARGEST_SIDE = 1 << 14


@dataclass(frozen=True)
class Scaling:
    """The input that a network expects, (x / 255 - mean) / std of 0-255 pixels x.

    Attributes
    ----------
    mean, std
        In units of x / 255, one number per channel, or one for all channels.
    order
        Of the three channels of a colour image.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    order: ChannelOrder = "RGB"

    def for_channels(self, channels: int) -> "Scaling":
        """The same with one number per channel.

        Raises
        ------
        InputError
            It is the scaling of another number of channels.
        """
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) not in (1, channels):
                raise InputError(
                    f"{name} has {len(numbers)} numbers; the network's input has {channels} "
                    f"channels, so 1 or {channels} are allowed."
                )
        mean, std = (
            numbers * channels if len(numbers) == 1 else numbers
            for numbers in (self.mean, self.std)
        )
        return Scaling(mean, std, self.order)


@dataclass(frozen=True)
class RegistryRow:
    """One pretrained network.

    Attributes
    ----------
    family
        Name of its reader in `maxgain.zoo.readers.registry`.
    source
        "package:NAME" (an installed package), "timm:ARCHITECTURE" (random weights), the address of
        a file, its path, or whatever else the reader of the family understands.
    checksum
        SHA-256 of the weights, or its beginning; empty where it is learnt at the first download.
    shape
        Channels, height and width of the input; a MatConvNet file's own size goes before it. None
        where the reader finds it out.
    scaling
        None where an average image is subtracted, which the file holds, or where nothing is known.
    crop
        Share of the shorter side of a photograph that was seen when the errors were measured; NaN
        where not known. Kept for the record: here all networks see the same part of a photograph.
    top1_error, top5_error
        Percent, ILSVRC 2012 validation; NaN where not known.
    precision
        In which the weights were published, as "float32" or "int8 dequantised"; empty where not
        known.
    licence
        Of the weights; empty where none is stated.
    origin
        Where the weights come from, in words, where `source` is a file at hand.
    architecture
        Where the table says it; else it is found by the name.
    """

    name: str
    family: str
    source: str
    checksum: str = ""
    shape: tuple[int, int, int] | None = None
    scaling: Scaling | None = None
    crop: float = math.nan
    interpolation: Interpolation = "bilinear"
    top1_error: float = math.nan
    top5_error: float = math.nan
    error_source: str = ""
    precision: str = ""
    licence: str = ""
    origin: str = ""
    architecture: Architecture | None = None

    @property
    def file_name(self) -> str:
        """Name of the weights file, for those that are downloaded."""
        return self.source.rsplit("/", 1)[-1]


@cache
def read_registry() -> dict[str, RegistryRow]:
    """Rows of `registry.csv` by name.

    Raises
    ------
    InputError
        The table is broken, or has a name twice.
    """
    return read_rows(Path(__file__).with_name("registry.csv"))


def read_rows(table: Path) -> dict[str, RegistryRow]:
    """Rows of a table with the columns of `registry.csv` by name; see `read_registry`."""
    rows: dict[str, RegistryRow] = {}
    for row in read_table(table, ("name", "family", "source")):
        if row["name"] in rows:
            raise InputError(f"{table} has the network '{row['name']}' twice; allowed is once.")
        rows[row["name"]] = parse_row(row, f"zoo/{table.name}")
    return rows


def parse_row(row: Mapping[str, str], place: str, family: str = "") -> RegistryRow:
    """Row of a table with the columns of `registry.csv`; columns that are absent are empty.

    Parameters
    ----------
    place
        The table, for messages.
    family
        Where the table has no such column.

    Raises
    ------
    InputError
        A value is not what its column must hold.
    """
    name = row["name"]
    return RegistryRow(
        name=name,
        family=row.get("family") or family,
        source=row.get("source") or "",
        checksum=(row.get("checksum") or "").lower(),
        shape=parse_shape(row.get("input_size") or "", f"{place}, input_size of '{name}'"),
        scaling=_parse_scaling(row, place),
        crop=_parse_number(row, "crop", place),
        interpolation="bicubic" if row.get("interpolation") == "bicubic" else "bilinear",
        top1_error=_parse_number(row, "top1_error", place),
        top5_error=_parse_number(row, "top5_error", place),
        error_source=row.get("error_source") or "",
        precision=row.get("weights") or "",
        licence=row.get("licence") or "",
        architecture=parse_architecture(row, f"{place}, network '{name}'"),
    )


def parse_shape(text: str, place: str) -> tuple[int, int, int] | None:
    """Channels, height, width of "3x224x224" or "3,224,224"; "224" is 3x224x224; None of nothing.

    Raises
    ------
    InputError
        The text says something else.
    """
    if not text.strip():
        return None
    parts = text.lower().replace("x", ",").split(",")
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in parts]
    if len(numbers) == 1:
        numbers = [3, numbers[0], numbers[0]]
    if len(numbers) != 3 or not all(1 <= number <= LARGEST_SIDE for number in numbers):
        raise InputError(
            f"{place} is '{text}'; it must be CHANNELS,HEIGHT,WIDTH, or one side of a square "
            f"colour image, in whole numbers from 1 to {LARGEST_SIDE}."
        )
    return numbers[0], numbers[1], numbers[2]


def parse_numbers(text: str, place: str, *, positive: bool = False) -> tuple[float, ...]:
    """Numbers, with spaces or commas between them; a fraction like "104/255" is one number.

    Raises
    ------
    InputError
        A number is none, not finite, or not positive where it must be.
    """
    try:
        numbers = tuple(_number(part) for part in text.replace(",", " ").split())
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"{place} is '{text}'; it must hold numbers.") from error
    if not numbers or not all(math.isfinite(x) and (x > 0 or not positive) for x in numbers):
        kind = "positive" if positive else "finite"
        raise InputError(f"{place} is '{text}'; it must be one or more {kind} numbers.")
    return numbers


def _number(text: str) -> float:
    above, _, below = text.partition("/")
    return float(above) / float(below or 1)


def _parse_scaling(row: Mapping[str, str], place: str) -> Scaling | None:
    mean, std = row.get("mean") or "", row.get("std") or ""
    if mean == AVERAGE_IMAGE or not (mean or std):
        return None
    name = row["name"]
    return Scaling(
        parse_numbers(mean or "0", f"{place}, mean of '{name}'"),
        parse_numbers(std or "1", f"{place}, std of '{name}'", positive=True),
        "BGR" if (row.get("channel_order") or "").upper() == "BGR" else "RGB",
    )


def _parse_number(row: Mapping[str, str], column: str, place: str) -> float:
    text = row.get(column) or "nan"
    try:
        return float(text)
    except ValueError as error:
        raise InputError(
            f"{place}, {column} of '{row['name']}' is '{text}'; it must be a number or empty."
        ) from error
