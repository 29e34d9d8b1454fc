"""Architectures, initial values and learning-rate multipliers against the protocol's numbers."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.networks.building import build_network
from maxgain.networks.lenet import LeNetCIFAR, LeNetMNIST
from maxgain.networks.nin import NetworkInNetwork
from maxgain.networks.recipes import initialise, parameter_rates, weight_decay_of
from maxgain.networks.scaling import ScaledInput

Layer = nn.Conv2d | nn.Linear


def _layers(network: nn.Module) -> list[Layer]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def _record_outputs(network: nn.Module, images: Tensor) -> list[tuple[int, ...]]:
    """Shape of each layer's input, without the batch."""
    shapes: list[tuple[int, ...]] = []
    for layer in _layers(network):
        layer.register_forward_pre_hook(lambda _, inputs: shapes.append(tuple(inputs[0].shape[1:])))
    network.eval()(images)
    return shapes


# --- architectures


def test_lenet_of_mnist() -> None:
    network = LeNetMNIST()
    assert [tuple(layer.weight.shape) for layer in _layers(network)] == [
        (20, 1, 5, 5),
        (50, 20, 5, 5),
        (500, 50 * 4 * 4),
        (10, 500),
    ]
    # 20 (25 + 1) + 50 (500 + 1) + 500 (800 + 1) + 10 (500 + 1)
    assert sum(p.numel() for p in network.parameters()) == 431_080
    assert _record_outputs(network, torch.zeros(1, 1, 28, 28)) == [
        (1, 28, 28),
        (20, 12, 12),
        (800,),
        (500,),
    ]


@pytest.mark.parametrize(
    ("capacity", "narrow", "wide", "parameters"),
    [(1.0, 32, 64, 145_578), (0.25, 8, 16, 10_138), (4.0, 128, 256, 2_292_362)],
)
def test_lenet_of_cifar(capacity: float, narrow: int, wide: int, parameters: int) -> None:
    network = LeNetCIFAR(capacity=capacity)
    assert [tuple(layer.weight.shape) for layer in _layers(network)] == [
        (narrow, 3, 5, 5),
        (narrow, narrow, 5, 5),
        (wide, narrow, 5, 5),
        (wide, wide * 4 * 4),
        (10, wide),
    ]
    assert sum(p.numel() for p in network.parameters()) == (
        narrow * (75 + 1)
        + narrow * (25 * narrow + 1)
        + wide * (25 * narrow + 1)
        + wide * (16 * wide + 1)
        + 10 * (wide + 1)
    )
    assert _record_outputs(network, torch.zeros(1, 3, 32, 32)) == [
        (3, 32, 32),
        (narrow, 16, 16),
        (narrow, 8, 8),
        (wide * 4 * 4,),
        (wide,),
    ]


def test_network_in_network() -> None:
    network = NetworkInNetwork()
    assert [tuple(layer.weight.shape) for layer in _layers(network)] == [
        (192, 3, 5, 5),
        (160, 192, 1, 1),
        (96, 160, 1, 1),
        (192, 96, 5, 5),
        (192, 192, 1, 1),
        (192, 192, 1, 1),
        (192, 192, 3, 3),
        (192, 192, 1, 1),
        (10, 192, 1, 1),
    ]
    sizes = [shape[1:] for shape in _record_outputs(network, torch.zeros(1, 3, 32, 32))]
    assert sizes == [(32, 32)] * 3 + [(15, 15)] * 3 + [(7, 7)] * 3


# --- forward passes against loops over windows


