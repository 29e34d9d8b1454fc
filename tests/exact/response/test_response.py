"""The transfer function and the Maximum Gain against what analysis says of them."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.networks.building import build_network
from maxgain.networks.recipes import initialise
from maxgain.networks.scaling import ScaledInput
from maxgain.response.measure import input_gradient, measure
from maxgain.response.probes import impulse_image, raw_impulse_image
from maxgain.response.snapshots import snapshot_gains
from maxgain.response.spectrum import frequency_response, hann_window, maximum_gain
from maxgain.toy.network import GaussianToy

SHAPES = {"lenet-mnist": (1, 28, 28), "lenet-cifar": (3, 32, 32), "nin": (3, 32, 32)}


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _linear_network(weight: Tensor) -> nn.Sequential:
    """Two logits whose difference is the sum of weight times image."""
    linear = nn.Linear(weight.numel(), 2, bias=True)
    with torch.no_grad():
        linear.weight[0] = weight.flatten()
        linear.weight[1] = 0
        linear.bias[:] = torch.tensor([0.3, 0.0])
    return nn.Sequential(nn.Flatten(), linear)


def _network(name: str, seed: int = 0, gain: float = 1.0) -> nn.Module:
    network = build_network(name, SHAPES[name], 10)
    initialise(network, name, _generator(seed))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter *= gain
    return network


def _decibels(amplitude: np.ndarray) -> np.ndarray:
    return 20 * np.log10(amplitude)


def _assert_close_where_not_tiny(response: Tensor, amplitude: np.ndarray) -> None:
    large = amplitude > 1e-3 * amplitude.max()
    assert large.mean() > 0.2
    np.testing.assert_allclose(
        response.numpy()[large], _decibels(amplitude[large]), rtol=0, atol=1e-4
    )


# --- linear networks and filters, whose response is known


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
    weight = torch.randn(channels, height, width, generator=_generator(seed))
    image = torch.randn(channels, height, width, generator=_generator(seed + 1))
    projection = torch.tensor([[1.0, 0.0]])
    measured = measure(_linear_network(weight), image, projection)
    amplitude = np.abs(np.fft.fft2(weight.double().numpy()))
    # 1e-4 dB are a relative 1.2e-5, which below 0.02 is two float32 roundings of the peak.
    large = amplitude > 0.02 * amplitude.max()
    np.testing.assert_allclose(
        measured.response.numpy()[large], _decibels(amplitude[large]), rtol=0, atol=1e-4
    )
    np.testing.assert_allclose(
        measured.gain.numpy(), _decibels(amplitude.max((1, 2))), rtol=0, atol=1e-4
    )
    assert measured.predicted_class is None
    assert measured.score is None


def test_window_multiplies_the_gradient_before_the_transform() -> None:
    weight = torch.randn(2, 9, 14, generator=_generator())
    measured = measure(_linear_network(weight), torch.zeros(2, 9, 14), torch.ones(2), window=True)
    windowed = weight.double().numpy() * np.outer(np.hanning(9), np.hanning(14))
    _assert_close_where_not_tiny(measured.response, np.abs(np.fft.fft2(windowed)))
    torch.testing.assert_close(measured.gradient, weight)


def test_hann_window_is_symmetric() -> None:
    window = hann_window(28, 33).numpy()
    np.testing.assert_allclose(window, np.outer(np.hanning(28), np.hanning(33)), atol=1e-12)


def test_gaussian_filter_has_its_own_low_pass_response() -> None:
    toy = GaussianToy()
    image = torch.full((1, 40, 30), 100.0)
    projection = torch.zeros(1, 1, 40, 30)
    projection[0, 0, 20, 15] = 1
    measured = measure(toy, image, projection)
    kernel = np.zeros((40, 30))
    kernel[17:24, 12:19] = toy.filter[0, 0].double().numpy()
    amplitude = np.abs(np.fft.fft2(kernel))[None]
    _assert_close_where_not_tiny(measured.response, amplitude)
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


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(-9, 9), columns=st.integers(-9, 9), seed=st.integers(0, 100))
def test_circular_shift_does_not_change_the_response(rows: int, columns: int, seed: int) -> None:
    gradient = torch.randn(2, 8, 9, generator=_generator(seed))
    torch.testing.assert_close(
        frequency_response(gradient.roll((rows, columns), (1, 2))),
        frequency_response(gradient),
        rtol=0,
        atol=2e-3,
    )


@settings(max_examples=20, deadline=None)
@given(height=st.integers(1, 16), width=st.integers(1, 16), seed=st.integers(0, 100))
def test_parseval(height: int, width: int, seed: int) -> None:
    gradient = torch.randn(3, height, width, generator=_generator(seed), dtype=torch.float64)
    power = 10 ** (frequency_response(gradient) / 10)
    torch.testing.assert_close(
        power.sum((1, 2)) / (height * width), gradient.square().sum((1, 2)), rtol=1e-9, atol=0
    )


# --- scaling and projections


@pytest.mark.parametrize("scale", [1 / 255, 0.5, 3.0])
def test_scaled_input_shifts_the_gain(scale: float) -> None:
    class Scaled(nn.Module):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: Tensor) -> Tensor:
            return self.network(pixels * scale)

    network = _linear_network(torch.randn(1, 6, 6, generator=_generator()))
    image = torch.randn(1, 6, 6, generator=_generator(1))
    projection = torch.tensor([1.0, -1.0])
    shift = (
        measure(Scaled(network), image, projection).gain - measure(network, image, projection).gain
    )
    assert float(shift) == pytest.approx(20 * math.log10(scale), abs=1e-4)


def test_scaling_module_is_part_of_the_network() -> None:
    weight = torch.randn(3, 6, 6, generator=_generator())
    image = 255 * torch.rand(3, 6, 6, generator=_generator(1))
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.25, 0.5]
    network = _linear_network(weight)
    inner = (image / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    scaled, plain = measure(ScaledInput(network, mean, std), image), measure(network, inner)
    assert scaled.score == pytest.approx(plain.score, rel=1e-5)
    shift = (scaled.gain - plain.gain).numpy()
    np.testing.assert_allclose(shift, [-20 * math.log10(255 * s) for s in std], atol=1e-3)


@pytest.mark.parametrize("name", SHAPES)
def test_score_projection_is_the_other_times_score_squared(name: str) -> None:
    network, image = _network(name, gain=1.5), impulse_image(*SHAPES[name])
    inverse, score = measure(network, image), measure(network, image, "score")
    assert inverse.score is not None
    assert score.score == inverse.score
    torch.testing.assert_close(
        score.gradient / score.gradient.abs().max(),
        inverse.gradient / inverse.gradient.abs().max(),
        rtol=0,
        atol=1e-6,
    )
    np.testing.assert_allclose(
        (score.gain - inverse.gain).numpy(), 40 * math.log10(inverse.score), atol=1e-3
    )


@pytest.mark.parametrize("projection", ["inverse-score", "score"])
def test_projection_is_autograd_with_the_score_held_fixed(projection: str) -> None:
    network = _linear_network(torch.randn(1, 5, 5, generator=_generator()) / 5).double()
    image = torch.randn(1, 5, 5, generator=_generator(1), dtype=torch.float64)
    pixels = image.clone().requires_grad_()
    outputs = network(pixels[None]).softmax(1)[0]
    winner = outputs.argmax()
    score = outputs[winner].detach()
    factor = score if projection == "score" else 1 / score
    (expected,) = torch.autograd.grad(factor * outputs[winner], pixels)
    measured = measure(network, image, projection)  # type: ignore[arg-type]
    torch.testing.assert_close(measured.gradient, expected, rtol=1e-10, atol=0)
    assert measured.predicted_class == int(winner)
    assert measured.score == pytest.approx(float(score))


@pytest.mark.parametrize("gap", [0.1, 5.0, 12.0, 16.0, 30.0, 70.0])
def test_saturated_softmax_keeps_its_derivative(gap: float) -> None:
    """At 16 the score is 1 to float32; the derivative must not be its rounding error."""
    weight = torch.randn(3, 4, 4, generator=_generator())
    linear = nn.Linear(48, 3)
    with torch.no_grad():
        linear.weight.copy_(torch.randn(3, 48, generator=_generator(2)))
        linear.bias.copy_(torch.tensor([gap, 0.0, -0.5]))
    network = nn.Sequential(nn.Flatten(), linear)
    image = torch.zeros_like(weight)
    single = measure(network, image)
    double = measure(network.double(), image.double())
    expected = torch.autograd.functional.jacobian(
        lambda x: network(x[None]).log_softmax(1).max(), image.double()
    )
    torch.testing.assert_close(single.gradient.double(), double.gradient, rtol=1e-3, atol=0)
    if gap < 16:
        torch.testing.assert_close(double.gradient, expected, rtol=1e-7, atol=0)
    torch.testing.assert_close(single.gain.double(), double.gain, rtol=0, atol=1e-3)
    assert single.gain.isfinite().all()


def test_extreme_logits_give_no_nan() -> None:
    linear = nn.Linear(4, 2)
    with torch.no_grad():
        linear.bias.copy_(torch.tensor([1e30, 0.0]))
    measured = measure(nn.Sequential(nn.Flatten(), linear), torch.zeros(1, 2, 2))
    assert not measured.gain.isnan().any()
    assert measured.score == 1


def test_one_class_has_a_constant_score() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(9, 1))
    assert float(measure(network, torch.ones(1, 3, 3)).gain) == -math.inf


@pytest.mark.parametrize("shape", [(1, 4, 3, 5), (4, 3, 5)])
def test_tensor_projection_of_both_shapes(shape: tuple[int, ...]) -> None:
    convolution = nn.Conv2d(2, 4, 3)
    image = torch.randn(2, 5, 7, generator=_generator())
    projection = torch.randn(4, 3, 5, generator=_generator(1))
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


# --- dead and diverged networks


def test_dead_network_has_minus_infinity() -> None:
    network = _network("lenet-cifar")
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
    network = _network(name)
    next(network.parameters()).data[0, 0, 0, 0] = value
    assert measure(network, impulse_image(*SHAPES[name])).gain.isnan().all()


def test_weight_that_a_relu_hides_still_counts_as_diverged() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    network.register_parameter("unused", nn.Parameter(torch.tensor([math.nan])))
    assert measure(network, torch.zeros(1, 2, 2)).gain.isnan().all()


def test_overflow_of_finite_weights_is_nan() -> None:
    network = _network("lenet-cifar", gain=1e12)
    assert measure(network, impulse_image(3, 32, 32)).gain.isnan().all()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_gradient_that_is_not_finite_has_nan_in_its_channel_alone(value: float) -> None:
    gradient = torch.ones(2, 3, 3)
    gradient[0, 1, 1] = value
    gain = maximum_gain(frequency_response(gradient))
    assert gain[0].isnan()
    assert float(gain[1]) == pytest.approx(20 * math.log10(9), abs=1e-4)


# --- snapshots, vectorised


def _healthy_dead_and_nan(name: str, window: bool) -> tuple[nn.Module, dict[str, Tensor], Tensor]:
    networks = [_network(name, seed, gain=1.0 + seed / 4) for seed in range(5)]
    dead, diverged = networks[1], networks[3]
    with torch.no_grad():
        layers = [m for m in dead.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        layers[-2].weight.zero_()
        layers[-2].bias.fill_(-1)  # type: ignore[union-attr]
        next(diverged.parameters())[0] = math.nan
    states = [network.state_dict() for network in networks]
    stacked = {key: torch.stack([state[key] for state in states]) for key in states[0]}
    image = impulse_image(*SHAPES[name])
    plain = torch.stack([measure(network, image, window=window).gain for network in networks])
    return networks[0], stacked, plain


@pytest.mark.parametrize("at_once", [1, 2, 32])
@pytest.mark.parametrize(
    ("name", "window"), [("lenet-mnist", True), ("lenet-cifar", False), ("lenet-cifar", True)]
)
def test_snapshots_agree_with_the_plain_path(name: str, window: bool, at_once: int) -> None:
    network, stacked, plain = _healthy_dead_and_nan(name, window)
    gains = snapshot_gains(
        network,
        stacked,
        impulse_image(*SHAPES[name]),
        window=window,
        snapshots_at_once=at_once,
    )
    assert (plain[1] == -math.inf).all()
    assert plain[3].isnan().all()
    assert plain[[0, 2, 4]].isfinite().all()
    torch.testing.assert_close(gains, plain, rtol=0, atol=2e-3, equal_nan=True)


def test_snapshots_of_network_in_network_agree_with_the_plain_path() -> None:
    network, stacked, plain = _healthy_dead_and_nan("nin", True)
    gains = snapshot_gains(network, stacked, impulse_image(3, 32, 32), snapshots_at_once=3)
    assert (plain[1] == -math.inf).all()
    torch.testing.assert_close(gains, plain, rtol=0, atol=2e-3, equal_nan=True)


def test_snapshots_under_the_score_projection() -> None:
    network = _network("lenet-mnist", gain=2)
    stacked = {key: value[None] for key, value in network.state_dict().items()}
    image = impulse_image(1, 28, 28)
    gains = snapshot_gains(network, stacked, image, "score", window=False)
    torch.testing.assert_close(gains[0], measure(network, image, "score").gain, atol=1e-3, rtol=0)


class _WithBatchStatistics(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 3, 3)
        self.normalisation = nn.BatchNorm2d(3)
        self.dropout = nn.Dropout(0.5)
        self.classes = nn.Linear(3, 4)

    def forward(self, pixels: Tensor) -> Tensor:
        features = self.dropout(self.normalisation(self.convolution(pixels)).relu())
        return self.classes(features.mean((2, 3)))


def test_snapshots_may_hold_half_precision_and_buffers() -> None:
    network = _WithBatchStatistics()
    network.normalisation.running_var.fill_(2.5)  # type: ignore[union-attr]
    network.bfloat16()
    stacked = {key: value[None] for key, value in network.state_dict().items()}
    image = torch.rand(2, 6, 6, generator=_generator())
    gains = snapshot_gains(network, stacked, image, window=False)
    torch.testing.assert_close(gains[0], measure(network, image).gain, atol=1e-3, rtol=0)
    assert {value.dtype for value in network.parameters()} == {torch.bfloat16}


def test_no_snapshots_give_no_gains() -> None:
    network = _network("lenet-cifar")
    stacked = {key: value[None][:0] for key, value in network.state_dict().items()}
    assert snapshot_gains(network, stacked, impulse_image(3, 32, 32)).shape == (0, 3)


# --- the state of the network and of the caller


def test_network_is_left_as_it_was_found() -> None:
    network = _WithBatchStatistics().train()
    network.normalisation.eval()  # Modes may differ within a network.
    modes = [module.training for module in network.modules()]
    before = {key: value.clone() for key, value in network.state_dict().items()}
    image = torch.rand(2, 6, 6, generator=_generator())
    first, second = measure(network, image), measure(network, image)
    stacked = {key: value[None] for key, value in network.state_dict().items()}
    snapshot_gains(network, stacked, image)
    assert torch.equal(first.gradient, second.gradient)  # Dropout is off.
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not image.requires_grad
    assert not first.gradient.requires_grad


def test_modes_are_restored_after_an_error() -> None:
    network = _WithBatchStatistics().train()
    with pytest.raises(InputError):
        measure(network, torch.zeros(3, 6, 6))
    assert network.dropout.training


def test_measuring_works_where_gradients_are_off_and_precision_is_mixed() -> None:
    network, image = _network("lenet-mnist"), impulse_image(1, 28, 28)
    expected = measure(network, image).gain
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(measure(network, image).gain, expected)
        stacked = {key: value[None] for key, value in network.state_dict().items()}
        gains = snapshot_gains(network, stacked, image, window=False)
    torch.testing.assert_close(gains[0], expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.float64, torch.float16])
def test_any_real_image_is_measured_in_float32(dtype: torch.dtype) -> None:
    network = _network("lenet-cifar")
    image = impulse_image(3, 32, 32)
    measured = measure(network, image.to(dtype))
    assert measured.gradient.dtype == torch.float32
    assert torch.equal(measured.gain, measure(network, image).gain)
    stacked = {key: value[None] for key, value in network.state_dict().items()}
    gains = snapshot_gains(network, stacked, image.to(dtype), window=False)
    torch.testing.assert_close(gains[0], measured.gain, rtol=0, atol=1e-3)


def test_half_precision_network_is_measured_in_float32() -> None:
    network, image = _network("lenet-cifar").bfloat16(), impulse_image(3, 32, 32)
    measured = measure(network, image)
    assert measured.gradient.dtype == torch.float32
    assert torch.equal(measured.gain, measure(network.float(), image).gain)


def test_network_may_begin_in_place() -> None:
    network = nn.Sequential(nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(4, 2))
    image = torch.ones(1, 2, 2)
    assert measure(network, image).gain.isfinite().all()
    assert torch.equal(image, torch.ones(1, 2, 2))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_scripted_network_is_measured() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    scripted = torch.jit.trace(network, torch.ones(1, 1, 2, 2))
    image = torch.ones(1, 2, 2)
    torch.testing.assert_close(measure(scripted, image).gain, measure(network, image).gain)


# --- refusals


class _Returns(nn.Module):
    def __init__(self, output: object) -> None:
        super().__init__()
        self.output = output

    def forward(self, pixels: Tensor) -> object:
        return self.output


_CLASSES = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
_STATE = {key: value[None] for key, value in _CLASSES.state_dict().items()}
_IMAGE = torch.zeros(1, 4, 4)


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: measure(_CLASSES, torch.zeros(4, 4)), r"image has the shape \(4, 4\); .*channels"),
        (lambda: measure(_CLASSES, torch.zeros(1, 1, 4, 4)), r"image has the shape \(1, 1, 4, 4\)"),
        (lambda: measure(_CLASSES, torch.zeros(1, 5, 4)), r"accept an image of shape \(1, 5, 4\)"),
        (lambda: measure(_CLASSES, _IMAGE, "best"), "'best'; allowed are inverse-score, score or"),
        (lambda: measure(_CLASSES, _IMAGE, torch.ones(4)), r"shape \(4,\); .* \(1, 3\)"),
        (lambda: measure(_CLASSES, _IMAGE, torch.ones(1, 1, 3)), r"shape \(1, 1, 3\)"),
        (lambda: measure(GaussianToy(), _IMAGE), r"\(1, 1, 4, 4\); .* needs logits"),
        (lambda: measure(_Returns((1, 2)), _IMAGE), "returns a tuple; it must be a tensor"),
        (lambda: input_gradient(_CLASSES, torch.zeros(4)), "image has the shape"),
        (lambda: snapshot_gains(_CLASSES, _STATE, torch.zeros(4, 4)), r"the shape \(4, 4\)"),
        (lambda: snapshot_gains(_CLASSES, _STATE, torch.zeros(1, 5, 4)), "accept an image of"),
        (lambda: snapshot_gains(_CLASSES, _STATE, _IMAGE, "best"), "projection is 'best'"),
        (lambda: snapshot_gains(_CLASSES, _STATE, _IMAGE, torch.ones(3)), "is a tensor; .* only"),
        (
            lambda: snapshot_gains(_CLASSES, _STATE, _IMAGE, snapshots_at_once=0),
            "snapshots_at_once is 0; it must be at least 1",
        ),
        (lambda: snapshot_gains(_CLASSES, {}, _IMAGE), "lack '1.bias'"),
        (lambda: snapshot_gains(nn.Flatten(), {}, _IMAGE), "has no parameters"),
        (
            lambda: snapshot_gains(_CLASSES, _STATE | {"a": torch.ones(1)}, _IMAGE),
            "hold 'a', which the network does not have",
        ),
        (
            lambda: snapshot_gains(_CLASSES, _STATE | {"1.bias": torch.ones(1, 4)}, _IMAGE),
            r"'1.bias' has the shape \(4,\); .* \(3,\)",
        ),
        (
            lambda: snapshot_gains(_CLASSES, _STATE | {"1.bias": torch.ones(2, 3)}, _IMAGE),
            r"epochs differ \(\[1, 2\]\); they must be equal",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()


# --- probes


@settings(max_examples=15, deadline=None)
@given(channels=st.integers(1, 4), height=st.integers(1, 9), width=st.integers(1, 9))
def test_impulse_is_one_pixel_at_the_centre(channels: int, height: int, width: int) -> None:
    image = impulse_image(channels, height, width)
    assert image.shape == (channels, height, width)
    assert (image[:, height // 2, width // 2] == 255).all()
    assert image.sum() == 255 * channels


def test_raw_impulse_has_the_mean_image_subtracted() -> None:
    mean = torch.rand(2, 4, 5, generator=_generator())
    image = raw_impulse_image(mean, 100.0)
    torch.testing.assert_close(image + mean, impulse_image(2, 4, 5, 100.0))


@pytest.mark.parametrize(("name", "size"), [("channels", 0), ("height", 1), ("width", 2)])
def test_impulse_of_no_size_is_refused(name: str, size: int) -> None:
    sizes = [1, 1, 1]
    sizes[size] = 0
    with pytest.raises(InputError, match=f"{name} is 0; it must be at least 1"):
        impulse_image(*sizes)
