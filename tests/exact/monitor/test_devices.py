"""Networks that lie on several devices; the second one is made up, as machines may have one."""

import math

import pytest
import torch
from torch import Tensor, nn

import maxgain
from tests.exact.response.far_device import FAR, Far, move, second_device

SHAPE = (3, 12, 12)


class Split(nn.Module):
    """Two parts that may be on two devices."""

    def __init__(self, places: tuple[torch.device | None, torch.device | None]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Sequential(
            nn.Conv2d(3, 4, 5), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(), nn.Flatten()
        )
        self.last = nn.Linear(4 * 8 * 8, 10)
        self.places = places

    def forward(self, pixels: Tensor) -> Tensor:
        at_first, at_last = self.places
        features = self.first(pixels if at_first is None else pixels.to(at_first))
        logits: Tensor = self.last(features if at_last is None else features.to(at_last))
        return logits


def gains(network: nn.Module) -> list[float]:
    monitor = maxgain.GainMonitor(network, SHAPE, impulses=3)
    monitor.record()
    curves = monitor.curves()
    return [float(values[0]) for name, values in vars(curves).items() if name != "epochs"]


CPU = torch.device("cpu")


@pytest.mark.parametrize("far", ["last", "first", "both"])
def test_a_network_on_two_devices_has_the_gain_of_the_same_on_one(far: str) -> None:
    expected = gains(Split((None, None)))
    at_first, at_last = (FAR if far in (part, "both") else CPU for part in ("first", "last"))
    network = Split((at_first, at_last))
    for part in ("first", "last") if far == "both" else (far,):
        move(getattr(network, part))
    state = {name: value.clone() for name, value in network.state_dict().items()}
    with second_device():
        assert gains(network) == expected
    assert all(map(math.isfinite, expected))
    assert network.training
    for name, value in network.state_dict().items():
        before = state[name]
        assert isinstance(before, Far) == isinstance(value, Far)
        one, other = (x.values if isinstance(x, Far) else x for x in (before, value))
        assert torch.equal(one, other), name


def test_an_autocast_of_the_second_kind_of_device_is_off_too() -> None:
    expected = gains(Split((None, None)))
    network = Split((FAR, CPU))
    move(network.first)
    with second_device(), torch.autocast("cpu", torch.bfloat16):
        assert gains(network) == expected


def test_a_network_that_moves_nothing_is_named() -> None:
    network = Split((None, None))
    move(network.last)
    monitor = maxgain.GainMonitor(network, SHAPE)
    words = "lies on several devices and its forward pass does not move.*image came on cpu"
    with second_device(), pytest.raises(maxgain.InputError, match=words):
        monitor.record()


def test_offloaded_weights_without_values_are_named() -> None:
    network = Split((None, None))
    network.last.to("meta")
    with pytest.raises(maxgain.InputError, match=r"'last.weight' is a Parameter on meta without"):
        maxgain.GainMonitor(network, SHAPE).record()
