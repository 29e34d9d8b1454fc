"""Downloads the weights of one network; what fails is written down and stops no other network."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from maxgain.atomic import atomic_path
from maxgain.download import download
from maxgain.errors import InputError
from maxgain.zoo.lock import check_or_trust
from maxgain.zoo.matconvnet import read_matconvnet
from maxgain.zoo.registry import RegistryRow, find_row, is_user_network
from maxgain.zoo.state_dict import check_checksum


@dataclass(frozen=True)
class NetworkStatus:
    """Whether a network could be had, and if not, why."""

    name: str
    ok: bool
    reason: str = ""


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
            from maxgain.zoo.user import load_user_network

            load_user_network(name, folder)
        return None
    row = find_row(name)
    if row.family == "carried":
        from maxgain.zoo.carried import carried_file

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


def write_status(path: Path, status: NetworkStatus) -> None:
    """Write a status as JSON."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(asdict(status), indent=2) + "\n")


def require_fetched(path: Path) -> None:
    """Raise InputError, with the reason of the download's failure, where there was one."""
    status = read_status(path)
    if not status.ok:
        raise InputError(status.reason)


def read_status(path: Path) -> NetworkStatus:
    """Status of a JSON file made by `write_status`.

    Raises
    ------
    InputError
        The file is missing or not such a file.
    """
    try:
        status = NetworkStatus(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not a network's status: {error}.") from error
    if not isinstance(status.name, str) or not isinstance(status.ok, bool):
        raise InputError(f"{path} is not a network's status.")
    return status
