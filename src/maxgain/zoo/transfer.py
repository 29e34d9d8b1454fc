"""How a reader gets a file of weights: downloaded once, and verified whenever it is there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maxgain.errors import InputError
from maxgain.files.checksums import check_checksum
from maxgain.files.download import download
from maxgain.zoo.registry import RegistryRow


@dataclass(frozen=True)
class Transfer:
    """How weights are fetched.

    Attributes
    ----------
    lock
        Checksums of the files whose checksum nobody published; see `check_or_trust`.
    progress
        Whether to show a progress bar on the terminal.
    timeout
        Seconds that a server may stay silent.
    """

    lock: Path
    progress: bool = True
    timeout: float = 30.0


def download_weights(row: RegistryRow, folder: Path, transfer: Transfer) -> Path:
    """The file of a row that says its checksum, downloaded unless it is there."""
    return download_once(row, folder, transfer, lambda file: check_checksum(file, row.checksum))


def download_once(
    row: RegistryRow, folder: Path, transfer: Transfer, verify: Callable[[Path], None]
) -> Path:
    """The file of a row's source, downloaded unless it is there, and verified either way."""
    path = folder / row.file_name
    if path.exists():
        verify(path)
    else:
        download([row.source], path, verify, progress=transfer.progress, timeout=transfer.timeout)
    return path


def fetched_file(row: RegistryRow, folder: Path) -> Path:
    """The file of a row's weights in the folder they were fetched to.

    Raises
    ------
    InputError
        It is not there.
    """
    path = folder / row.file_name
    if not path.exists():
        raise InputError(
            f"{path}, the weights of '{row.name}', does not exist; `maxgain pipeline fetch-weights "
            f"{row.name}` downloads it."
        )
    return path
