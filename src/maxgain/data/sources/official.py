"""Download the official MNIST and CIFAR-10 files and read them after checking their content."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from maxgain.data.images import DataSet
from maxgain.data.sources.local import read_local, read_plain
from maxgain.data.sources.official_files import CIFAR10_FILES, MNIST_FILES
from maxgain.errors import InputError
from maxgain.files.archives import file_member, iterate_members
from maxgain.files.checksums import sha256_of
from maxgain.files.download import download

_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "http://yann.lecun.com/exdb/mnist",
)


_CIFAR10_MIRRORS = ("https://www.cs.toronto.edu/~kriz", "https://cave.cs.toronto.edu/kriz")


@dataclass(frozen=True)
class OfficialFile:
    """A file to download.

    Attributes
    ----------
    name : its name on every mirror
    mirrors : addresses of folders that have it, in the order to be tried
    contents : name and SHA-256 of what it holds, uncompressed
    """

    name: str
    mirrors: tuple[str, ...]
    contents: Mapping[str, str]


OFFICIAL: Mapping[str, tuple[OfficialFile, ...]] = {
    "mnist": tuple(
        OfficialFile(f"{name}.gz", _MNIST_MIRRORS, {name: checksum})
        for name, checksum in MNIST_FILES.items()
    ),
    "cifar10": (OfficialFile("cifar-10-binary.tar.gz", _CIFAR10_MIRRORS, CIFAR10_FILES),),
}
"""The files of each role. CIFAR-10's Python version holds pickles and is never read."""


def fetch_official(role: str, folder: Path, *, progress: bool = True) -> list[Path]:
    """Download what is missing of a role's official files.

    A file that is there and has the right content is kept.

    Parameters
    ----------
    role : "mnist" or "cifar10"
    folder : where the files shall lie
    progress : whether to show a progress bar

    Returns
    -------
    The files' paths.

    Raises
    ------
    InputError
        The role is unknown, no mirror has a file, or a file cannot be written.
    """
    paths = []
    for file in _official_files(role):
        path = folder / file.name
        if not _is_official(path, file):
            addresses = [f"{mirror}/{file.name}" for mirror in file.mirrors]
            try:
                download(addresses, path, partial(_verify, file=file), progress=progress)
            except InputError as error:
                raise InputError(f"{error} {_describe_ways_out(role)}") from error
        paths.append(path)
    return paths


def read_official(role: str, folder: Path) -> DataSet:
    """Return a role's official data set from the folder that :func:`fetch_official` filled.

    Raises
    ------
    InputError
        A file is missing, or its content is not the official one.
    """
    files = _official_files(role)
    for file in files:
        if not (folder / file.name).is_file():
            raise InputError(
                f"{folder / file.name} does not exist; fetch it with `maxgain fetch-dataset {role} "
                f"{folder}`. {_describe_ways_out(role)}"
            )
        _verify(folder / file.name, file=file)
    # A role of one file has it in an archive; the others are read by their folder.
    return read_local(folder / files[0].name if len(files) == 1 else folder)


def _official_files(role: str) -> tuple[OfficialFile, ...]:
    if role not in OFFICIAL:
        raise InputError(f"role is {role!r}; allowed are {', '.join(OFFICIAL)}.")
    return OFFICIAL[role]


def _is_official(path: Path, file: OfficialFile) -> bool:
    if not path.is_file():
        return False
    try:
        _verify(path, file=file)
    except InputError:
        return False
    return True


def _verify(path: Path, *, file: OfficialFile) -> None:
    """Check the content of a downloaded file; its name does not matter."""
    if len(file.contents) == 1:
        (name,) = file.contents
        found = {name: sha256_of(read_plain(file_member(path, file.name), name))}
    else:
        found = {
            name: sha256_of(read_plain(member, name))
            for member in iterate_members(path)
            if (name := PurePosixPath(member.name).name) in file.contents
        }
    for name, checksum in file.contents.items():
        if name not in found:
            raise InputError(f"{path} lacks {name}.")
        if found[name] != checksum:
            raise InputError(
                f"{path} has a {name} with the SHA-256 {found[name]}; the official one is "
                f"{checksum}."
            )


def _describe_ways_out(role: str) -> str:
    return (
        f"To use a copy of yours, set data.{role}.source to local and data.{role}.location to its "
        "path; to run without these files, use the embedded protocol: `snakemake --cores all`."
    )
