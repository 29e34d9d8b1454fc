"""A true zero of the derivative, and zeros that only say that no gradient arrived."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.response.measure import input_gradient, measure
from maxgain.response.probes import impulse_image
from maxgain.response.snapshots import snapshot_gains
from tests.exact.response.response_networks import generator

IMAGE = impulse_image(1, 8, 8)


def make(channels: int = 1, classes: int = 4) -> nn.Sequential:
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.Flatten())
    return nn.Sequential(trunk, nn.Linear(144, classes))


class Changed(nn.Module):
    """A network whose forward pass is a function of the plain one and the image."""

    def __init__(self, forward: Callable[[nn.Sequential, Tensor], object], channels: int = 1):
        super().__init__()
        self.network = make(channels)
        self._forward = forward

    def forward(self, pixels: Tensor) -> object:
        return self._forward(self.network, pixels)


def _features_without_gradient(network: nn.Sequential, pixels: Tensor) -> Tensor:
    with torch.no_grad():
        features = network[0](pixels)
    return network[1](features)


def _features_of_inference(network: nn.Sequential, pixels: Tensor) -> Tensor:
    with torch.inference_mode():
        features = network[0](pixels)
    return network[1](features.clone())


LOST: dict[str, Callable[[nn.Sequential, Tensor], object]] = {
    "no_grad": lambda network, x: torch.no_grad()(network)(x),
    "inference_mode": lambda network, x: torch.inference_mode()(network)(x),
    "no_grad features": _features_without_gradient,
    "inference features": _features_of_inference,
    "detached": lambda network, x: network(x.detach()),
    "rounded": lambda network, x: network(x.round()),
    "coarsely rounded": lambda network, x: network((x / 64).round()),
    "signs": lambda network, x: network[1](network[0](x).sign()),
    "whole numbers": lambda network, x: network(x.long().float()),
}


@pytest.mark.parametrize("kind", LOST)
def test_lost_gradients_are_refused_and_no_death(kind: str) -> None:
    network = Changed(LOST[kind])
    with pytest.raises(InputError, match="no gradient arrives at the image, although the output"):
        measure(network, IMAGE, window=True)
    with pytest.raises(InputError, match="no gradient arrives at the image"):
        input_gradient(network, IMAGE, torch.ones(1, 4))
    stacked = {name: value[None] for name, value in network.state_dict().items()}
    with pytest.raises(InputError, match="no gradient arrives at the image"):
        snapshot_gains(network, stacked, IMAGE)


@pytest.mark.filterwarnings("ignore:.*torch.ao.quantization:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*quantize_dynamic")
def test_quantised_layers_are_refused() -> None:
    network = torch.ao.quantization.quantize_dynamic(make().eval(), {nn.Linear}, dtype=torch.qint8)
    with pytest.raises(InputError, match="is quantised or rounds"):
        measure(network, IMAGE)


def test_dead_channel_is_minus_infinity_and_the_others_are_measured() -> None:
    network, image = make(4), impulse_image(4, 8, 8)
    with torch.no_grad():
        network[0][0].weight[:, 3] = 0
    gain = measure(network, image, window=True).gain
    assert gain[:3].isfinite().all()
    assert float(gain[3]) == -math.inf
    stacked = {name: value[None] for name, value in network.state_dict().items()}
    torch.testing.assert_close(snapshot_gains(network, stacked, image)[0], gain)


def test_channel_that_is_detached_is_refused_by_name() -> None:
    def forward(network: nn.Sequential, x: Tensor) -> Tensor:
        return network(torch.cat([x[:, :2], x[:, 2:].detach()], 1))

    with pytest.raises(InputError, match=r"no gradient arrives at channel 2 of the image"):
        measure(Changed(forward, 3), impulse_image(3, 8, 8))


def test_dead_zone_of_a_live_network_is_a_true_zero() -> None:
    """A ReLU that the impulse does not reach, and that other images do."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 3))
    with torch.no_grad():
        network[1].weight.copy_(torch.rand(6, 64, generator=generator()))
        network[1].bias.fill_(-1000.0)
    assert not torch.equal(network(IMAGE[None]), network(torch.full((1, 1, 8, 8), 255.0)))
    assert measure(network, IMAGE).gain.tolist() == [-math.inf]


def test_equal_logits_have_no_log_odds_to_move() -> None:
    """The output depends on the image, the winning class's odds do not."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))

    class Twice(nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            return network(pixels).repeat(1, 2)

    assert measure(Twice(), IMAGE).gain.tolist() == [-math.inf]


def test_search_for_a_dependence_draws_no_global_random_numbers() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    nn.init.zeros_(network[1].weight)
    state = torch.get_rng_state()
    assert measure(network, IMAGE).gain.tolist() == [-math.inf]
    assert torch.equal(torch.get_rng_state(), state)


def _saturated() -> nn.Sequential:
    """A tanh whose derivative rounds to zero in float32 and not in float64."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.Tanh(), nn.Linear(3, 4))
    with torch.no_grad():
        network[1].weight.fill_(12 / 255)
        network[1].bias.zero_()
    return network


def _tiny() -> nn.Sequential:
    """Weights whose product float32 has no number for."""
    layers = [nn.Linear(64, 8), nn.Linear(8, 8), nn.Linear(8, 4)]
    for layer in layers:
        nn.init.normal_(layer.weight, std=1e-20, generator=generator())
        nn.init.zeros_(layer.bias)
    return nn.Sequential(nn.Flatten(), *layers)


@pytest.mark.parametrize("make_network", [_saturated, _tiny])
def test_underflow_of_float32_is_no_true_zero(make_network: Callable[[], nn.Sequential]) -> None:
    network = make_network()
    stacked = {name: value[None].clone() for name, value in network.state_dict().items()}
    found = measure(network, IMAGE)
    snapshots = snapshot_gains(network, stacked, IMAGE, window=False)
    expected = measure(network.double(), IMAGE)
    assert expected.gain.isfinite().all()
    assert found.gain.dtype == torch.float32
    torch.testing.assert_close(found.gain.double(), expected.gain, rtol=1e-6, atol=0)
    torch.testing.assert_close(snapshots[0].double(), expected.gain, rtol=1e-6, atol=0)


def test_channel_that_lives_elsewhere_does_not_speak_for_a_dead_one() -> None:
    """Channel 0 has a dead zone at the impulse, channel 1 has no weights at all."""

    class TwoChannels(nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            sums = pixels.sum((2, 3))
            first = (sums[:, 0] - 1e4).relu() + 0 * sums[:, 1]
            return torch.stack([first, 1.0 + 0 * first], 1)

    assert measure(TwoChannels(), impulse_image(2, 8, 8)).gain.tolist() == [-math.inf] * 2


def test_a_clamp_that_is_flat_at_both_ends_has_a_slope_between() -> None:
    class Clamped(nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            level = (10 * pixels.sum((1, 2, 3)) - 2400).clamp(-1, 1)
            return torch.stack([level, 0.5 * level], 1)

    assert measure(Clamped(), IMAGE).gain.tolist() == [-math.inf]
