"""Configurations of version 0.3 and before, read as what they mean today."""

import copy
from collections.abc import Mapping
from typing import Any

from maxgain.config.datasets import SIZES
from maxgain.config.yaml_text import as_yaml

_NETWORKS: dict[str, dict[str, str]] = {
    "lenet-mnist": {"from": "lenet-mnist", "label": "lenet"},
    "lenet": {"from": "lenet-cifar"},
    "nin": {"from": "nin"},
}
"""What the two words `lenet` and `nin` meant: LeNet was another network on MNIST."""

_PREPARATION = {
    "mnist": {"preprocessing": "mean-image"},
    "cifar10": {"preprocessing": "contrast-and-whitening", "augmentation": "batch-flip"},
}
"""What the part of a data set in the protocol, its name, decided."""


def translate(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Today's form of a configuration, and what was translated, as lines of YAML.

    Parameters
    ----------
    raw
        As YAML gives it, old, new or mixed: an old overlay lies on top of today's config.yaml.
    """
    new: dict[str, Any] = copy.deepcopy(dict(raw))
    notes: list[str] = []
    is_old = isinstance(new.get("data"), Mapping)
    if is_old:
        _translate_data(new, notes)
    experiments = new.get("experiments")
    for name, experiment in experiments.items() if isinstance(experiments, Mapping) else ():
        # Without `networks` an experiment trained LeNet; today it says so.
        if isinstance(experiment, dict) and (
            "fewer_epochs" in experiment or (is_old and "networks" not in experiment)
        ):
            _translate_experiment(name, experiment, notes)
    return new, notes


def _translate_data(new: dict[str, Any], notes: list[str]) -> None:
    data = new.pop("data")
    datasets = new.setdefault("datasets", {})
    whole = not datasets
    for name, old in data.items():
        section = datasets.setdefault(name, dict(_PREPARATION.get(name, {}) if whole else {}))
        if not isinstance(section, dict) or not isinstance(old, Mapping):
            datasets[name] = old
            continue
        section.update(old)
        if section.get("source", "embedded") == "embedded":
            # Sizes of the embedded data were a part of what other sources took over unseen.
            sizes = {key: section.pop(key) for key in SIZES if key in section}
            section["embedded"] = {**section.get("embedded", {}), **sizes}
        notes.append(f"datasets: {{{name}: {as_yaml(section)}}}")
    if whole and isinstance(new.get("experiments"), Mapping):
        new["networks"] = {**_NETWORKS, **new.get("networks", {})}
        notes.append(f"networks: {as_yaml(new['networks'])}")


def _translate_experiment(name: str, experiment: dict[str, Any], notes: list[str]) -> None:
    networks = experiment.get("networks") or ["lenet"]
    if not isinstance(networks, list):
        return
    if experiment.get("dataset") == "mnist":
        networks = ["lenet-mnist" if network == "lenet" else network for network in networks]
    if "capacities" in experiment:
        # An overlay's list of all capacities, on top of networks that have lists of their own.
        names = [network["name"] if isinstance(network, dict) else network for network in networks]
        networks = list(dict.fromkeys(names))
    fewer = experiment.pop("fewer_epochs", None)
    if isinstance(fewer, Mapping):
        networks = _with_fewer_epochs(networks, experiment.get("capacities") or [1], fewer)
    elif fewer is None:
        networks = _with_fewer_epochs(networks, experiment.get("capacities") or [1], {})
    experiment["networks"] = networks
    notes.append(f"experiments: {{{name}: {{networks: {as_yaml(networks)}}}}}")


def _with_fewer_epochs(
    networks: list[Any], capacities: list[Any], fewer: Mapping[Any, Any]
) -> list[Any]:
    """Networks with the exceptions `{nin: 4}` or `{lenet x4: 6}`, each said of its own network."""
    known: list[Any] = []
    found: set[str] = set()
    for network in networks:
        entry = dict(network) if isinstance(network, Mapping) else {"name": network}
        own = entry.pop("capacities", capacities)
        entry.pop("epochs", None)
        arms = {c: entry["name"] if c == 1 else f"{entry['name']} x{c}" for c in own}
        alike = [capacity for capacity, arm in arms.items() if arm not in fewer]
        if alike:
            known.append(_entry(entry, alike, capacities))
        for capacity, arm in arms.items():
            if arm in fewer:
                known.append(_entry({**entry, "epochs": fewer[arm]}, [capacity], capacities))
        found.update(arms.values())
    # What is not named stays where it is, to be refused with its own sentence.
    return known + [{"name": arm, "epochs": fewer[arm]} for arm in fewer if arm not in found]


def _entry(entry: dict[str, Any], own: list[Any], capacities: list[Any]) -> Any:
    """A network of an experiment, with its capacities where they are not the experiment's."""
    if own != capacities:
        entry = {**entry, "capacities": own}
    return entry["name"] if len(entry) == 1 else entry
