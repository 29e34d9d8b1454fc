"""The files of a run: whole and of these settings, or not there."""

import json
from collections.abc import Mapping
from pathlib import Path

from maxgain.files.provenance import read_run_provenance

_RESULTS = ("snapshots.safetensors", "seconds.csv", "provenance.json", "history.csv")


def were_written_since(start: float, output: Path, settings: Mapping[str, object]) -> bool:
    """Whether all results are there, later than a time, and made with these settings."""
    files = [output / name for name in _RESULTS]
    if not all(file.is_file() and file.stat().st_mtime >= start for file in files):
        return False
    found = read_run_provenance(output / "provenance.json")["settings"]
    return bool(found == json.loads(json.dumps(settings)))


def remove_leftovers(output: Path) -> None:
    """Remove what a call that was killed while writing results left beside their final names."""
    # safetensors too writes to a file of its own first, in the same folder.
    for pattern in (*(f".{name}.*" for name in _RESULTS), ".tmp??????"):
        for leftover in output.glob(pattern):
            leftover.unlink(missing_ok=True)
