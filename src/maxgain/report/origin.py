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
    """Seeds of each experiment that was run, experiments with the same ones together."""
    groups: dict[str, list[str]] = {}
    for name, experiment in protocol.get("experiments", {}).items():
        seeds = _seeds_of(_in_force(experiment, protocol))
        if seeds:
            groups.setdefault(seeds, []).append(str(name))
    if len(groups) < 2:
        return next(iter(groups), "not recorded")
    return "; ".join(f"{seeds} ({', '.join(names)})" for seeds, names in groups.items())


def _in_force(experiment: Mapping[str, Any], protocol: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings of an experiment with what it does otherwise on embedded data, where it has them."""
    dataset = protocol.get("datasets", {}).get(experiment.get("dataset"), {})
    changes = experiment.get("embedded", {}) if dataset.get("source") == "embedded" else {}
    return {**experiment, **{key: value for key, value in changes.items() if value is not None}}


def _seeds_of(experiment: Mapping[str, Any]) -> str:
    texts = [_shorten(experiment.get("seeds", []))]
    for more in experiment.get("more_seeds", []) if texts[0] else []:
        texts.append(f"at x{more['rate_factor']} {_shorten(more['seeds'])} too")
    return ", ".join(texts)


def _shorten(seeds: Sequence[int]) -> str:
    """Seeds as text, three or more in a row as "0-4"."""
    rows: list[list[int]] = []
    for seed in seeds:
        if rows and seed == rows[-1][-1] + 1:
            rows[-1].append(seed)
        else:
            rows.append([seed])
    texts = (f"{row[0]}-{row[-1]}" if len(row) > 2 else ", ".join(map(str, row)) for row in rows)
    return ", ".join(texts)


def _data(name: str, made: Mapping[str, Any]) -> DataView:
    facts = [
        (str(key), str(value))
        for key, value in made.items()
        if key not in ("data", "stand_in", "checksums")
    ]
    checksums = made.get("checksums", {}).items()
    facts += [(f"SHA-256 of {part}", str(value)) for part, value in checksums]
    return DataView(name, str(made.get("data", name)), bool(made.get("stand_in")), facts)
