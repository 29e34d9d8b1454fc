"""The training twin of a network: the same function of the same parameters, the fast way."""

import copy
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from maxgain.kernels.accelerate import accelerate
from maxgain.kernels.layers import RectifiedMaxPooledConvolution, WinogradConvolution
from maxgain.networks.recipes import initial_network
from maxgain.training.device import forward_precision

ROUNDING = 3e-5
"""Largest error of float32, relative to the norm: six times what is seen at 192 channels."""

SHAPES = {"lenet-mnist": (1, 28, 28), "lenet-cifar": (3, 32, 32), "nin": (3, 32, 32)}


def relative_error(found: Tensor, expected: Tensor) -> float:
    assert found.shape == expected.shape
    return float((found.double() - expected).norm() / expected.norm().clamp(min=1e-30))


def gradients(
    name: str, capacity: float, images: Tensor, *, fast: bool, precision: str
) -> list[Tensor]:
    """Logits and the derivatives by all parameters, of a network in channels-last order."""
    network = initial_network(name, SHAPES[name], 10, capacity, "recipe", 0)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trained = (accelerate(network) if fast else network).eval()
    with forward_precision(torch.device("cpu"), precision):
        logits = trained(images.contiguous(memory_format=torch.channels_last)).float()
    loss = F.cross_entropy(logits, torch.arange(len(images)) % 10)
    return [logits.detach(), *torch.autograd.grad(loss, list(network.parameters()))]


NETWORKS = [
    ("lenet-mnist", 1.0),
    ("lenet-cifar", 0.25),
    ("lenet-cifar", 1.0),
    ("lenet-cifar", 4.0),
    ("nin", 1.0),
]


@pytest.mark.parametrize(("name", "capacity"), NETWORKS)
def test_fast_network_is_the_same_function(name: str, capacity: float) -> None:
    images = torch.randn(3, *SHAPES[name], generator=torch.Generator().manual_seed(1)) * 50
    exact = gradients(name, capacity, images, fast=False, precision="fp32")
    found = gradients(name, capacity, images, fast=True, precision="fp32")
    for one, other in zip(found, exact, strict=True):
        assert relative_error(one, other.double()) < ROUNDING


@pytest.mark.parametrize(("name", "capacity"), NETWORKS)
def test_fast_network_is_no_coarser_in_bf16(name: str, capacity: float) -> None:
    images = torch.randn(20, *SHAPES[name], generator=torch.Generator().manual_seed(1)) * 50
    exact, plain, found = (
        gradients(name, capacity, images, fast=fast, precision=precision)
        for fast, precision in ((False, "fp32"), (False, "bf16"), (True, "bf16"))
    )
    errors = [
        [relative_error(one, other.double()) for one, other in zip(results, exact, strict=True)]
        for results in (plain, found)
    ]
    assert all(error > 1e-4 for error in errors[0])  # It was bf16.
    # On the average of many weights they are equal; rounded in bf16, Winograd's would be ten times.
    assert sum(errors[1]) < 2 * sum(errors[0])


# --- which layers are taken


def _layers(network: nn.Module) -> list[str]:
    return [type(module).__name__ for module in network.children()]


def test_layers_of_the_papers_networks() -> None:
    fused = {
        (name, capacity): {
            path: type(module).__name__
            for path, module in accelerate(
                initial_network(name, SHAPES[name], 10, capacity, "recipe", 0)
            ).named_modules()
            if isinstance(module, WinogradConvolution | RectifiedMaxPooledConvolution)
        }
        for name, capacity in NETWORKS
    }
    pooled, winograd = "RectifiedMaxPooledConvolution", "WinogradConvolution"
    wide = {"convolution1": pooled, "convolution2": winograd, "convolution3": winograd}
    assert fused == {
        ("lenet-mnist", 1.0): {"convolution2": winograd},
        ("lenet-cifar", 0.25): {"convolution1": pooled},
        ("lenet-cifar", 1.0): wide,
        ("lenet-cifar", 4.0): wide,
        ("nin", 1.0): {"convolution4": winograd},
    }


@pytest.mark.parametrize(
    "convolution",
    [
        nn.Conv2d(20, 20, 3),
        nn.Conv2d(20, 20, 5, stride=2),
        nn.Conv2d(20, 20, 5, dilation=2),
        nn.Conv2d(40, 40, 5, groups=2),
        nn.Conv2d(19, 20, 5),
        nn.Conv2d(20, 19, 5),
        nn.Conv2d(20, 20, 5, padding=(1, 2)),
        nn.Conv2d(20, 20, 5, padding=2, padding_mode="reflect"),
        nn.Conv2d(20, 20, 5).double(),
        nn.utils.parametrizations.weight_norm(nn.Conv2d(20, 20, 5)),
        nn.ConvTranspose2d(20, 20, 5),
    ],
)
def test_what_does_not_fit_stays(convolution: nn.Module) -> None:
    network = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(3))
    assert accelerate(network) is network


