"""The transfer function and the Maximum Gain against what analysis says of them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from maxgain.networks.scaling import ScaledInput
from maxgain.response.measure import input_gradient, measure
from maxgain.response.probes import impulse_image
from maxgain.toy.network import GaussianToy
from tests.exact.response.response_networks import (
    SHAPES,
    assert_close_where_not_tiny,
    decibels,
    generator,
    linear_network,
    paper_network,
)


@settings(max_examples=25, deadline=None)
@given(
    channels=st.integers(1, 4),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    seed=st.integers(0, 1000),
)
@example(channels=2, height=3, width=8, seed=78)
def test_linear_network_has_the_dft_of_its_weights(
    channels: int, height: int, width: int, seed: int
) -> None:
    weight = torch.randn(channels, height, width, generator=generator(seed))
    image = torch.randn(channels, height, width, generator=generator(seed + 1))
    projection = torch.tensor([[1.0, 0.0]])
    measured = measure(linear_network(weight), image, projection)
    amplitude = np.abs(np.fft.fft2(weight.double().numpy()))
    # 1e-4 dB are a relative 1.2e-5, which below 0.02 is two float32 roundings of the peak.
    large = amplitude > 0.02 * amplitude.max()
    np.testing.assert_allclose(
        measured.response.numpy()[large], decibels(amplitude[large]), rtol=0, atol=1e-4
    )
    np.testing.assert_allclose(
        measured.gain.numpy(), decibels(amplitude.max((1, 2))), rtol=0, atol=1e-4
    )
    assert measured.predicted_class is None
    assert measured.score is None


def test_gaussian_filter_has_its_own_low_pass_response() -> None:
    toy = GaussianToy()
    image = torch.full((1, 40, 30), 100.0)
    projection = torch.zeros(1, 1, 40, 30)
    projection[0, 0, 20, 15] = 1
    measured = measure(toy, image, projection)
    kernel = np.zeros((40, 30))
    kernel[17:24, 12:19] = toy.filter[0, 0].double().numpy()
    amplitude = np.abs(np.fft.fft2(kernel))[None]
    assert_close_where_not_tiny(measured.response, amplitude)
    assert measured.response[0, 0, 0] == pytest.approx(0, abs=1e-4)
    assert int(measured.response.flatten().argmax()) == 0


def test_place_of_the_projection_does_not_change_the_response() -> None:
    image = torch.full((1, 40, 30), 100.0)
    responses = []
    for row, column in ((20, 15), (8, 9), (30, 21)):
        projection = torch.zeros(1, 40, 30)
        projection[0, row, column] = 1
        responses.append(measure(GaussianToy(), image, projection).response)
    large = responses[0] > -40  # dB: below, rounding in float32 shows.
    for response in responses[1:]:
        torch.testing.assert_close(response[large], responses[0][large], rtol=0, atol=1e-4)


@pytest.mark.parametrize("scale", [1 / 255, 0.5, 3.0])
def test_scaled_input_shifts_the_gain(scale: float) -> None:
    class Scaled(nn.Module):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: Tensor) -> Tensor:
            return self.network(pixels * scale)

    network = linear_network(torch.randn(1, 6, 6, generator=generator()))
    image = torch.randn(1, 6, 6, generator=generator(1))
    projection = torch.tensor([1.0, -1.0])
    shift = (
        measure(Scaled(network), image, projection).gain - measure(network, image, projection).gain
    )
    assert float(shift) == pytest.approx(20 * math.log10(scale), abs=1e-4)


def test_scaling_module_is_part_of_the_network() -> None:
    weight = torch.randn(3, 6, 6, generator=generator())
    image = 255 * torch.rand(3, 6, 6, generator=generator(1))
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.25, 0.5]
    network = linear_network(weight)
    inner = (image / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    scaled, plain = measure(ScaledInput(network, mean, std), image), measure(network, inner)
    assert scaled.score == pytest.approx(plain.score, rel=1e-5)
    shift = (scaled.gain - plain.gain).numpy()
    np.testing.assert_allclose(shift, [-20 * math.log10(255 * s) for s in std], atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 4, 3, 5), (4, 3, 5)])
def test_tensor_projection_of_both_shapes(shape: tuple[int, ...]) -> None:
    convolution = nn.Conv2d(2, 4, 3)
    image = torch.randn(2, 5, 7, generator=generator())
    projection = torch.randn(4, 3, 5, generator=generator(1))
    expected = nn.functional.conv_transpose2d(projection[None], convolution.weight)[0]
    measured = input_gradient(convolution, image, projection.reshape(shape))
    torch.testing.assert_close(measured, expected.detach(), rtol=1e-4, atol=1e-5)


def test_whole_numbers_project_too() -> None:
    convolution = nn.Conv2d(1, 1, 3)
    ones = torch.ones(1, 1, 4, 4)
    image = torch.zeros(1, 6, 6)
    torch.testing.assert_close(
        input_gradient(convolution, image, ones.long()), input_gradient(convolution, image, ones)
    )


def test_dead_network_has_minus_infinity() -> None:
    network = paper_network("lenet-cifar")
    with torch.no_grad():
        network.convolution4.bias.fill_(-1e6)  # type: ignore[union-attr, operator]
    measured = measure(network, impulse_image(3, 32, 32), window=True)
    assert measured.gain.tolist() == [-math.inf] * 3
    assert (measured.gradient == 0).all()


def test_output_that_ignores_the_image_has_minus_infinity() -> None:
    class Constant(nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            return torch.ones(1, 2, requires_grad=True)

    assert float(measure(Constant(), torch.ones(1, 3, 3)).gain) == -math.inf


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", SHAPES)
def test_diverged_network_has_nan(name: str, value: float) -> None:
    network = paper_network(name)
    next(network.parameters()).data[0, 0, 0, 0] = value
    assert measure(network, impulse_image(*SHAPES[name])).gain.isnan().all()


def test_weight_that_a_relu_hides_still_counts_as_diverged() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    network.register_parameter("unused", nn.Parameter(torch.tensor([math.nan])))
    assert measure(network, torch.zeros(1, 2, 2)).gain.isnan().all()


def test_overflow_of_finite_weights_is_nan() -> None:
    network = paper_network("lenet-cifar", gain=1e12)
    assert measure(network, impulse_image(3, 32, 32)).gain.isnan().all()


@pytest.mark.parametrize("shape", [(4, 6, 6), (1, 7, 5), (2, 3, 16), (1, 1, 9)])
def test_any_channels_and_shapes_are_measured(shape: tuple[int, int, int]) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), 3))
    measured = measure(network, impulse_image(*shape), window=min(shape[1:]) > 2)
    assert measured.response.shape == shape
    assert measured.gain.isfinite().all()
