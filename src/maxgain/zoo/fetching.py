"""Downloads the weights of one network; what fails is written down and stops no other network."""

from pathlib import Path

from maxgain.files.checksums import check_checksum
from maxgain.files.download import download
from maxgain.zoo.lock import check_or_trust
from maxgain.zoo.names import find_row, is_user_network
from maxgain.zoo.readers.matconvnet.network import read_matconvnet
from maxgain.zoo.registry import RegistryRow


def fetch_weights(
    name: str, folder: Path, lock: Path, *, progress: bool = True, timeout: float = 30.0
) -> Path | None:
    """Download the weights of one network, unless they are there, and check them.

    Parameters
    ----------
    name
        Of the registry, of torchvision, or the user's.
    folder
        Where the file goes; a file there is checked, not downloaded again.
    lock
        Checksums of the files whose checksum nobody published; see `check_or_trust`.

    Returns
    -------
    The file; None where nothing is downloaded.

    Raises
    ------
    InputError
        The network is not known, the file cannot be had, or it is not the right one.
    """
    if is_user_network(name):
        if name.startswith("timm:"):
            from maxgain.zoo.readers.function import load_user_network

            load_user_network(name, folder)
        return None
    row = find_row(name)
    if row.family == "carried":
        from maxgain.zoo.readers.carried import carried_file

        check_checksum(carried_file(row), row.checksum)
        return None
    if row.family == "random-control":
        return None
    path = folder / row.file_name

    def verify(file: Path) -> None:
        _verify(file, row, lock)

    if path.exists():
        verify(path)
    else:
        download([row.source], path, verify, progress=progress, timeout=timeout)
    return path


def _verify(file: Path, row: RegistryRow, lock: Path) -> None:
    if row.checksum:
        check_checksum(file, row.checksum)
        return
    read_matconvnet(file)  # Never trust at first use what is not a network.
    check_or_trust(file, row.file_name, lock)
