"""The lock file of weights: checksums learnt at a first download, enforced at every later one."""

from pathlib import Path

from filelock import FileLock

from maxgain.errors import InputError
from maxgain.files.checksums import sha256_of_file
from maxgain.files.csv import read_table, write_table

_COLUMNS = ("name", "sha256", "bytes")


def check_or_trust(path: Path, name: str, lock: Path) -> None:
    """Check a file against its entry in the lock file; without an entry, trust it and enter it.

    Jobs may do so at the same time.

    Parameters
    ----------
    path
        The file, whose content was already found to be sound.
    name
        Its name in the lock file.
    lock
        CSV file with the columns name, sha256, bytes; made where missing.

    Raises
    ------
    InputError
        The file is not the one that the lock file knows.
    """
    found = {"name": name, "sha256": sha256_of_file(path), "bytes": str(path.stat().st_size)}
    guard = path.parent / f".{lock.name}.guard"
    with FileLock(guard):
        rows = read_table(lock, _COLUMNS) if lock.exists() else []
        known = next((row for row in rows if row["name"] == name), None)
        if known is None:
            rows = sorted([*rows, found], key=lambda row: row["name"])
            write_table(lock, _COLUMNS, rows)
        elif known != found:
            raise InputError(
                f"{path.name} has the SHA-256 {found['sha256'][:16]}... and {found['bytes']} "
                f"bytes; {lock} says {known['sha256'][:16]}... and {known['bytes']} bytes."
            )
