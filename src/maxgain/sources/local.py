"""Read a user's own data: official files, or images in train/CLASS/ and test/CLASS/."""

import gzip
import io
import math
import struct
import sys
import warnings
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from rich.console import Console

from maxgain.data import cifar, idx
from maxgain.data.images import DataSet, ImageData
from maxgain.errors import InputError
from maxgain.sources.checksums import (
    CIFAR10_FILES,
    MNIST_FILES,
    OFFICIAL_LABELS,
    official_label,
    sha256_of,
)
from maxgain.sources.members import (
    MAXIMUM_FILE_BYTES,
    Member,
    iterate_members,
    naming_broken_archive,
    read_at_most,
)

SUFFIXES = (".png", ".jpg", ".jpeg")
SPLITS = ("train", "test")
MAXIMUM_IMAGE_FILE_BYTES = 2**25
MAXIMUM_IMAGE_PIXELS = 2**20
"""Most pixels of one image, 1024 x 1024: anything larger is no image for these networks."""

MAXIMUM_PIXEL_BYTES = 2**30
"""Most bytes of all decoded images together; CIFAR-10 has 184 MB."""

CIFAR10_ARCHIVE = "cifar-10-binary.tar.gz"
NamedImage = tuple[PurePosixPath, npt.NDArray[np.uint8]]
"""An image's path and its pixels, 0-255, of shape (height, width) or (height, width, 3)."""

_GZIP_MARK = b"\x1f\x8b"
_PICKLED = ("data_batch_1", "test_batch", "cifar-10-python.tar.gz")
_MODES = {"L": 1, "RGB": 3}
BROKEN_IMAGE = (
    OSError,
    SyntaxError,  # Pillow: a broken PNG.
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    struct.error,
    zlib.error,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises on damaged or oversized images, the warning made an error."""


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
        elif _is_image(member):
            images.append((PurePosixPath(member.name), _decode_image(member, images)))
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


def _is_image(member: Member) -> bool:
    """Tell whether a member is an image of the data set; refuse one that seems to be misplaced."""
    path = PurePosixPath(member.name)
    if path.name.startswith((".", "._")) or path.name in ("Thumbs.db", "desktop.ini"):
        return False
    folders = path.parts[:-1]
    if not any(part in SPLITS for part in folders):
        return False
    if len(folders) < 2 or folders[-2] not in SPLITS or path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{member.place} does not belong in an image folder; allowed are train/CLASS/NAME and "
            f"test/CLASS/NAME with names ending in {', '.join(SUFFIXES)}."
        )
    return True


def _decode_image(member: Member, earlier: list[NamedImage]) -> npt.NDArray[np.uint8]:
    """Return the pixels, 0-255, as an array (height, width) or (height, width, 3)."""
    content = member.read(MAXIMUM_IMAGE_FILE_BYTES)
    try:
        with (
            warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning),
            Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image,
        ):
            _check_header(member, image, earlier)
            return np.asarray(image)
    except BROKEN_IMAGE as error:
        raise InputError(f"{member.place} is no image that can be read: {error}.") from error


def _check_header(member: Member, image: Image.Image, earlier: list[NamedImage]) -> None:
    """Check size and mode before any pixel is decoded."""
    width, height = image.size
    if image.mode not in _MODES or getattr(image, "n_frames", 1) != 1:
        raise InputError(
            f"{member.place} is an image of mode {image.mode}; allowed are grey images of 8 bits "
            "(mode L) and colour images without transparency (mode RGB)."
        )
    shape = (height, width) if image.mode == "L" else (height, width, 3)
    if width * height > MAXIMUM_IMAGE_PIXELS:
        raise InputError(
            f"{member.place} is {height} x {width}; allowed are at most {MAXIMUM_IMAGE_PIXELS} "
            "pixels."
        )
    if earlier and earlier[0][1].shape != shape:
        raise InputError(
            f"{member.place} has the size {shape} but {earlier[0][0]} has {earlier[0][1].shape}; "
            "all images must have one size and be all grey or all colour."
        )
    if (len(earlier) + 1) * math.prod(shape) > MAXIMUM_PIXEL_BYTES:
        raise InputError(
            f"{member.place} brings the images to more than {MAXIMUM_PIXEL_BYTES} bytes of "
            "pixels, the most that is allowed."
        )


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
        training, validation = _image_folder(location, images)
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


def _image_folder(location: Path, images: list[NamedImage]) -> tuple[ImageData, ImageData]:
    tops = {path.parents[2] for path, _ in images}
    if len(tops) > 1:
        raise InputError(
            f"{location} has train and test folders in {', '.join(sorted(map(str, tops)))}; they "
            "must be in one place."
        )
    classes = {
        split: sorted({path.parts[-2] for path, _ in images if path.parts[-3] == split})
        for split in SPLITS
    }
    if classes["train"] != classes["test"] or len(classes["train"]) < 2:
        raise InputError(
            f"{location} has the classes {', '.join(classes['train']) or 'none'} in train and "
            f"{', '.join(classes['test']) or 'none'} in test; allowed are the same two or more."
        )
    for name in classes["train"]:
        if not name.isprintable():
            raise InputError(f"{location} has a class named {name!r}; names must be printable.")
    # An archive's order is its maker's whim; the name's order is the same for every copy.
    images = sorted(images, key=lambda item: item[0].parts[-3:])
    training, validation = (_stack(images, split, tuple(classes[split])) for split in SPLITS)
    return training, validation


def _stack(images: list[NamedImage], split: str, classes: tuple[str, ...]) -> ImageData:
    chosen = [(path, pixels) for path, pixels in images if path.parts[-3] == split]
    stacked = torch.from_numpy(np.stack([pixels for _, pixels in chosen]))
    stacked = stacked[:, None] if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2)
    labels = torch.tensor([classes.index(path.parts[-2]) for path, _ in chosen])
    return ImageData(stacked.contiguous(), labels, classes)


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
