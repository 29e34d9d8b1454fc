"""What the results were made from, and the commands that make them again."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maxgain.errors import InputError
from maxgain.report.embedding import data_uri


@dataclass(frozen=True)
class DataView:
    """One data set: its name in the configuration, what it is, and facts such as checksums."""

    name: str
    label: str
    stand_in: bool
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class OriginView:
    """Provenance as the page shows it.

    Attributes
    ----------
    facts
        Name and value: protocol, devices, seeds, versions.
    commands
        What makes the results and this page again, one a line.
    configuration
        Address that holds the whole configuration, and its file's name.
    """

    facts: Sequence[tuple[str, str]]
    data: Sequence[DataView]
    commands: Sequence[str]
    configuration: tuple[str, str]
    text: str


def read_origin(path: Path, results: Path) -> OriginView:
    """Provenance of a results folder.

    Raises
    ------
    InputError
        The file cannot be read or is no provenance of a results folder.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return _view(json.loads(text), text, results)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is not the provenance of a results folder: {error}.") from error


def _view(made: Mapping[str, Any], text: str, results: Path) -> OriginView:
    settings = made["settings"]
    protocol = settings["protocol"]
    name = str(protocol.get("protocol", results.name))
    file = f"protocol-{results.name}.json"
    written = json.dumps(protocol, indent=2).encode("utf-8")
    packages = ", ".join(f"{key} {value}" for key, value in made.get("packages", {}).items())
    facts = [
        ("Protocol", name),
        ("Runs", str(settings.get("runs", "not recorded"))),
        ("Seeds", _seeds(protocol)),
        ("Devices", ", ".join(settings.get("devices", [])) or str(made.get("device"))),
        ("Packages", packages),
        ("Python", f"{made.get('python')} on {made.get('machine')}"),
    ]
    return OriginView(
        facts,
        [_data(str(key), value) for key, value in settings["data"].items()],
        [
            f"snakemake --cores all --configfile {shlex.quote(file)}",
            f"maxgain report {shlex.quote(f'results/{results.name}')}",
        ],
        (data_uri(written, "application/json"), file),
        text,
    )


def _seeds(protocol: Mapping[str, Any]) -> str:
    """Seeds of each experiment, experiments with the same ones together."""
    groups: dict[str, list[str]] = {}
    for name, experiment in protocol.get("experiments", {}).items():
        seeds = ", ".join(str(seed) for seed in experiment.get("seeds", []))
        groups.setdefault(seeds, []).append(str(name))
    if len(groups) == 1:
        return next(iter(groups)) or "not recorded"
    return "; ".join(f"{seeds} ({', '.join(names)})" for seeds, names in groups.items())


def _data(name: str, made: Mapping[str, Any]) -> DataView:
    facts = [
        (str(key), str(value))
        for key, value in made.items()
        if key not in ("data", "stand_in", "checksums")
    ]
    checksums = made.get("checksums", {}).items()
    facts += [(f"SHA-256 of {part}", str(value)) for part, value in checksums]
    return DataView(name, str(made.get("data", name)), bool(made.get("stand_in")), facts)
