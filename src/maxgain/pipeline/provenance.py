"""What a whole results folder was made from: its configuration, data, packages and devices."""

import json
from pathlib import Path

from maxgain.config.protocol import Protocol
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
