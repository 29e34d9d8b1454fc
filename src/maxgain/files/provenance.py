"""What a result was made from: settings, checksums of inputs, package versions, device."""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.files.checksums import sha256_of_file

_PACKAGES = ("maxgain", "torch", "torchvision", "timm", "numpy", "scipy", "pandas", "scikit-learn")


def write_provenance(
    path: Path,
    *,
    settings: Mapping[str, object],
    inputs: Mapping[str, Path] | None = None,
    device: str | None = None,
) -> None:
    """Write a JSON file that says what a result was made from.

    It holds no time and no absolute path, so that the same result has the same provenance.

    Parameters
    ----------
    settings
        Whatever decided the result; values that JSON knows.
    inputs
        Files that were read, by the name to record; their SHA-256 is recorded.
    device
        Name of the device that computed the result.
    """
    content = {
        "settings": dict(settings),
        "inputs": {name: sha256_of_file(file) for name, file in (inputs or {}).items()},
        "packages": installed_versions(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device": device,
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def installed_versions() -> dict[str, str]:
    """Versions of the packages that numbers depend on."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def read_run_provenance(path: Path) -> dict[str, Any]:
    """What a run was made from, as `maxgain pipeline train` wrote it.

    Raises
    ------
    InputError
        The file is missing or not the provenance of a run.
    """
    content = read_provenance(path, "a run", "run", ("data", "stand_in"))
    if "device" not in content:
        raise InputError(f"{path} is not the provenance of a run: it has no device.")
    return content


def read_provenance(path: Path, of: str, owner: str, settings: Sequence[str]) -> dict[str, Any]:
    """The content of a file of provenance whose settings have all of some keys.

    Parameters
    ----------
    of, owner
        What it is of and which things have one each, for the sentence of an error.

    Raises
    ------
    InputError
        The file is missing or another one.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if missing := set(settings) - content["settings"].keys():
            raise KeyError(min(missing))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; every {owner} has one.") from error
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not the provenance of {of}: {error}.") from error
    return content
