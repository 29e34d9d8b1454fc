"""Know official data sets by the content of their files, whatever those are called elsewhere."""

import re
from collections.abc import Mapping
from pathlib import Path

from maxgain.data.registry import OFFICIAL, OfficialSet
from maxgain.errors import InputError
from maxgain.files.checksums import digest_of

_IDX_NAME = re.compile(r"(?:.*[-_])?(train|test|t10k)-(images|labels)[-.]idx([13])-ubyte")
"""Names that IDX files have: MNIST's own, unpacked with a dot by some programs, and with the data
set's name before and "test" for "t10k" as EMNIST's."""


def official_name(file_name: str) -> str:
    """Name of a file as the readers of official data sets know it, whatever it has around that."""
    plain = file_name.removesuffix(".gz")
    if (match := _IDX_NAME.fullmatch(plain)) is None:
        return plain
    split = "train" if match[1] == "train" else "t10k"
    return f"{split}-{match[2]}-idx{match[3]}-ubyte"


def layouts() -> dict[tuple[str, ...], list[OfficialSet]]:
    """Official data sets by the names of their files, which several may share."""
    found: dict[tuple[str, ...], list[OfficialSet]] = {}
    for row in OFFICIAL.rows():
        found.setdefault(row.file_names, []).append(row)
    return found


def formats_by_file() -> dict[str, str]:
    """Format of each official file, by its name without ``.gz``."""
    return {name: row.format for row in OFFICIAL.rows() for name in row.file_names}


def recognise(files: Mapping[str, bytes]) -> OfficialSet | None:
    """Official data set whose files have this very content, or None.

    Parameters
    ----------
    files
        Uncompressed content of each file by its name.
    """
    for row in layouts().get(tuple(files), []):
        if row.has_content_checksums and all(
            digest_of(files[file.name], file.checksum) == file.checksum for file in row.files
        ):
            return row
    return None


def choose_label(
    location: Path, label: str | None, official: OfficialSet | None, names: tuple[str, ...]
) -> str:
    """What results call local data.

    Parameters
    ----------
    label
        What the user wants.
    official
        The data set that the files were recognised as.
    names
        Of the official files found; none for an image folder.

    Raises
    ------
    InputError
        The wanted label is that of an official data set, which the files are not.
    """
    sets = layouts().get(names, [])
    unverifiable = [row for row in sets if not row.has_content_checksums]
    if label is None:
        if official is not None:
            return official.label
        name = location.resolve().name.split(".")[0] or "data"
        if unverifiable:
            return f"{name} ({unverifiable[0].label}'s format, content not verified)"
        return f"{name} ({'not the official files' if names else 'image folder'})"
    claimed = next((row for row in OFFICIAL.rows() if row.label.lower() == label.lower()), None)
    if claimed is not None and claimed != official and claimed not in unverifiable:
        raise InputError(
            f"label is {label!r} but the files in {location} are not the official ones of "
            f"{claimed.label}; give another label."
        )
    return label
