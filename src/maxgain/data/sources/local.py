"""Read a user's own data: official files, or images in train/CLASS/ and test/CLASS/."""

import gzip
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from rich.console import Console

from maxgain.data.formats.image_folder import NamedImage, decode_image, image_folder, is_image
from maxgain.data.images import DataSet, ImageData
from maxgain.data.registry import FORMATS, OFFICIAL, OfficialSet
from maxgain.data.sources.recognition import (
    choose_label,
    formats_by_file,
    layouts,
    official_name,
    recognise,
)
from maxgain.errors import InputError
from maxgain.files.archives import iterate_members
from maxgain.files.checksums import sha256_of
from maxgain.files.members import (
    MAXIMUM_FILE_BYTES,
    Member,
    naming_broken_archive,
    read_at_most,
)
from maxgain.registry import load_function

_GZIP_MARK = b"\x1f\x8b"

_PICKLED = (
    "data_batch_1",
    "test_batch",
    "cifar-10-python.tar.gz",
    "cifar-100-python.tar.gz",
)
"""Files of the versions of CIFAR-10 and CIFAR-100 that are pickles."""

_HIDDEN = ("__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found")
"""Folders that systems make, in small letters; those with a dot before are of programs."""


@dataclass
class _Found:
    """What a location has.

    Attributes
    ----------
    files
        Content of each official file, by its name.
    places
        Where each of them was first met.
    images
        Those of an image folder.
    hidden
        Folders that were passed over.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    images: list[NamedImage] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def passes_over(self, folder: PurePosixPath) -> bool:
        """Whether a folder is one that a system or program keeps to itself."""
        hidden = folder.name.startswith(".") or folder.name.lower() in _HIDDEN
        if hidden and str(folder) not in self.hidden:
            self.hidden.append(str(folder))
        return hidden

    def add_file(self, member: Member, name: str, format_name: str) -> None:
        """Read an official file; a second copy must have the same content."""
        content = read_content(member, name, format_name)
        if self.files.setdefault(name, content) != content:
            raise InputError(
                f"{self.places[name]} and {member.place} differ in content; only one {name} can be "
                "meant: give a folder with the files of one data set."
            )
        self.places.setdefault(name, member.place)


def read_local(
    location: Path,
    *,
    label: str | None = None,
    stand_in: bool = False,
    verified: OfficialSet | None = None,
) -> DataSet:
    """Data set in a folder or archive.

    Found by their names are the files of official data sets, each with or without ``.gz`` or both
    (and any other data in files of these names, or named as EMNIST's), in whatever folders they
    lie, as torchvision's ``MNIST/raw`` or ``cifar-10-batches-bin``; an archive of them; or images
    ``train/CLASS/NAME`` and ``test/CLASS/NAME``, which may lie in one folder more. The classes of
    an image folder are its folders' names, in order. Folders that are hidden are passed over, and
    named.

    Parameters
    ----------
    location
        Folder, or tar (plain, gzip, bzip2, xz) or zip archive.
    label
        What results shall call the data; None takes the official name of files whose checksums are
        the official ones, else the location's name.
    stand_in
        Whether the data stands in for another data set.
    verified
        The official data set that the location is already known to hold.

    Raises
    ------
    InputError
        Nothing, several of these, or broken files are found; or `label` claims to be an official
        data set that the files are not.
    """
    found = _look_through(location)
    if not found.files and not found.images:
        for archive in sorted({file.download for row in OFFICIAL.rows() for file in row.files}):
            if location.is_dir() and (location / archive).is_file():
                return read_local(
                    location / archive, label=label, stand_in=stand_in, verified=verified
                )
    return _data_set(location, found, label, stand_in, verified)


def _look_through(location: Path) -> _Found:
    found, formats = _Found(), formats_by_file()
    for member in _show_progress(iterate_members(location, found.passes_over), str(location)):
        name = PurePosixPath(member.name).name
        if name in _PICKLED:
            raise InputError(
                f"{member.place} is of CIFAR's Python version, whose pickles may run any code and "
                "are not read; use its binary version, cifar-10-binary.tar.gz or "
                "cifar-100-binary.tar.gz."
            )
        plain = official_name(name)
        if plain in formats:
            found.add_file(member, plain, formats[plain])
        elif is_image(member):
            path = PurePosixPath(member.name)
            found.images.append((path, decode_image(member, found.images)))
    if found.hidden:
        Console(stderr=True).print(
            f"{location}: passed over the hidden {', '.join(found.hidden[:5])}"
            + (f" and {len(found.hidden) - 5} more" if len(found.hidden) > 5 else ""),
            soft_wrap=True,
            markup=False,
            highlight=False,
        )
    return found


def read_content(member: Member, name: str, format_name: str) -> bytes:
    """Uncompressed content of an official file, compressed by gzip or not.

    Parameters
    ----------
    member
        The file.
    name
        Its official name, without ``.gz``.
    format_name
        Of its data set.

    Raises
    ------
    InputError
        It cannot be read, or holds more than its header declares or a file may have.
    """
    bound = load_function(FORMATS.find(format_name).length, f"format {format_name}")
    with naming_broken_archive(member.place), member.open() as file:
        stream: io.BufferedIOBase = file
        # Every opened member is buffered, and so can be looked at before it is read.
        if file.peek(2)[:2] == _GZIP_MARK:  # type: ignore[attr-defined]
            stream = gzip.GzipFile(fileobj=file)
        header, declared = bound(stream, name, member.place)
        if declared > MAXIMUM_FILE_BYTES:
            raise InputError(
                f"{member.place} declares {declared} bytes; allowed are {MAXIMUM_FILE_BYTES}."
            )
        # One byte more than declared shows that there is more, without reading it all.
        content: bytes = header + read_at_most(stream, declared + 1)
        return content


def _data_set(
    location: Path,
    found: _Found,
    label: str | None,
    stand_in: bool,
    verified: OfficialSet | None,
) -> DataSet:
    kinds = [names for names in layouts() if any(name in found.files for name in names)]
    if len(kinds) + bool(found.images) != 1:
        many = kinds or found.images
        known = "; or ".join(", ".join(names) for names in layouts())
        hidden = f" Passed over was the hidden {found.hidden[0]}." if found.hidden else ""
        raise InputError(
            f"{location} has {'several data sets' if many else 'no data set'}; one is needed:"
            f" {known} (each with or without .gz); or images train/CLASS/NAME and test/CLASS/NAME."
            f"{hidden}"
        )
    official = verified
    if found.images:
        training, validation = image_folder(location, found.images)
        checksums: dict[str, str] = {}
    else:
        files = _ordered(location, found, kinds[0])
        official = verified or recognise(files)
        training, validation = _decode(location, files, official)
        checksums = {name: sha256_of(content) for name, content in files.items()}
    chosen = choose_label(location, label, official, tuple(checksums))
    return DataSet(training, validation, chosen, stand_in, checksums)


def _ordered(location: Path, found: _Found, names: tuple[str, ...]) -> dict[str, bytes]:
    missing = sorted(set(names) - set(found.files))
    if missing:
        raise InputError(f"{location} lacks {', '.join(missing)}.")
    return {name: found.files[name] for name in names}


def _decode(
    location: Path, files: dict[str, bytes], official: OfficialSet | None
) -> tuple[ImageData, ImageData]:
    sets = layouts()[tuple(files)]
    # Where one data set alone has the format, its classes are known without its checksums.
    known = official or (sets[0] if len(sets) == 1 else None)
    read = load_function(sets[0].function, f"format {sets[0].format}")
    training, validation = read(files, known.classes if known else None, str(location))
    return training, validation


def _show_progress(members: Iterator[Member], what: str) -> Iterator[Member]:
    """Pass members on and say on the terminal how many were read."""
    console = Console(stderr=True)
    count = 0
    with console.status(f"reading {what}") as status:
        for count, member in enumerate(members, 1):
            if count % 1000 == 0:
                status.update(f"reading {what}: {count:,} files")
            if count % 10_000 == 0 and not sys.stderr.isatty():
                console.print(f"reading {what}: {count:,} files")
            yield member
