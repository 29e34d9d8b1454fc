"""Read the files in a folder, tar or zip archive one by one in memory, extracting nothing.

`tarfile.data_filter` was weighed: it guards an extraction to disk, and bounds neither the number of
members nor what a header declares.
"""

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import cast

from maxgain.errors import InputError
from maxgain.files.folders import LeftOut, files_below
from maxgain.files.members import Member, file_member, naming_broken_archive

MAXIMUM_MEMBERS = 2_000_000
"""Most members of an archive or files of a folder."""

_MAXIMUM_HEADER_BYTES = 2**20
_PIECE = 2**20

_COMPRESSIONS: Mapping[bytes, Callable[[Path], BufferedIOBase]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}

_LONG_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


def iterate_members(location: Path, left_out: LeftOut = lambda folder: False) -> Iterator[Member]:
    """Regular files of a folder (in order of name) or archive (in its order).

    Archives may be tar (plain, gzip, bzip2, xz) or zip; what they are is read from the content.
    In a folder links are followed, to files and to folders; in an archive none may be.

    Parameters
    ----------
    left_out
        Tells of a folder, by its path below `location`, whether to pass over it and all in it.

    Raises
    ------
    InputError
        `location` is missing, is neither folder nor archive, or is a broken archive; a folder has
        a link to one that it lies in; or an archive has a link, device or sparse file, an absolute
        name, one with ``..``, or one name twice.
    """
    with naming_broken_archive(str(location)):
        is_folder, is_file = location.is_dir(), location.is_file()
        zipped = is_file and zipfile.is_zipfile(location)
    if is_folder:
        for count, path in enumerate(files_below(location, left_out)):
            _refuse_too_many(count, location)
            yield file_member(location / path, path.as_posix())
    elif not is_file:
        raise InputError(f"{location} is no folder or file; give a folder or an archive.")
    else:
        archived = _iterate_zip(location) if zipped else _iterate_tar(location)
        seen: set[str] = set()
        for member in archived:
            if member.name in seen:
                raise InputError(f"{member.place} is in the archive twice; names must differ.")
            seen.add(member.name)
            folders = list(PurePosixPath(member.name).parents)[:-1]  # The last is the archive.
            if not any(left_out(folder) for folder in reversed(folders)):
                yield member


class _ShortHeader(tarfile.TarInfo):
    """Refuse headers that would be read into memory at whatever length they declare."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_ShortHeader":
        member = super().frombuf(buf, encoding, errors)
        if member.type in _LONG_HEADERS and member.size > _MAXIMUM_HEADER_BYTES:
            raise InputError(
                f"the archive has a header of {member.size} bytes; allowed are at most "
                f"{_MAXIMUM_HEADER_BYTES}."
            )
        return member


def _iterate_tar(archive: Path) -> Iterator[Member]:
    with (
        naming_broken_archive(str(archive)),
        _open_uncompressed(archive) as stream,
        tarfile.open(fileobj=stream, mode="r|", tarinfo=_ShortHeader) as tar,
    ):
        for count, entry in enumerate(tar):
            tar.members = []  # type: ignore[attr-defined]  # Else every header stays in memory.
            _refuse_too_many(count, archive)
            place = _checked_place(archive, entry.name)
            if entry.isdir():
                continue
            if not entry.isreg() or entry.issparse():
                raise InputError(
                    f"{place} is a link, device or sparse file; allowed are plain files."
                )
            yield Member(
                _plain_name(entry.name), place, entry.size, partial(_open_tarred, tar, entry)
            )
        # An uncompressed archive that was cut off between two members lacks the block of zeros
        # that ends it; tarfile says nothing then.
        if tar.fileobj is not None and tar.fileobj.tell() == tar.offset:  # type: ignore[attr-defined]
            raise InputError(f"{archive} is cut off: it has no end mark.")
        # The checksum of compressed data is looked at where the data ends, behind the end mark.
        while stream.read(_PIECE):
            pass


def _open_uncompressed(archive: Path) -> BufferedIOBase:
    with archive.open("rb") as file:
        start = file.read(6)
    for mark, open_compressed in _COMPRESSIONS.items():
        if start.startswith(mark):
            return open_compressed(archive)
    return archive.open("rb")


def _open_tarred(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> BufferedIOBase:
    # None is what comes for folders and devices alone.
    return cast(BufferedIOBase, tar.extractfile(entry))


def _iterate_zip(archive: Path) -> Iterator[Member]:
    with naming_broken_archive(str(archive)), zipfile.ZipFile(archive) as file:
        for count, entry in enumerate(file.infolist()):
            _refuse_too_many(count, archive)
            place = _checked_place(archive, entry.filename)
            if entry.is_dir():
                continue
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                raise InputError(f"{place} is a link or device; allowed are plain files.")
            name = _plain_name(entry.filename)
            yield Member(name, place, entry.file_size, partial(_open_zipped, file, entry))


def _open_zipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BufferedIOBase:
    return cast(BufferedIOBase, archive.open(entry))


def _refuse_too_many(count: int, archive: Path) -> None:
    if count >= MAXIMUM_MEMBERS:
        raise InputError(f"{archive} has more files than the {MAXIMUM_MEMBERS} allowed.")


def _checked_place(archive: Path, name: str) -> str:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or "\0" in name:
        raise InputError(
            f"{archive} has a member named {name!r}; absolute names and '..' are not allowed."
        )
    return f"{archive}/{name}"


def _plain_name(name: str) -> str:
    return PurePosixPath(name).as_posix()
