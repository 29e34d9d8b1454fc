"""Torchvision's networks: their rows, their files."""

import hashlib
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.zoo.names import find_row
from maxgain.zoo.network import GivenInput
from maxgain.zoo.readers.torchvision import (
    as_pretrained,
    build_torchvision,
    load_torchvision,
    read_torchvision_registry,
)
from maxgain.zoo.registry import RegistryRow, read_registry
from tests.exact.zoo.zoo_networks import with_source


def test_torchvisions_78_networks_are_read_without_network() -> None:
    rows = read_torchvision_registry()
    assert len(rows) == 78
    assert rows["alexnet"].top5_error == pytest.approx(20.934)
    assert rows["alexnet"].checksum == "7be5be79"
    assert all(0 < row.top5_error < 21 and len(row.checksum) >= 8 for row in rows.values())
    assert find_row("torchvision:alexnet") is find_row("alexnet")
    assert not set(rows) & set(read_registry())


@pytest.mark.parametrize("name", ["googlenet", "densenet121", "mnasnet0_5"])
def test_torchvision_files_are_loaded_by_name(name: str, tmp_path: Path) -> None:
    """Those whose files do not simply fit: further classifiers, old names, versions."""
    network = build_torchvision(name)
    state = network.state_dict()
    if name == "densenet121":
        for key in [key for key in state if "denselayer" in key]:
            old = key.replace(".norm1.", ".norm.1.").replace(".conv2.", ".conv.2.")
            state[old] = state.pop(key)
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    row = with_source(
        find_row(name), "weights.pth", hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    )
    loaded = load_torchvision(row, tmp_path, GivenInput())
    assert loaded.input_std == pytest.approx(float(find_std(row).mean()))
    assert loaded.precision == "float32"
    image = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        expected = network(image / find_std(row))
        found = loaded.network(255 * image)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="SHA-256"):
        load_torchvision(with_source(row, row.source, "00000000"), tmp_path, GivenInput())
    other = with_source(find_row("alexnet"), row.source, row.checksum)
    with pytest.raises(InputError, match="does not fit the network"):
        load_torchvision(other, tmp_path, GivenInput())


def find_std(row: RegistryRow) -> Tensor:
    assert row.scaling is not None
    return torch.tensor(row.scaling.std)[:, None, None]


def test_every_preprocessing_of_torchvision_is_understood() -> None:
    """Size, scaling and interpolation come from the weights' metadata, for all networks."""
    for name, row in read_torchvision_registry().items():
        network = as_pretrained(row, nn.Identity(), GivenInput())
        assert network.average_image.shape == row.shape, name
        assert network.interpolation in ("bilinear", "bicubic")
        assert len(network.class_names) == 1000
