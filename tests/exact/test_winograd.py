"""Winograd's convolution and the layers that may use it, against torch's own convolution."""

from contextlib import nullcontext
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.models import build_network, initialise
from maxgain.models.convolution import Convolution, fast_convolutions
from maxgain.models.winograd import MAXIMUM_KERNEL, winograd_conv2d

ROUNDING = 3e-5
"""Largest error of float32, relative to the norm: six times what is seen at 192 channels."""

SHAPES = {"lenet-mnist": (1, 28, 28), "lenet-cifar": (3, 32, 32), "nin": (3, 32, 32)}


def relative_error(found: Tensor, expected: Tensor) -> float:
    assert found.shape == expected.shape
    return float((found.double() - expected).norm() / expected.norm().clamp(min=1e-30))


@settings(deadline=None, max_examples=60)
@given(
    batch=st.integers(1, 9),
    channels=st.integers(1, 5),
    filters=st.integers(1, 5),
    kernel=st.integers(2, MAXIMUM_KERNEL),
    padding=st.integers(0, 3),
    height=st.integers(5, 19),
    width=st.integers(5, 19),
    has_bias=st.booleans(),
    is_channels_last=st.booleans(),
    seed=st.integers(0, 99),
)
def test_value_and_derivatives_are_those_of_the_convolution(
    batch: int,
    channels: int,
    filters: int,
    kernel: int,
    padding: int,
    height: int,
    width: int,
    has_bias: bool,
    is_channels_last: bool,
    seed: int,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(batch, channels, height, width, generator=generator)
    weight = torch.randn(filters, channels, kernel, kernel, generator=generator)
    bias = torch.randn(filters, generator=generator) if has_bias else None
    if is_channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    inputs = [x.requires_grad_() for x in (images, weight, bias) if x is not None]
    exact = [x.detach().double().requires_grad_() for x in inputs]

    result = winograd_conv2d(images, weight, bias, padding)
    expected = F.conv2d(*exact[:2], exact[2] if has_bias else None, padding=padding)
    assert result.is_contiguous(memory_format=torch.channels_last)
    assert relative_error(result.detach(), expected.detach()) < ROUNDING

    gradient = torch.randn(expected.shape, generator=generator)
    found = torch.autograd.grad(result, inputs, gradient)
    for one, other in zip(
        found, torch.autograd.grad(expected, exact, gradient.double()), strict=True
    ):
        assert relative_error(one, other) < ROUNDING


def test_wide_layer_rounds_little() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(20, 192, 7, 7, generator=generator)
    weight = torch.randn(192, 192, 5, 5, generator=generator) / 70
    expected = F.conv2d(images.double(), weight.double(), padding=2)
    assert relative_error(winograd_conv2d(images, weight, None, 2), expected) < 6e-6


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_one_derivative_alone(wanted: int) -> None:
    parts = [torch.randn(shape) for shape in ((3, 1, 9, 9), (2, 1, 5, 5), (2,))]
    parts[wanted].requires_grad_()
    found = torch.autograd.grad(winograd_conv2d(*parts, 2).square().sum(), parts[wanted])
    expected = torch.autograd.grad(F.conv2d(*parts, padding=2).square().sum(), parts[wanted])
    assert relative_error(found[0], expected[0].double()) < ROUNDING


def test_result_can_be_changed_in_place() -> None:
    images = torch.randn(2, 3, 8, 8, requires_grad=True)
    weight = torch.randn(4, 3, 5, 5, requires_grad=True)
    bias = torch.randn(4, requires_grad=True)
    parts = images, weight, bias
    found = torch.autograd.grad(winograd_conv2d(*parts, 2).relu_().square().sum(), parts)
    expected = torch.autograd.grad(F.conv2d(*parts, padding=2).relu().square().sum(), parts)
    for one, other in zip(found, expected, strict=True):
        assert relative_error(one, other.double()) < ROUNDING


def test_nothing_is_kept_where_no_derivative_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    save = torch.autograd.function.FunctionCtx.save_for_backward

    def count(context: Any, *tensors: Tensor) -> None:
        kept.append(len(tensors))
        save(context, *tensors)

    monkeypatch.setattr(torch.autograd.function.FunctionCtx, "save_for_backward", count)
    parts = [torch.randn(shape, requires_grad=True) for shape in ((3, 1, 9, 9), (2, 1, 5, 5), (2,))]
    images = parts[0].detach()
    winograd_conv2d(images, *parts[1:], 2)
    with torch.no_grad():
        winograd_conv2d(images, *parts[1:], 2)
    assert kept == [2, 1]  # The filters and the inputs of one part; the filters alone.


@pytest.mark.parametrize("kernel", [1, MAXIMUM_KERNEL + 1])
def test_filters_of_other_sizes_are_refused(kernel: int) -> None:
    weight = torch.zeros(1, 1, kernel, kernel)
    with pytest.raises(InputError, match=f"kernel is {kernel}; allowed are 2 to 5"):
        winograd_conv2d(torch.zeros(1, 1, 9, 9), weight, None, 0)


def test_nan_and_infinity_are_not_hidden() -> None:
    for value in (torch.nan, torch.inf):
        images = torch.zeros(1, 1, 8, 8)
        images[0, 0, 3, 3] = value
        result = winograd_conv2d(images, torch.ones(1, 1, 5, 5), None, 2)
        assert not result[0, 0, 3, 3].isfinite()


# --- layers and networks


def test_layer_is_torchs_own_until_it_is_told_otherwise() -> None:
    images = torch.randn(2, 3, 12, 12)
    for winograd in (False, True):
        layer = Convolution(3, 16, 5, padding=2, winograd=winograd)
        expected = F.conv2d(images, layer.weight, layer.bias, padding=2)
        assert torch.equal(layer(images), expected)
        pooled = layer.max_pooled(images, 3, stride=2, ceil_mode=True)
        assert torch.equal(pooled, F.max_pool2d(expected, 3, 2, ceil_mode=True))


@pytest.mark.parametrize(
    ("filters", "winograd"), [(16, False), (16, True), (20, False), (20, True)]
)
def test_fast_layer_pools_as_the_layer_does(filters: int, winograd: bool) -> None:
    torch.manual_seed(0)
    images = torch.randn(4, 3, 16, 16).contiguous(memory_format=torch.channels_last)
    layer = Convolution(3, filters, 5, padding=2, winograd=winograd)
    results = []
    for fast in (False, True):
        layer.fast = fast
        pooled = layer.max_pooled(images, 3, stride=2, ceil_mode=True)
        gradients = torch.autograd.grad(pooled.square().sum(), layer.parameters())
        results.append((pooled.detach(), *gradients))
    for found, expected in zip(results[1], results[0], strict=True):
        assert relative_error(found, expected.double()) < ROUNDING
    with torch.no_grad():
        assert torch.equal(layer.max_pooled(images, 3, stride=2, ceil_mode=True), results[1][0])


@pytest.mark.parametrize(
    ("name", "capacity"),
    [("lenet-mnist", 1), ("lenet-cifar", 0.25), ("lenet-cifar", 1), ("lenet-cifar", 4), ("nin", 1)],
)
def test_fast_network_is_the_same_function(name: str, capacity: float) -> None:
    """Logits and the derivatives by all parameters, of a network in channels-last order."""
    images = torch.randn(3, *SHAPES[name], generator=torch.Generator().manual_seed(1)) * 50
    results = []
    for fast in (False, True):
        network = build_network(name, SHAPES[name], 10, capacity)
        initialise(name, network, torch.Generator().manual_seed(0))
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.eval()
        with fast_convolutions(network) if fast else nullcontext():
            logits = network(images.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits, torch.arange(3))
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        results.append((logits.detach(), *gradients))
    for found, expected in zip(results[1], results[0], strict=True):
        assert relative_error(found, expected.double()) < ROUNDING


def test_fast_way_ends_with_its_context() -> None:
    network = nn.Sequential(Convolution(1, 2, 3), nn.Conv2d(2, 2, 3), nn.Flatten())

    def fail_inside() -> None:
        with fast_convolutions(network):
            assert network[0].fast
            network(torch.zeros(1, 3, 8, 8))

    with pytest.raises(RuntimeError, match="channels"):
        fail_inside()
    assert not network[0].fast
    assert not hasattr(network[1], "fast")
