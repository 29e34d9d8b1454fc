"""What a whole results folder was made from: its configuration, data, packages and devices."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maxgain.config.protocol import Protocol
from maxgain.errors import InputError
from maxgain.files.provenance import read_run_provenance, write_provenance


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
    write_provenance(
        output,
        settings={
            "protocol": json.loads(protocol.model_dump_json(by_alias=True)),
            "data": data,
            "devices": sorted(devices),
            "packages_of_runs": [json.loads(text) for text in sorted(packages)],
            "runs": len(protocol.runs()),
        },
        device=", ".join(sorted(devices)),
    )


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
    settings = [_protocol_settings(part) for part in parts]
    data: dict[str, Any] = {}
    for part, own in zip(parts, settings, strict=True):
        for name, made in own["data"].items():
            if data.setdefault(name, made) != made:
                raise InputError(
                    f"{part} has another data set '{name}' than {parts[0]} or a part after it; "
                    "allowed are parts of the same data."
                )
    devices = sorted({device for own in settings for device in own["devices"]})
    packages = {json.dumps(x, sort_keys=True) for own in settings for x in own["packages_of_runs"]}
    write_provenance(
        output,
        settings={
            "protocol": settings[0]["protocol"],
            "data": data,
            "devices": devices,
            "packages_of_runs": [json.loads(text) for text in sorted(packages)],
            "runs": sum(own["runs"] for own in settings),
        },
        device=", ".join(devices),
    )


def _protocol_settings(path: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["settings"]
        if missing := {"protocol", "data", "devices", "packages_of_runs", "runs"} - set(settings):
            raise KeyError(min(missing))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; every part of a study has one.") from error
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not the provenance of a protocol: {error}.") from error
    return settings
