"""Read the files in a folder, tar or zip archive one by one in memory, extracting nothing."""

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import cast

from maxgain.errors import InputError

MAXIMUM_FILE_BYTES = 2**30
"""Most bytes of one file that are read: MNIST's largest has 47 MB."""


MAXIMUM_MEMBERS = 2_000_000
"""Most members of an archive."""


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


_BROKEN_ARCHIVE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # zipfile: the member is encrypted.
    NotImplementedError,  # zipfile: unknown compression.
    ValueError,  # tarfile: a number in a header is none.
    OverflowError,
    MemoryError,  # lzma: a dictionary of absurd size is declared.
)


@dataclass(frozen=True)
class Member:
    """A regular file in a folder or archive.

    Attributes
    ----------
    name : path below the folder or in the archive, with forward slashes
    place : name with the folder or archive before it, for messages
    size : declared size in bytes
    open : opens the content; for a tar archive only before the next member is asked for
    """

    name: str
    place: str
    size: int
    open: Callable[[], BufferedIOBase]

    def read(self, limit: int = MAXIMUM_FILE_BYTES) -> bytes:
        """Return the content.

        Raises
        ------
        InputError
            The file declares or has more than `limit` bytes, or other than it declares, or its
            archive is broken.
        """
        if self.size > limit:
            raise InputError(
                f"{self.place} declares {self.size} bytes; allowed are at most {limit}."
            )
        with naming_broken_archive(self.place), self.open() as file:
            content = read_at_most(file, self.size + 1)
        if len(content) != self.size:
            raise InputError(f"{self.place} does not have the {self.size} bytes that it declares.")
        return content


def iterate_members(location: Path) -> Iterator[Member]:
    """Yield the regular files of a folder (in order of name) or archive (in its order).

    Archives may be tar (plain, gzip, bzip2, xz) or zip; what they are is read from the content.

    Raises
    ------
    InputError
        `location` is missing, is neither folder nor archive, or is a broken archive; or an archive
        has a link, device or sparse file, an absolute name, one with ``..``, or one name twice.
    """
    with naming_broken_archive(str(location)):
        is_folder, is_file = location.is_dir(), location.is_file()
        zipped = is_file and zipfile.is_zipfile(location)
    if is_folder:
        yield from _iterate_folder(location)
    elif not is_file:
        raise InputError(f"{location} is no folder or file; give a folder or an archive.")
    else:
        archived = _iterate_zip(location) if zipped else _iterate_tar(location)
        seen: set[str] = set()
        for member in archived:
            if member.name in seen:
                raise InputError(f"{member.place} is in the archive twice; names must differ.")
            seen.add(member.name)
            yield member


def file_member(path: Path, name: str) -> Member:
    """Return the file at `path` as a member called `name`.

    Raises
    ------
    InputError
        There is none, it may not be read, or it is a pipe, device or folder.
    """
    with naming_broken_archive(str(path)):
        status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} is not a regular file; allowed are files and folders.")
    return Member(name, str(path), status.st_size, lambda: path.open("rb"))


def read_at_most(stream: BufferedIOBase, limit: int) -> bytes:
    """Read up to `limit` bytes, taking memory for what comes and not for what is declared."""
    pieces = []
    while limit > 0 and (piece := stream.read(min(limit, _PIECE))):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


@contextmanager
def naming_broken_archive(place: str) -> Iterator[None]:
    """Turn what archive readers raise on broken files into an InputError that names `place`."""
    try:
        yield
    except _BROKEN_ARCHIVE as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{place} cannot be read: {reason}.") from error


def _iterate_folder(folder: Path) -> Iterator[Member]:
    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}.") from error

    for root, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            yield file_member(path, path.relative_to(folder).as_posix())


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
        raise InputError(f"{archive} has more members than the {MAXIMUM_MEMBERS} allowed.")


def _checked_place(archive: Path, name: str) -> str:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or "\0" in name:
        raise InputError(
            f"{archive} has a member named {name!r}; absolute names and '..' are not allowed."
        )
    return f"{archive}/{name}"


def _plain_name(name: str) -> str:
    return PurePosixPath(name).as_posix()
