"""Gets the weights of one network by the reader of its family."""

from pathlib import Path

from maxgain.registry import load_function
from maxgain.zoo.names import find_row
from maxgain.zoo.readers.registry import READERS
from maxgain.zoo.transfer import Transfer


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
