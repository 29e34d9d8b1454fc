"""What a whole results folder was made from: its configuration, data, packages and devices."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from maxgain.config.protocol import Protocol
from maxgain.errors import InputError
from maxgain.files.provenance import read_provenance, read_run_provenance, write_provenance


def write_protocol_provenance(protocol: Protocol, runs: Path, output: Path) -> None:
    """Gather the provenance of all runs of a protocol into one file.

    Raises
    ------
    InputError
        A run has no provenance.
    """
    data: dict[str, object] = {}
    devices: set[str] = set()
    packages: set[str] = set()
    for name, run in sorted(protocol.runs().items()):
        made = read_run_provenance(runs / name / "provenance.json")
        settings = made["settings"]
        data[run.dataset] = {
            key: settings[key]
            for key in ("data", "stand_in", "source", "preprocessing", "checksums")
            if key in settings
        }
        devices.add(f"{made['device']} ({settings.get('cpu_capability', 'unknown')})")
        packages.add(json.dumps(settings.get("packages"), sort_keys=True))
    told = json.loads(protocol.model_dump_json(by_alias=True))
    _write(output, told, data, devices, packages, len(protocol.runs()))


def merge_provenances(parts: Sequence[Path], output: Path) -> None:
    """Write the provenance of tables that were gathered from several results folders.

    The protocol is that of the first part: of the whole, where parts of it were run one by one.

    Parameters
    ----------
    parts
        Files that `write_protocol_provenance` or this function wrote.

    Raises
    ------
    InputError
        A file is missing or another one, or two parts had different data of one name.
    """
    needed = ("protocol", "data", "devices", "packages_of_runs", "runs")
    settings = [
        read_provenance(part, "a protocol", "part of a study", needed)["settings"] for part in parts
    ]
    data: dict[str, Any] = {}
    for part, own in zip(parts, settings, strict=True):
        for name, made in own["data"].items():
            if data.setdefault(name, made) != made:
                raise InputError(
                    f"{part} has another data set '{name}' than {parts[0]} or a part after it; "
                    "allowed are parts of the same data."
                )
    devices = {device for own in settings for device in own["devices"]}
    packages = {json.dumps(x, sort_keys=True) for own in settings for x in own["packages_of_runs"]}
    runs = sum(own["runs"] for own in settings)
    _write(output, settings[0]["protocol"], data, devices, packages, runs)


def _write(
    output: Path,
    protocol: Mapping[str, Any],
    data: Mapping[str, object],
    devices: Collection[str],
    packages: Collection[str],
    runs: int,
) -> None:
    """Write the provenance of a protocol; packages are JSON texts, so that equal ones are one."""
    write_provenance(
        output,
        settings={
            "protocol": protocol,
            "data": data,
            "devices": sorted(devices),
            "packages_of_runs": [json.loads(text) for text in sorted(packages)],
            "runs": runs,
        },
        device=", ".join(sorted(devices)),
    )
