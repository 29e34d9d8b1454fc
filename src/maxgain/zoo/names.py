"""Which pretrained network a name means, told without torch where that can be.

A name is one of `registry.csv`; one that begins with the prefix of a reader ("timm:NAME",
"torchvision:NAME"); the path of a file that a reader reads (.onnx, .mat); "LOCATION#NAME", a
network of the manifest in a folder or archive; "package.module:function"; or a network of
torchvision.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from maxgain.errors import InputError
from maxgain.files.checksums import sha256_of
from maxgain.registry import is_function_name, load_function
from maxgain.zoo.architectures import find_architecture
from maxgain.zoo.manifest import SEPARATOR, find_listed, is_manifest_location, read_manifest
from maxgain.zoo.readers.registry import READERS, Reader
from maxgain.zoo.registry import RegistryRow, read_registry

FEWEST_WITHIN = 4
"""Networks of one architecture without which the trends within architectures are not drawn: an
order of three has a p-value of 1/6 at best."""

_PLAIN_NAME = re.compile(r"[\w.:+=-]{1,100}")


def find_row(name: str) -> RegistryRow:
    """Row of the network that a name means.

    Raises
    ------
    InputError
        No such network.
    """
    if name in read_registry():
        return read_registry()[name]
    readers = READERS.rows()
    for reader in readers:
        if reader.prefix and name.startswith(reader.prefix):
            return _prefixed_row(name, reader)
    location, separator, listed = name.rpartition(SEPARATOR)
    if separator and is_manifest_location(location):
        return find_listed(location, listed)
    for reader in readers:
        if name.lower().endswith(reader.suffixes or ("\0",)):
            path = Path(name).expanduser()
            return RegistryRow(path.stem, reader.name, str(path))
    if is_function_name(name):
        return RegistryRow(name, "function", name)
    return _row_without_prefix(name)


def needs_download(name: str) -> bool:
    """Whether something must be downloaded or unpacked before a network can be measured."""
    known = read_registry().get(name)
    if known is not None:
        return bool(READERS.find(known.family).fetch)
    location, separator, _ = name.rpartition(SEPARATOR)
    if separator and is_manifest_location(location):
        return not Path(location).expanduser().is_dir()
    for reader in READERS.rows():
        if reader.prefix and name.startswith(reader.prefix):
            return bool(reader.fetch)
        if name.lower().endswith(reader.suffixes or ("\0",)):
            return bool(reader.fetch)
    return not is_function_name(name)


def resolve_networks(names: Iterable[str]) -> list[str]:
    """Names of single networks; a family's name stands for all networks of that family.

    So does the path of a folder or archive with a manifest.

    Raises
    ------
    InputError
        A name is not known or stands twice.
    """
    resolved: list[str] = []
    for name in names:
        resolved += _networks_of(name)
    if repeated := [name for number, name in enumerate(resolved) if name in resolved[:number]]:
        raise InputError(f"network '{repeated[0]}' is listed twice; once is allowed.")
    return resolved


def compares_within(names: Iterable[str]) -> bool:
    """Whether `FEWEST_WITHIN` or more trained networks are of one architecture.

    Raises
    ------
    InputError
        A name is not known.
    """
    rows = [row for row in map(find_row, names) if not READERS.find(row.family).random]
    designs = Counter((row.architecture or find_architecture(row.name)).name for row in rows)
    return max(designs.values(), default=0) >= FEWEST_WITHIN


def file_stem(name: str) -> str:
    """Name of the files of a network: the network's own where it can name a file.

    Another name gives what of it can name a file, and a part of its SHA-256: two names never share
    their files.
    """
    if _PLAIN_NAME.fullmatch(name) and not name.startswith((".", "-")):
        return name
    last = re.sub(r"[^\w.+=-]+", "-", name.rstrip("/").rsplit("/", 1)[-1])[-60:].strip("-.")
    return f"{last}-{sha256_of(name.encode())[:8]}"


def _networks_of(name: str) -> list[str]:
    if name in READERS.names():
        reader = READERS.find(name)
        if reader.rows:
            return list(_rows_of(reader))
        if found := [row.name for row in read_registry().values() if row.family == name]:
            return found
    if is_manifest_location(name):
        return [f"{name}{SEPARATOR}{row.name}" for row in read_manifest(name)]
    find_row(name)
    return [name]


def _rows_of(reader: Reader) -> Mapping[str, RegistryRow]:
    rows: Mapping[str, RegistryRow] = load_function(reader.rows, f"reader '{reader.name}'")()
    return rows


def _prefixed_row(name: str, reader: Reader) -> RegistryRow:
    bare = name.removeprefix(reader.prefix)
    if not reader.rows:
        return RegistryRow(name, reader.name, bare)
    rows = _rows_of(reader)
    if bare not in rows:
        raise InputError(f"{reader.name} has no network '{bare}'{_nearest(bare, rows)}.")
    return rows[bare]


def _row_without_prefix(name: str) -> RegistryRow:
    known = list(read_registry())
    for reader in READERS.rows():
        if reader.rows:
            rows = _rows_of(reader)
            if name in rows:
                return rows[name]
            known += rows
    forms = ", ".join(f"{reader.prefix}NAME" for reader in READERS.rows() if reader.prefix)
    files = ", ".join(suffix for reader in READERS.rows() for suffix in reader.suffixes)
    raise InputError(
        f"network '{name}' is not known{_nearest(name, known)}; allowed are "
        f"{', '.join(read_registry())}, the names of torchvision's networks with IMAGENET1K_V1 "
        f"weights, {forms}, the path of a file ({files}), of a folder or archive with a "
        "manifest.csv, and package.module:function."
    )


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
