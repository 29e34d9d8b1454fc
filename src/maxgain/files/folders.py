"""Walk through a folder as through an archive: links are followed, circles of them refused."""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from maxgain.errors import InputError

LeftOut = Callable[[PurePosixPath], bool]
"""Whether to pass over a folder, named by its path below the location, and all in it."""

_MAXIMUM_DEPTH = 100


def files_below(
    folder: Path,
    left_out: LeftOut,
    below: PurePosixPath = PurePosixPath(),  # noqa: B008 - immutable
    above: tuple[tuple[int, int], ...] = (),
) -> Iterator[PurePosixPath]:
    """Files of a folder before those of its folders, in order of name, links followed.

    `os.walk` was weighed: it leaves linked folders out, or follows a circle of links for ever.

    Parameters
    ----------
    left_out
        Tells which folders to pass over.
    below
        The place in `folder` to look at.
    above
        Device and number of the folders that it lies in, by whatever path it was reached.

    Raises
    ------
    InputError
        A folder cannot be read, or a link leads to a folder that it lies in.
    """
    place = folder / below
    try:
        status = place.stat()
        entries = sorted(place.iterdir(), key=lambda path: path.name)
        is_folder = [path.is_dir() for path in entries]
    except OSError as error:
        raise InputError(f"{place} cannot be read: {error.strerror}.") from error
    here = (status.st_dev, status.st_ino)
    if len(above) > _MAXIMUM_DEPTH:
        raise InputError(f"{place} lies deeper than the {_MAXIMUM_DEPTH} folders allowed.")
    if here in above:
        raise InputError(f"{place} is a link to a folder that it lies in; take the link away.")
    for path, is_one in zip(entries, is_folder, strict=True):
        if not is_one:
            yield below / path.name
    for path, is_one in zip(entries, is_folder, strict=True):
        if is_one and not left_out(below / path.name):
            yield from files_below(folder, left_out, below / path.name, (*above, here))
