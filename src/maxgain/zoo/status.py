"""Whether a network's weights could be fetched and measured, written beside its table."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path


@dataclass(frozen=True)
class NetworkStatus:
    """Whether a network could be had, and if not, why."""

    name: str
    ok: bool
    reason: str = ""


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
