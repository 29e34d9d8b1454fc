"""Write files so that a final name never holds half a file.

`atomicwrites` was weighed: its author has given it up (2022), and it does not say why a file cannot
be written.
"""

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maxgain.errors import InputError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is too large for the file system",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.ENOTDIR: "a part of the path is not a folder",
    errno.EEXIST: "a part of the path is not a folder",
    errno.EISDIR: "there is a folder of that name",
    errno.ENAMETOOLONG: "the name is too long",
}


@contextmanager
def atomic_path(final: Path, synced: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `final`; rename it to `final` when the block succeeds.

    The folder is created where it is missing. The file is flushed to disk before the rename, so
    a crash leaves either the earlier file or the new one, never a part.

    Parameters
    ----------
    synced
        Whether to wait for the disk. Without, a power cut may leave a part: for what has a checksum
        of its own and is soon made again.

    Raises
    ------
    InputError
        The file cannot be written: disk full, read-only folder, no permission.
    """
    temporary: Path | None = None
    try:
        with explained_errors(final):
            final.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(
                dir=final.parent, prefix=f".{final.name}.", suffix=final.suffix
            )
        os.close(handle)
        temporary = Path(name)
        with explained_errors(final, temporary):
            yield temporary
            # Temporary files are private; results are as public as the user's umask says.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            if synced:
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
            os.replace(temporary, final)
        temporary = None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def explained_errors(final: Path, temporary: Path | None = None) -> Iterator[None]:
    """Turn the system's refusal to write `final` into one sentence.

    Parameters
    ----------
    temporary
        The file that is written in its place; a refusal that names any other file is left alone.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    try:
        yield
    except Exception as error:
        number = _system_error_number(error)
        other = isinstance(error, OSError) and error.filename not in (None, str(temporary))
        if number not in _REASONS or (other and temporary is not None):
            raise
        raise InputError(f"{final} cannot be written: {_REASONS[number]}.") from error


def _system_error_number(error: Exception) -> int | None:
    if isinstance(error, OSError):
        return error.errno
    # Libraries written in Rust, such as safetensors, say it only in their text.
    said = re.search(r"\(os error (\d+)\)", str(error))
    return int(said[1]) if said else None
