"""Networks whose real ImageNet weights installed packages carry, and their random controls."""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

from maxgain.errors import InputError
from maxgain.zoo.network import GivenInput, PretrainedNetwork
from maxgain.zoo.readers.state_dict import load_by_order, read_state_dict
from maxgain.zoo.readers.torchvision import as_pretrained
from maxgain.zoo.registry import RegistryRow

CONTROL_SEED = 0
"""Seed of the random weights of a control."""


def load_carried(row: RegistryRow, folder: Path, given: GivenInput) -> PretrainedNetwork:
    """Network with the weights of an installed package.

    Raises
    ------
    InputError
        The package is not installed, or its file is not the one of the registry.
    """
    path = carried_file(row)
    network = _build(row.name)
    load_by_order(network, read_state_dict(path, row.checksum), path)
    weights = "ImageNet weights carried by packages"
    return as_pretrained(row, network, given, weights)


def load_random_control(row: RegistryRow, folder: Path, given: GivenInput) -> PretrainedNetwork:
    """Architecture of a carried network with random weights of a fixed seed."""
    architecture = row.source.removeprefix("timm:")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(CONTROL_SEED)
        network = _build(architecture)
    weights = f"random weights (seed {CONTROL_SEED})"
    return as_pretrained(row, network, given, weights, random_weights=True)


def carried_file(row: RegistryRow) -> Path:
    """Weights file inside the installed package.

    Raises
    ------
    InputError
        The package is not installed or has no such file.
    """
    package = row.source.removeprefix("package:")
    specification = find_spec(package.replace("-", "_"))
    if specification is None or specification.origin is None:
        raise InputError(
            f"network '{row.name}' needs the package {package}, which is not installed; "
            "`pip install maxgain[weights]` installs it."
        )
    found = sorted(Path(specification.origin).parent.glob("models/*.pth"))
    if len(found) != 1:
        raise InputError(f"the package {package} has {len(found)} weights files; 1 is needed.")
    return found[0]


def _build(architecture: str) -> nn.Module:
    import timm  # slow to import, and torchvision's networks need none of it

    return timm.create_model(architecture, pretrained=False)