def _pool(features: np.ndarray, average: bool) -> np.ndarray:
    """3 x 3 windows, stride 2, one row and column of padding at the bottom and right."""
    height, width = ((size - 2) // 2 + 1 for size in features.shape[1:])
    pooled = np.zeros((len(features), height, width))
    for row in range(height):
        for column in range(width):
            covered = features[:, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
            pooled[:, row, column] = covered.mean((1, 2)) if average else covered.max((1, 2))
    return pooled


def _convolve(features: np.ndarray, layer: nn.Conv2d) -> np.ndarray:
    weight = layer.weight.detach().double().numpy()
    assert layer.bias is not None
    reach = weight.shape[2] // 2 if layer.padding != (0, 0) else 0
    padded = np.pad(features, ((0, 0), (reach, reach), (reach, reach)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], (1, 2))
    return (
        np.einsum("chwij,ocij->ohw", windows, weight)
        + layer.bias.detach().double().numpy()[:, None, None]
    )


def _cover(features: np.ndarray, layer: nn.Linear) -> np.ndarray:
    """A convolution of the whole input; its weights are ordered by row, column and channel."""
    return _multiply(features.transpose(1, 2, 0), layer)


def _multiply(features: np.ndarray, layer: nn.Linear) -> np.ndarray:
    return (
        layer.weight.detach().double().numpy() @ features.ravel()
        + layer.bias.detach().double().numpy()
    )


def _randomise(network: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.1, generator=generator)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (17, 12)])
def test_lenet_of_cifar_agrees_with_a_naive_computation(
    height: int, width: int, memory_format: torch.memory_format
) -> None:
    network = LeNetCIFAR(3, height, width, capacity=0.25)
    _randomise(network, 1)
    network.to(memory_format=memory_format)  # type: ignore[call-overload]
    image = torch.randn(3, height, width, generator=torch.Generator().manual_seed(2))
    features = image.double().numpy()
    features = np.maximum(_pool(_convolve(features, network.convolution1), average=False), 0)
    features = _pool(np.maximum(_convolve(features, network.convolution2), 0), average=True)
    features = _pool(np.maximum(_convolve(features, network.convolution3), 0), average=True)
    features = np.maximum(_cover(features, network.convolution4), 0)
    logits = network(image[None].contiguous(memory_format=memory_format))
    np.testing.assert_allclose(
        logits[0].detach().numpy(), _multiply(features, network.convolution5), rtol=1e-4, atol=1e-5
    )


