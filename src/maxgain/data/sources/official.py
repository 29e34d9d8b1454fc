"""Download the files of official data sets and read them after checking their content."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path, PurePosixPath

from maxgain.data.images import DataSet
from maxgain.data.registry import OFFICIAL, OfficialFile, OfficialSet
from maxgain.data.sources.local import read_content, read_local
from maxgain.errors import InputError
from maxgain.files.archives import iterate_members
from maxgain.files.checksums import digest_of, digest_of_file
from maxgain.files.download import download
from maxgain.files.members import file_member


def fetch_official(name: str, folder: Path, *, progress: bool = True) -> list[Path]:
    """Download what is missing of an official data set's files.

    A file that is there and has the right content is kept.

    Parameters
    ----------
    name
        Of the data set in the registry.
    folder
        Where the files shall lie.
    progress
        Whether to show a progress bar.

    Returns
    -------
    The files' paths.

    Raises
    ------
    InputError
        The data set is unknown, no mirror has a file, or a file cannot be written.
    """
    official = OFFICIAL.find(name)
    paths = []
    for file_name, files in _downloads(official).items():
        path = folder / file_name
        if not _is_official(path, official, files):
            addresses = [f"{mirror}/{file_name}" for mirror in official.mirrors]
            verify = partial(_verify, official=official, files=files)
            try:
                download(addresses, path, verify, progress=progress)
            except InputError as error:
                raise InputError(f"{error} {_WAYS_OUT}") from error
        paths.append(path)
    return paths


def read_official(name: str, folder: Path) -> DataSet:
    """Official data set from the folder that `fetch_official` filled.

    Raises
    ------
    InputError
        The data set is unknown, a file is missing, or its content is not the official one.
    """
    official = OFFICIAL.find(name)
    downloads = _downloads(official)
    for file_name, files in downloads.items():
        path = folder / file_name
        if not path.is_file():
            raise InputError(
                f"{path} does not exist; fetch it with `maxgain pipeline fetch-dataset {name} "
                f"{folder}`. {_WAYS_OUT}"
            )
        _verify(path, official=official, files=files)
    # A data set of one file has it in an archive; the others are read by their folder.
    location = folder / next(iter(downloads)) if len(downloads) == 1 else folder
    return read_local(location, verified=official)


_WAYS_OUT = (
    "To use a copy of yours, set the data set's source to local and location to its path; to run "
    "without these files, use the embedded protocol: `snakemake --cores all`."
)


def _downloads(official: OfficialSet) -> dict[str, list[OfficialFile]]:
    """Files by the download that has them."""
    downloads: dict[str, list[OfficialFile]] = {}
    for file in official.files:
        downloads.setdefault(file.download, []).append(file)
    return downloads


def _is_official(path: Path, official: OfficialSet, files: Iterable[OfficialFile]) -> bool:
    if not path.is_file():
        return False
    try:
        _verify(path, official=official, files=files)
    except InputError:
        return False
    return True


def _verify(path: Path, *, official: OfficialSet, files: Iterable[OfficialFile]) -> None:
    """Check the content of a downloaded file; its own name does not matter."""
    wanted = {file.name: file for file in files}
    for file in wanted.values():
        if file.of == "download":
            _compare(digest_of_file(path, file.checksum), file.checksum, str(path))
    first = next(iter(wanted.values()))
    is_archive = first.download.removesuffix(".gz") != first.name
    members = iterate_members(path) if is_archive else [file_member(path, first.name)]
    found_names = set()
    for member in members:
        name = PurePosixPath(member.name).name
        if name not in wanted:
            continue
        found_names.add(name)
        content = read_content(member, name, official.format)
        if wanted[name].of == "content":
            checksum = wanted[name].checksum
            _compare(digest_of(content, checksum), checksum, f"{path}: its {name}")
    for name in wanted:
        if name not in found_names:
            raise InputError(f"{path} lacks {name}.")


def _compare(found: str, official: str, place: str) -> None:
    if found != official:
        algorithm = "SHA-256" if official.startswith("sha256:") else "MD5"
        raise InputError(
            f"{place} has the {algorithm} {found.partition(':')[2]}; the official one is "
            f"{official.partition(':')[2]}."
        )
