"""One file to be read, wherever it lies: its name, its declared size and its content."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

from maxgain.errors import InputError

MAXIMUM_FILE_BYTES = 2**30
"""Most bytes of one file that are read: MNIST's largest has 47 MB."""

_PIECE = 2**20

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
    name
        Path below the folder or in the archive, with forward slashes.
    place
        Name with the folder or archive before it, for messages.
    size
        Declared size in bytes.
    open
        Opens the content; for a tar archive only before the next member is asked for.
    """

    name: str
    place: str
    size: int
    open: Callable[[], BufferedIOBase]

    def read(self, limit: int = MAXIMUM_FILE_BYTES) -> bytes:
        """Content.

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


def file_member(path: Path, name: str) -> Member:
    """File at `path` as a member called `name`.

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
