"""SHA-256 of contents and files."""

import hashlib
from pathlib import Path

from maxgain.errors import InputError


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(content: bytes) -> str:
    """SHA-256 of `content` in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def check_checksum(path: Path, checksum: str) -> None:
    """Compare the SHA-256 of a file with the given one, or its beginning.

    Raises
    ------
    InputError
        The file is missing or another.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not found.startswith(checksum):
        raise InputError(
            f"{path} has the SHA-256 {found[: max(len(checksum), 8)]}; it must be {checksum}."
        )


def digest_of(content: bytes, form: str) -> str:
    """Checksum of `content` by the algorithm of the checksum `form`, as "md5:..."."""
    algorithm = form.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()}"


def digest_of_file(path: Path, form: str) -> str:
    """Checksum of a file by the algorithm of the checksum `form`, as "md5:...".

    Raises
    ------
    InputError
        The file cannot be read.
    """
    algorithm = form.partition(":")[0]
    try:
        with path.open("rb") as file:
            return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