def test_lenet_of_mnist_agrees_with_a_naive_computation() -> None:
    def pool(features: np.ndarray) -> np.ndarray:
        channels, height, width = features.shape
        return features.reshape(channels, height // 2, 2, width // 2, 2).max((2, 4))

    network = LeNetMNIST()
    _randomise(network, 1)
    image = torch.randn(1, 28, 28, generator=torch.Generator().manual_seed(2))
    features = pool(_convolve(image.double().numpy(), network.convolution1))
    features = pool(_convolve(features, network.convolution2))
    features = np.maximum(_cover(features, network.convolution3), 0)
    np.testing.assert_allclose(
        network(image[None])[0].detach().numpy(),
        _multiply(features, network.convolution4),
        rtol=1e-4,
        atol=1e-4,
    )


def test_dropout_of_network_in_network_is_for_training_only() -> None:
    network = NetworkInNetwork(3, 16, 16)
    images = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert torch.equal(network.eval()(images), network(images))
    assert not torch.equal(network.train()(images), network(images))


# --- recipes


@pytest.mark.parametrize(
    ("name", "stds"),
    [
        ("lenet-mnist", [0.01] * 4),
        ("lenet-cifar", [0.01, 0.05, 0.05, 0.05, 0.05]),
        (
            "nin",
            [math.sqrt(2 / n) for n in (75, 192, 160, 2400, 192, 192, 1728, 192)]
            + [0.1 * math.sqrt(2 / 192)],
        ),
    ],
)
def test_initial_values(name: str, stds: list[float]) -> None:
    network = build_network(name, (1, 28, 28) if name == "lenet-mnist" else (3, 32, 32), 10)
    initialise(network, name, torch.Generator().manual_seed(0))
    for layer, std in zip(_layers(network), stds, strict=True):
        count = layer.weight.numel()
        weight = layer.weight.detach()
        assert float(weight.std()) == pytest.approx(std, rel=4 / math.sqrt(2 * count))
        assert abs(float(weight.mean())) < 5 * std / math.sqrt(count)
        assert layer.bias is not None
        assert (layer.bias == 0).all()


def test_initial_values_depend_on_the_generator_alone() -> None:
    first, second, other = (build_network("lenet-mnist", (1, 28, 28), 10) for _ in range(3))
    for network, seed in ((first, 3), (second, 3), (other, 4)):
        initialise(network, "lenet-mnist", torch.Generator().manual_seed(seed))
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


@pytest.mark.parametrize(
    ("name", "rates", "last_rates", "decay"),
    [
        ("lenet-mnist", (1, 1), (1, 1), 5e-4),
        ("lenet-cifar", (0.1, 2), (0.01, 0.2), 1e-4),
        ("nin", (1, 10), (0.001, 0.01), 5e-4),
    ],
)
def test_learning_rate_multipliers(
    name: str, rates: tuple[float, float], last_rates: tuple[float, float], decay: float
) -> None:
    network = build_network(name, (1, 28, 28) if name == "lenet-mnist" else (3, 32, 32), 10)
    found = {
        id(parameter): rate
        for rate, parameters in parameter_rates(network, name).items()
        for parameter in parameters
    }
    layers = _layers(network)
    assert len(found) == 2 * len(layers) == len(list(network.parameters()))
    for layer in layers:
        expected = last_rates if layer is layers[-1] else rates
        assert (found[id(layer.weight)], found[id(layer.bias)]) == expected
    assert weight_decay_of(name, None) == decay
    assert weight_decay_of(name, 0.5) == 0.5


# --- other images


@settings(max_examples=15, deadline=None)
@given(
    name=st.sampled_from(["lenet-mnist", "lenet-cifar", "nin", "resnet20"]),
    channels=st.integers(1, 4),
    height=st.integers(16, 30),
    width=st.integers(16, 30),
    classes=st.integers(1, 12),
)
def test_networks_adapt_to_images_and_classes(
    name: str, channels: int, height: int, width: int, classes: int
) -> None:
    network = build_network(name, (channels, height, width), classes)
    assert network(torch.zeros(2, channels, height, width)).shape == (2, classes)


@pytest.mark.parametrize(("name", "size"), [("lenet-mnist", 16), ("lenet-cifar", 8), ("nin", 7)])
def test_the_least_image_is_accepted_and_a_smaller_is_refused(name: str, size: int) -> None:
    network = build_network(name, (3, size, size + 1), 4)
    assert network(torch.zeros(1, 3, size, size + 1)).shape == (1, 4)
    with pytest.raises(InputError, match=f"{size - 1} x {size} pixels; .* {size} x {size}"):
        build_network(name, (3, size - 1, size), 4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("vgg", (3, 32, 32), 10),
            "network 'vgg' is not known; allowed are lenet-mnist, lenet-cifar, nin, resnet20 and "
            "package.module:function, timm:NAME, torchvision:NAME",
        ),
        (("nin", (3, 32, 32), 10, 0.25), "capacity is 0.25; the network 'nin' allows only 1"),
        (
            ("lenet-cifar", (3, 32, 32), 10, 0.01),
            "capacity is 0.01; .* takes 1/32 to 64",
        ),
        (
            ("lenet-cifar", (3, 32, 32), 10, -1.0),
            "capacity is -1; .* takes 1/32 to 64",
        ),
        (
            ("lenet-cifar", (3, 32, 32), 10, math.nan),
            "capacity is nan; .* takes 1/32 to 64",
        ),
        (("lenet-cifar", (3, 32, 32), 10, math.inf), "capacity is inf"),
        (("lenet-cifar", (0, 32, 32), 10), "channels is 0; .* at least 1"),
        (("nin", (3, 32, 32), 0), "classes is 0; .* at least 1"),
    ],
)
def test_what_no_network_can_be_is_refused(arguments: tuple, said: str) -> None:
    with pytest.raises(InputError, match=said):
        build_network(*arguments)


def test_least_capacity() -> None:
    assert [len(layer.weight) for layer in _layers(LeNetCIFAR(capacity=1 / 32))] == [1, 1, 2, 2, 10]


def test_scaling_follows_its_network_to_another_precision() -> None:
    network = ScaledInput(nn.Conv2d(3, 2, 1), [0.4, 0.5, 0.6], [0.2, 0.3, 0.4]).double()
    assert network(torch.rand(1, 3, 4, 4).double()).dtype == torch.float64
