"""Torchvision's classification networks with their IMAGENET1K_V1 weights.

Errors, scaling and checksums come from the metadata that torchvision carries, without network.
None of these networks uses torchvision's compiled operators.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torchvision.models
from torch import Tensor, nn

from maxgain.zoo.network import GivenInput, PretrainedNetwork, pretrained_of_row
from maxgain.zoo.readers.state_dict import load_by_name, read_state_dict
from maxgain.zoo.registry import Interpolation, RegistryRow, Scaling
from maxgain.zoo.transfer import fetched_file

_WEIGHTS = "IMAGENET1K_V1"


_BUILD_OPTIONS: dict[str, dict[str, bool]] = {
    "googlenet": {"transform_input": True, "aux_logits": True, "init_weights": False},
    "inception_v3": {"transform_input": True, "aux_logits": True, "init_weights": False},
}
"""Arguments under which a network has the layers of its weights file."""


_OLD_DENSENET_NAME = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$")
"""DenseNet's files name the parts of a layer "norm.1" where the code now says "norm1"."""


@cache
def read_torchvision_registry() -> dict[str, RegistryRow]:
    """Row of every network with IMAGENET1K_V1 weights, by name."""
    rows = {}
    for name in torchvision.models.list_models(module=torchvision.models):
        entries = torchvision.models.get_model_weights(name).__members__
        if _WEIGHTS in entries:
            rows[name] = _row(name, entries[_WEIGHTS].value)
    return rows


@cache
def imagenet_class_names() -> tuple[str, ...]:
    """Names of the 1,000 ImageNet classes, in the order that torchvision and timm share."""
    return tuple(torchvision.models.AlexNet_Weights.IMAGENET1K_V1.meta["categories"])


def load_torchvision(row: RegistryRow, folder: Path, given: GivenInput) -> PretrainedNetwork:
    """Network with the weights of a file that was downloaded from the row's source.

    Raises
    ------
    InputError
        The file is missing, damaged, or not of that network.
    """
    path = fetched_file(row, folder)
    with torch.device("meta"):  # drawing random weights would take longer than reading the file
        network = build_torchvision(row.name)
    state = read_state_dict(path, row.checksum)
    _bring_names_up_to_date(state)
    load_by_name(network, state, path)
    return as_pretrained(row, network, given)


def build_torchvision(name: str) -> nn.Module:
    """Architecture with random weights, such that the published weights fit."""
    options = _BUILD_OPTIONS.get(name, {})
    network: nn.Module = torchvision.models.get_model(name, weights=None, **options)
    return network.eval()


def as_pretrained(row: RegistryRow, network: nn.Module, given: GivenInput) -> PretrainedNetwork:
    """Network with the scaling, size and class names that belong to its weights."""
    shape = given.shape_or(row.shape)
    assert row.scaling is not None
    assert shape is not None
    return pretrained_of_row(
        row,
        network,
        row.scaling,
        shape,
        class_names=imagenet_class_names(),
        weights=f"torchvision {_WEIGHTS}",
    )


def _row(name: str, weights: Any) -> RegistryRow:
    metrics = weights.meta["_metrics"]["ImageNet-1K"]
    transforms = weights.transforms()
    checksum = re.search(r"-([0-9a-f]{8,})\.pth$", weights.url)
    assert checksum is not None, weights.url
    return RegistryRow(
        name=name,
        family="torchvision",
        source=weights.url,
        checksum=checksum[1],
        shape=(3, transforms.crop_size[0], transforms.crop_size[0]),
        scaling=Scaling(tuple(transforms.mean), tuple(transforms.std)),
        crop=transforms.crop_size[0] / transforms.resize_size[0],
        interpolation=_interpolation(transforms.interpolation.value),
        top1_error=round(100 - metrics["acc@1"], 3),
        top5_error=round(100 - metrics["acc@5"], 3),
        precision="float32",
        error_source=f"torchvision {torchvision.__version__.split('+')[0]}, metadata of {_WEIGHTS}",
    )


def _interpolation(name: str) -> Interpolation:
    return "bicubic" if name == "bicubic" else "bilinear"


def _bring_names_up_to_date(state: dict[str, Tensor]) -> None:
    for name in list(state):
        if match := _OLD_DENSENET_NAME.match(name):
            state[match[1] + match[2]] = state.pop(name)
