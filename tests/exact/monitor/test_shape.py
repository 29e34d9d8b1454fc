"""The shape of the images that a network says it takes."""

from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from maxgain import GainMonitor, ScaledInput
from maxgain.errors import InputError
from maxgain.monitor.shape import image_shape


def network_with(**declared: Any) -> nn.Module:
    network = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    for name, value in declared.items():
        setattr(network, name, value)
    return network


@pytest.mark.parametrize(
    ("declared", "shape"),
    [
        ({"pretrained_cfg": {"input_size": (3, 224, 192)}}, (3, 224, 192)),
        ({"default_cfg": SimpleNamespace(input_size=(1, 32, 32))}, (1, 32, 32)),
        ({"config": SimpleNamespace(image_size=32, num_channels=1)}, (1, 32, 32)),
        ({"config": SimpleNamespace(image_size=[48, 32], num_channels=4)}, (4, 48, 32)),
        ({"config": {"image_size": {"height": 8, "width": 9}}}, (3, 8, 9)),
    ],
)
def test_declared_shapes_are_taken(declared: dict[str, Any], shape: tuple[int, int, int]) -> None:
    network = network_with(**declared)
    assert image_shape(network) == shape
    channels = shape[0]
    wrapped = ScaledInput(network, [0.0] * channels, [1.0] * channels)
    assert image_shape(wrapped) == shape
    assert image_shape(nn.DataParallel(wrapped)) == shape


def test_monitor_takes_the_declared_shape() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(2 * 6 * 5, 3))
    network.pretrained_cfg = {"input_size": (2, 6, 5)}
    monitor = GainMonitor(network)
    monitor.record()
    assert monitor.gains[0].shape == (2,)


@pytest.mark.parametrize(
    "declared",
    [{}, {"config": SimpleNamespace(hidden_size=8)}, {"pretrained_cfg": {"input_size": None}}],
)
def test_networks_that_declare_none_need_a_shape(declared: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"give shape=\(channels, height, width\)"):
        image_shape(network_with(**declared))