@pytest.mark.parametrize(
    "pooling",
    [
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 4),
        nn.MaxPool2d(3, (1, 2)),
        nn.MaxPool2d(3, padding=1),
        nn.MaxPool2d(3, dilation=2),
        nn.AvgPool2d(3),
    ],
)
def test_pooling_that_does_not_fit_stays(pooling: nn.Module) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), pooling, nn.ReLU())
    assert accelerate(network) is network


def test_layers_with_hooks_stay() -> None:
    network = nn.Sequential(nn.Conv2d(20, 20, 5), nn.ReLU())
    called = []
    network[0].register_forward_hook(lambda *_: called.append(1))
    assert accelerate(network) is network
    network = nn.Sequential(nn.Conv2d(20, 20, 5), nn.ReLU())
    network[1].register_forward_hook(lambda *_: called.append(1))
    twin = accelerate(network)
    assert _layers(twin) == ["WinogradConvolution", "ReLU"]
    twin(torch.zeros(1, 20, 5, 5))
    assert called == [1]


# --- a user's network


class Own(nn.Module):
    """A network of a user: a sequence inside, a lone convolution, buffers, one layer used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 20, 3, padding=1, bias=False),
            nn.MaxPool2d(3, (2, 2)),
            nn.ReLU(),
            nn.Sequential(nn.Conv2d(20, 24, 5, padding="same"), nn.ReLU()),
            nn.BatchNorm2d(24),
        )
        self.alone = nn.Conv2d(24, 24, 5, padding=2)
        self.absent = None
        self.register_module("nothing", None)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.linear = nn.Linear(24, 5)

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            self.steps = self.steps + 1  # Not in place: the twin's is the network's all the same.
        features = self.alone(self.body(images)).relu()
        features = features[:, : self.alone.out_channels]
        return self.linear(self.alone(features).mean((2, 3)))


def test_twin_of_a_users_network_is_the_same_function() -> None:
    torch.manual_seed(0)
    network = Own()
    reference, twin = copy.deepcopy(network), accelerate(network)
    assert isinstance(twin, Own)
    assert _layers(twin.body) == [
        *("RectifiedMaxPooledConvolution", "Identity", "Identity", "Sequential", "BatchNorm2d")
    ]
    assert _layers(twin.body[3]) == ["WinogradConvolution", "Identity"]
    assert isinstance(twin.alone, WinogradConvolution)
    images = torch.randn(4, 3, 16, 15)
    for mode in (True, False):
        results = []
        for module, owner in ((twin.train(mode), network), (reference.train(mode), reference)):
            logits = module(images)
            found = torch.autograd.grad(logits.square().sum(), list(owner.parameters()))
            results.append([logits.detach(), *found])
        for one, other in zip(*results, strict=True):
            assert relative_error(one, other.double()) < 10 * ROUNDING
    for name, value in reference.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], value, rtol=1e-4, atol=1e-6)
    assert int(network.steps) == 1


def test_twin_shares_everything_and_leaves_the_network_as_it_is() -> None:
    network = Own()
    modules = [type(module) for module in network.modules()]
    twin = accelerate(network)
    assert [type(module) for module in network.modules()] == modules
    assert list(twin.state_dict()) == list(network.state_dict())
    for one, other in zip(twin.parameters(), network.parameters(), strict=True):
        assert one is other
    for one, other in zip(twin.buffers(), network.buffers(), strict=True):
        assert one is other
    with torch.no_grad():
        network.alone.weight.zero_()
    assert not twin.alone.weight.any()
    assert accelerate(twin) is twin


def test_subclass_of_a_sequence_may_have_an_order_of_its_own() -> None:
    class Backwards(nn.Sequential):
        def forward(self, images: Tensor) -> Tensor:
            for module in reversed(self):
                images = module(images)
            return images

    network = Backwards(nn.Conv2d(20, 20, 5), nn.ReLU())
    twin = accelerate(network)
    assert _layers(twin) == ["WinogradConvolution", "ReLU"]
    images = torch.randn(2, 20, 9, 9)
    assert relative_error(twin(images).detach(), network(images).detach().double()) < ROUNDING


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(2, 2),
        lambda: nn.Sequential(),
        lambda: nn.TransformerEncoderLayer(8, 2, 8),
        lambda: torch.jit.script(nn.Sequential(nn.Linear(2, 2), nn.ReLU())),
    ],
)
def test_network_in_which_nothing_fits_is_its_own_twin(make: Callable[[], nn.Module]) -> None:
    network = make()
    assert accelerate(network) is network
