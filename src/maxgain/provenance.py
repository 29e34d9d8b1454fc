"""What a result was made from: settings, checksums of inputs, package versions, device."""

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from maxgain.atomic import atomic_path

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
        "inputs": {name: checksum(file) for name, file in (inputs or {}).items()},
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


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
