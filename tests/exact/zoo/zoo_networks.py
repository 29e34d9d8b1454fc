"""Small networks that the tests of the zoo share."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from maxgain.zoo.registry import RegistryRow
from tests.exact.zoo import matconvnet_files as mat

USER_MODULE = """
import torch
from maxgain.networks.scaling import ScaledInput

def build():
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 7, stride=4), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(), torch.nn.Linear(4, 5))
    return ScaledInput(network, (0.5,) * 3, (0.5,) * 3)

def number():
    return 3
"""


def tiny_network(path: Path, seed: int = 0) -> bytes:
    filters = np.random.default_rng(seed).normal(size=(5, 5, 3, 2)).astype(np.float32) / 1e4
    layer = {"type": "conv", "name": "fc", "weights": mat.cells(filters, np.zeros((1, 2)))}
    mat.save_simple(path, [layer], side=5, classes=2)
    return path.read_bytes()


def with_source(row: RegistryRow, source: str, checksum: str = "") -> RegistryRow:
    return replace(row, source=source, checksum=checksum)
