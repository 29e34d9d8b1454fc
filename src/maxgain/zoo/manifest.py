"""A folder or archive of weights with a `manifest.csv`: a family of networks of any user's.

Its columns are `name`, `file` (.onnx or .mat, relative to the manifest), `sha256`, and, empty where
not known, `input_size` ("224" or "CHANNELS,HEIGHT,WIDTH"), `mean`, `std` (0-1 units, one number or
one a channel: the network expects (x / 255 - mean) / std), `channel_order` (RGB or BGR),
`interpolation` (bilinear or bicubic), `crop`, `top1_error`, `top5_error` (percent), `error_source`,
`weights` (their precision), `source`, `licence`, `architecture` with its `year` and `normalisation`
(else found by the name). Further columns are left alone.

Networks are named "LOCATION#NAME". An archive (tar or zip) is unpacked once, into the folder of
weights; it is read fastest with the manifest as its first file.
"""

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from filelock import FileLock

from maxgain.errors import InputError
from maxgain.files.archives import iterate_members
from maxgain.files.checksums import check_checksum, sha256_of
from maxgain.files.csv import read_table
from maxgain.registry import load_function
from maxgain.zoo.readers.registry import READERS, Reader
from maxgain.zoo.registry import RegistryRow, parse_row

if TYPE_CHECKING:  # Both bring torch or the network along, and planning needs neither.
    from maxgain.zoo.network import GivenInput, PretrainedNetwork
    from maxgain.zoo.transfer import Transfer

SEPARATOR = "#"
"""Between a manifest's location and the name of a network in it."""

FILE_NAME = "manifest.csv"

COLUMNS = ("name", "file", "sha256")
"""Columns that must be there."""

LARGEST_ARCHIVE = 1 << 35
"""Most bytes that an archive may unpack to (32 GiB)."""

_LARGEST_MANIFEST = 1 << 24
_ARCHIVE = re.compile(r"\.(tar|tar\.\w+|t[gx]z|tbz2?|zip)$", re.IGNORECASE)


def is_manifest_location(location: str) -> bool:
    """Whether a name is that of an archive, or of a folder that is meant to have a manifest."""
    path = Path(location).expanduser()
    if _ARCHIVE.search(location):
        return True
    return path.is_dir() and ("/" in location or _manifest_in(path) is not None)


def read_manifest(location: str) -> list[RegistryRow]:
    """Rows of the networks of a manifest, in its order.

    Parameters
    ----------
    location
        The folder or archive.

    Raises
    ------
    InputError
        There is no manifest, or it is not one; the sentence names the row and what must be there.
    """
    path = Path(location).expanduser()
    if not path.exists():
        raise InputError(f"{location} does not exist; a folder or archive of networks is needed.")
    status = path.stat()
    return list(_read_manifest(location, status.st_size, status.st_mtime_ns))


def find_listed(location: str, name: str) -> RegistryRow:
    """Row of one network of a manifest.

    Raises
    ------
    InputError
        There is no such network, or no manifest.
    """
    rows = read_manifest(location)
    for row in rows:
        if row.name == name:
            return row
    raise InputError(
        f"{location} lists no network '{name}'; it lists {', '.join(row.name for row in rows)}."
    )


def fetch_listed(row: RegistryRow, folder: Path, transfer: "Transfer") -> Path:
    """The weights file of a network of a manifest, unpacked where it lies in an archive.

    Raises
    ------
    InputError
        The file is missing, outside the folder, or not the one of the manifest.
    """
    path = _weights_file(row, folder)
    check_checksum(path, row.checksum)
    return path


def load_listed(row: RegistryRow, folder: Path, given: "GivenInput") -> "PretrainedNetwork":
    """Network of a manifest, read by the reader of its file's kind.

    Raises
    ------
    InputError
        The weights are missing, not those of the manifest, or not a network.
    """
    path = _weights_file(row, folder)
    check_checksum(path, row.checksum)
    reader = _reader_of(path.name)
    assert reader is not None
    read = load_function(reader.function, f"reader '{reader.name}'")
    network: PretrainedNetwork = read(replace(row, source=str(path)), folder, given)
    label = "; ".join(filter(None, (row.precision, row.origin))) or path.name
    return replace(network, weights=label)


