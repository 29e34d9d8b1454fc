"""Write files so that a final name never holds half a file."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maxgain.errors import InputError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.ENOTDIR: "a part of the path is not a folder",
}


@contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """Yield a temporary path beside `final`; rename it to `final` when the block succeeds.

    The folder is created where it is missing. The file is flushed to disk before the rename, so
    a crash leaves either the earlier file or the new one, never a part.

    Raises
    ------
    InputError
        The file cannot be written: disk full, read-only folder, no permission.
    """
    temporary: Path | None = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=final.parent, prefix=f".{final.name}.", suffix=final.suffix
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # Temporary files are private; results are as public as the user's umask says.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, final)
        temporary = None
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        raise InputError(f"{final} cannot be written: {_REASONS[error.errno]}.") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
