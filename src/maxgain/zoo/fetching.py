"""Gets the weights of one network; what fails is written down and stops no other network."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maxgain.files.checksums import check_checksum
from maxgain.files.download import download
from maxgain.registry import load_function
from maxgain.zoo.names import find_row
from maxgain.zoo.readers.registry import READERS
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


def fetch_weights(
    name: str, folder: Path, lock: Path, *, progress: bool = True, timeout: float = 30.0
) -> Path | None:
    """Download or unpack the weights of one network, unless they are there, and check them.

    Parameters
    ----------
    name
        As `maxgain.zoo.names` knows it.
    folder
        Where the file goes; a file there is checked, not downloaded again.
    lock, progress, timeout
        See `Transfer`.

    Returns
    -------
    The file; None where nothing is fetched.

    Raises
    ------
    InputError
        The network is not known, the file cannot be had, or it is not the right one.
    """
    row = find_row(name)
    reader = READERS.find(row.family)
    if not reader.fetch:
        return None
    fetch = load_function(reader.fetch, f"reader '{reader.name}'")
    path: Path | None = fetch(row, folder, Transfer(lock, progress, timeout))
    return path


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
