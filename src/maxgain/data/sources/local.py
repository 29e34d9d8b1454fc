"""Read a user's own data: official files, or images in train/CLASS/ and test/CLASS/."""

import gzip
import io
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from rich.console import Console

from maxgain.data.formats import cifar_binary as cifar
from maxgain.data.formats import idx
from maxgain.data.formats.image_folder import NamedImage, decode_image, image_folder, is_image
from maxgain.data.images import DataSet, ImageData
from maxgain.data.sources.official_files import (
    CIFAR10_FILES,
    MNIST_FILES,
    OFFICIAL_LABELS,
    official_label,
)
from maxgain.errors import InputError
from maxgain.files.archives import (
    MAXIMUM_FILE_BYTES,
    Member,
    iterate_members,
    naming_broken_archive,
    read_at_most,
)
from maxgain.files.checksums import sha256_of

CIFAR10_ARCHIVE = "cifar-10-binary.tar.gz"


_GZIP_MARK = b"\x1f\x8b"


_PICKLED = ("data_batch_1", "test_batch", "cifar-10-python.tar.gz")


def read_local(location: Path, *, label: str | None = None, stand_in: bool = False) -> DataSet:
    """Return the data set in a folder or archive.

    Found by their names are: MNIST's four IDX files, each with or without ``.gz`` (any other data
    in IDX files of these names too); the six batches of CIFAR-10's binary version, or its archive;
    or images ``train/CLASS/NAME`` and ``test/CLASS/NAME`` ending in .png, .jpg or .jpeg, which may
    lie in one folder more. The classes of an image folder are its folders' names, in order.

    Parameters
    ----------
    location : folder, or tar (plain, gzip, bzip2, xz) or zip archive
    label : what results shall call the data; None takes "MNIST" or "CIFAR-10" for files whose
        checksums are the official ones, else the location's name
    stand_in : whether the data stands in for another data set

    Raises
    ------
    InputError
        Nothing, several of these, or broken files are found; or `label` claims to be an official
        data set that the files are not.
    """
    files: dict[str, bytes] = {}
    images: list[NamedImage] = []
    for member in _show_progress(iterate_members(location), str(location)):
        name = PurePosixPath(member.name).name
        if name in _PICKLED:
            raise InputError(
                f"{member.place} is CIFAR-10's Python version, whose pickles may run any code and "
                f"are not read; use its binary version, {CIFAR10_ARCHIVE}."
            )
        plain = _official_name(name)
        if plain is not None:
            if plain in files:
                raise InputError(f"{location} has {plain} twice; it must be there once.")
            files[plain] = read_plain(member, plain)
        elif is_image(member):
            images.append((PurePosixPath(member.name), decode_image(member, images)))
    if not files and not images and (location / CIFAR10_ARCHIVE).is_file():
        return read_local(location / CIFAR10_ARCHIVE, label=label, stand_in=stand_in)
    return _data_set(location, files, images, label, stand_in)


def _official_name(name: str) -> str | None:
    """Return the official file's name that `name` spells: ``.gz`` and a dot for a dash allowed."""
    plain = name.removesuffix(".gz").replace(".idx", "-idx")
    return plain if plain in MNIST_FILES or plain in CIFAR10_FILES else None


def read_plain(member: Member, plain: str) -> bytes:
    """Return the uncompressed content of an official file, compressed by gzip or not.

    Parameters
    ----------
    member : the file
    plain : its official name, without ``.gz``

    Raises
    ------
    InputError
        It cannot be read, or holds more than its header declares or a file may have.
    """
    with naming_broken_archive(member.place), member.open() as file:
        stream: io.BufferedIOBase = file
        # Every opened member is buffered, and so can be looked at before it is read.
        if file.peek(2)[:2] == _GZIP_MARK:  # type: ignore[attr-defined]
            stream = gzip.GzipFile(fileobj=file)
        if plain in CIFAR10_FILES:
            header, declared = b"", cifar.BATCH_BYTES
        else:
            dimensions = int(plain.removesuffix("-ubyte")[-1])
            header = stream.read(idx.header_length(dimensions))
            declared = math.prod(idx.parse_header(header, dimensions, member.place))
        if declared > MAXIMUM_FILE_BYTES:
            raise InputError(
                f"{member.place} declares {declared} bytes; allowed are {MAXIMUM_FILE_BYTES}."
            )
        # One byte more than declared shows that there is more, without reading it all.
        return header + read_at_most(stream, declared + 1)


def _data_set(
    location: Path,
    files: dict[str, bytes],
    images: list[NamedImage],
    label: str | None,
    stand_in: bool,
) -> DataSet:
    mnist, batches = (
        {name: files[name] for name in table if name in files}
        for table in (MNIST_FILES, CIFAR10_FILES)
    )
    found = [bool(mnist), bool(batches), bool(images)]
    if sum(found) != 1:
        raise InputError(
            f"{location} has {'several data sets' if any(found) else 'no data set'}; one is needed:"
            f" {', '.join(MNIST_FILES)} (each with or without .gz); or {', '.join(CIFAR10_FILES)}; "
            "or images train/CLASS/NAME and test/CLASS/NAME."
        )
    if images:
        training, validation = image_folder(location, images)
        checksums: dict[str, str] = {}
    else:
        _require_all(location, files, MNIST_FILES if mnist else CIFAR10_FILES)
        training, validation = _mnist(location, files) if mnist else _cifar10(location, files)
        checksums = {name: sha256_of(content) for name, content in files.items()}
    return DataSet(
        training, validation, _choose_label(location, label, checksums), stand_in, checksums
    )


def _require_all(location: Path, files: Iterable[str], table: Iterable[str]) -> None:
    missing = sorted(set(table) - set(files))
    if missing:
        raise InputError(f"{location} lacks {', '.join(missing)}.")


def _mnist(location: Path, files: dict[str, bytes]) -> tuple[ImageData, ImageData]:
    names = list(MNIST_FILES)
    training = idx.parse_pair(files[names[0]], files[names[1]], None, f"{location} (train)")
    validation = idx.parse_pair(
        files[names[2]], files[names[3]], training.classes, f"{location} (t10k)"
    )
    return training, validation


def _cifar10(location: Path, files: dict[str, bytes]) -> tuple[ImageData, ImageData]:
    batches = [cifar.parse_batch(files[name], f"{location}: {name}") for name in CIFAR10_FILES]
    return cifar.join_batches(batches[:-1]), batches[-1]


def _choose_label(location: Path, label: str | None, checksums: dict[str, str]) -> str:
    official = official_label(checksums)
    if label is None:
        name = location.resolve().name.split(".")[0]
        return official or f"{name} ({'not the official files' if checksums else 'image folder'})"
    claimed = next((known for known in OFFICIAL_LABELS if known.lower() == label.lower()), None)
    if claimed not in (None, official):
        raise InputError(
            f"label is {label!r} but the files in {location} are not the official ones of "
            f"{claimed}; give another label."
        )
    return label


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
