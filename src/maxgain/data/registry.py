"""Data sets, file formats and preprocessing by name; planning a workflow reads this alone."""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from maxgain.files.csv import read_table
from maxgain.registry import Registry, Row

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Format(Row):
    """A file format of data sets.

    Attributes
    ----------
    name
        As `registry.csv` has it.
    function
        Reads contents by file name, names of the classes or None, and a place for messages, and
        returns the training and the validation images.
    length
        "package.module:function" that bounds a file before it is read: of a stream, a file's name
        and a place, the header it read and how many bytes may follow.
    """

    length: str


@dataclass(frozen=True)
class OfficialFile:
    """A file of an official data set.

    Attributes
    ----------
    name
        Without ``.gz``, as the data set's readers know it.
    download
        Name on every mirror: the file itself, compressed by gzip, or an archive that has it.
    checksum
        "sha256:..." or "md5:...", the latter where its publisher gives no better one and no copy
        was at hand to take one of.
    of
        What the checksum is of: the uncompressed "content", so that a mirror that compresses anew
        still passes, or the "download" as it lies on the mirrors.
    """

    name: str
    download: str
    checksum: str
    of: str


@dataclass(frozen=True)
class OfficialSet(Row):
    """A data set that its makers publish.

    Attributes
    ----------
    name, function
        As the configuration has it, and the reader of its format.
    label
        What titles and tables call it; only data of these very files may carry it.
    format
        Name in `FORMATS`.
    classes
        Names of the classes, in the order of the labels.
    mirrors
        Addresses of folders that have the files, in the order to be tried.
    files
        Training files first.
    """

    label: str
    format: str
    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    files: tuple[OfficialFile, ...]

    @property
    def file_names(self) -> tuple[str, ...]:
        """Names of the files, without ``.gz``."""
        return tuple(file.name for file in self.files)

    @property
    def has_content_checksums(self) -> bool:
        """Whether a copy can be recognised by its content, however it was packed."""
        return all(file.of == "content" for file in self.files)


FORMATS = Registry(
    "data-formats",
    [
        Format(
            "idx",
            "maxgain.data.formats.idx:read_files",
            "maxgain.data.formats.idx:bound_length",
        ),
        Format(
            "cifar10-binary",
            "maxgain.data.formats.cifar_binary:read_cifar10",
            "maxgain.data.formats.cifar_binary:bound_cifar10",
        ),
        Format(
            "cifar100-binary",
            "maxgain.data.formats.cifar_binary:read_cifar100",
            "maxgain.data.formats.cifar_binary:bound_cifar100",
        ),
        Format(
            "svhn-mat",
            "maxgain.data.formats.svhn_mat:read_files",
            "maxgain.data.formats.svhn_mat:bound_length",
        ),
    ],
)
"""File formats that are recognised by their files' names."""


def _official_sets() -> list[OfficialSet]:
    columns = ("dataset", "file", "download", "checksum", "of")
    table = read_table(_FOLDER / "official_files.csv", columns)
    files = {
        name: tuple(
            OfficialFile(row["file"], row["download"], row["checksum"], row["of"]) for row in rows
        )
        for name, rows in groupby(table, key=lambda row: row["dataset"])
    }
    return [
        OfficialSet(
            name=row["name"],
            function=FORMATS.find(row["format"]).function,
            label=row["label"],
            format=row["format"],
            classes=tuple(row["classes"].split("|")),
            mirrors=tuple(row["mirrors"].split()),
            files=files[row["name"]],
        )
        for row in read_table(
            _FOLDER / "registry.csv", ("name", "label", "format", "classes", "mirrors")
        )
    ]


OFFICIAL = Registry("official-datasets", _official_sets())
"""Official data sets: `registry.csv`, with their files in `official_files.csv`.

MNIST's SHA-256 sums were taken from files whose MD5 sums are the ones that torchvision publishes,
Fashion-MNIST's from Debian's package `dataset-fashion-mnist`, whose files have, uncompressed, the
MD5 sums that several libraries publish for Zalando's (the tests repeat both). CIFAR-10's are those
of the batches in ``cifar-10-binary.tar.gz``, of MD5 c32a1d4ab5d03f1284b67883e8d87530 on CIFAR-10's
home page. Of CIFAR-100 and SVHN no file was at hand: theirs are MD5 sums as published, CIFAR-100's
of the archive (on its home page), SVHN's of the two files (by torchvision). An MD5 sum keeps off
damage, not a forger.
"""

EMBEDDED = Registry(
    "embedded-datasets",
    [
        Row("mnist", "maxgain.data.sources.embedded:read_digits"),
        Row("cifar10", "maxgain.data.sources.embedded:read_digits_on_photographs"),
    ],
)
"""What installed packages carry: functions of training, validation and statistics images."""

PREPROCESSINGS = Registry(
    "preprocessings",
    [
        Row("mean-image", "maxgain.data.preprocessing:subtract_mean_image"),
        Row("standardisation", "maxgain.data.preprocessing:standardise_channels"),
        Row("contrast-and-whitening", "maxgain.data.preprocessing:normalise_and_whiten"),
    ],
    of_function=Row,
)
"""Functions of a `DataSet` that return `PreprocessedImages`."""

AUGMENTATIONS = Registry(
    "augmentations",
    (
        Row("none", "maxgain.data.augmentation:no_augmentation"),
        Row("batch-flip", "maxgain.data.augmentation:batch_flip"),
        Row("flip-and-crop", "maxgain.data.augmentation:flip_and_crop"),
    ),
    Row,
)
"""Functions without arguments that give a `maxgain.data.augmentation.Augmentation`."""