@cache
def _read_manifest(location: str, size: int, modified: int) -> tuple[RegistryRow, ...]:
    # Size and time of change are a part of the key: an archive that is replaced is read again.
    path = Path(location).expanduser()
    place = f"{location}/{FILE_NAME}"
    with _manifest_file(path) as file:
        table = read_table(file, COLUMNS)
    rows = [_listed_row(location, row, place) for row in table]
    if not rows:
        raise InputError(f"{place} lists no network; one or more are needed.")
    name, count = Counter(row.name for row in rows).most_common(1)[0]
    if count > 1:
        raise InputError(f"{place} lists '{name}' {count} times; each name is allowed once.")
    return tuple(rows)


def _listed_row(location: str, row: dict[str, str], place: str) -> RegistryRow:
    name, file = row["name"], PurePosixPath(row["file"])
    if not re.fullmatch(r"[\w.+=-]{1,100}", name) or name.startswith((".", "-")):
        raise InputError(
            f"{place}: name is '{name[:100]}'; it must be letters, digits and _ . + = -, the first "
            "of them a letter, digit or _."
        )
    if file.is_absolute() or ".." in file.parts or "\\" in row["file"] or not file.parts:
        raise InputError(
            f"{place}, file of '{name}' is '{row['file']}'; it must be a path below the manifest."
        )
    if _reader_of(file.name) is None:
        known = ", ".join(suffix for reader in READERS.rows() for suffix in reader.suffixes)
        raise InputError(f"{place}, file of '{name}' is '{file}'; it must end in {known}.")
    checksum = row["sha256"].strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", checksum):
        raise InputError(
            f"{place}, sha256 of '{name}' is '{row['sha256']}'; it must be 64 hexadecimal digits."
        )
    parsed = parse_row({**row, "family": "manifest"}, place)
    source = f"{location}{SEPARATOR}{file.as_posix()}"
    return replace(parsed, source=source, checksum=checksum, origin=row.get("source", ""))


def _reader_of(file_name: str) -> Reader | None:
    for reader in READERS.rows():
        if file_name.lower().endswith(reader.suffixes or ("\0",)):
            return reader
    return None


def _manifest_in(folder: Path) -> Path | None:
    """The manifest of a folder: at its top, or in the one folder below that has one."""
    if (folder / FILE_NAME).is_file():
        return folder / FILE_NAME
    below = sorted(folder.glob(f"*/{FILE_NAME}"))
    return below[0] if len(below) == 1 else None


@contextmanager
def _manifest_file(path: Path) -> Iterator[Path]:
    """The manifest as a file; that of an archive for a moment only."""
    if path.is_dir():
        found = _manifest_in(path)
        if found is None:
            raise InputError(f"{path} has no {FILE_NAME}; a folder of networks needs one.")
        yield found
        return
    for member in iterate_members(path):
        if PurePosixPath(member.name).name == FILE_NAME and member.name.count("/") <= 1:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, FILE_NAME)
                file.write_bytes(member.read(_LARGEST_MANIFEST))
                yield file
            return
    raise InputError(f"{path} has no {FILE_NAME}; an archive of networks needs one.")


def _weights_file(row: RegistryRow, folder: Path) -> Path:
    location, _, file = row.source.rpartition(SEPARATOR)
    place = Path(location).expanduser()
    top = place if place.is_dir() else _unpacked(place, folder)
    manifest = _manifest_in(top)
    if manifest is None:
        raise InputError(f"{location} has no {FILE_NAME}; a folder of networks needs one.")
    path = manifest.parent / file
    if not path.resolve().is_relative_to(manifest.parent.resolve()):
        raise InputError(f"{path} is a link out of its folder; weights must lie in it.")
    if not path.is_file():
        raise InputError(f"{path}, the weights of '{row.name}', does not exist.")
    return path


def _unpacked(archive: Path, folder: Path) -> Path:
    """Folder with the files of an archive, unpacked below the folder of weights once."""
    status = archive.stat()
    key = f"{archive.resolve()}|{status.st_size}|{status.st_mtime_ns}".encode()
    target = folder / "unpacked" / f"{archive.name.split('.')[0]}-{sha256_of(key)[:12]}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / f".{target.name}.guard"):
        if not target.is_dir():
            part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
            try:
                _unpack(archive, part)
                os.replace(part, target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    return target


def _unpack(archive: Path, folder: Path) -> None:
    room = LARGEST_ARCHIVE
    for member in iterate_members(archive):
        room -= member.size
        if room < 0:
            raise InputError(f"{archive} unpacks to more than the {LARGEST_ARCHIVE} bytes allowed.")
        path = folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as content, path.open("wb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
        if path.stat().st_size != member.size:
            raise InputError(f"{member.place} does not have the {member.size} bytes it declares.")
