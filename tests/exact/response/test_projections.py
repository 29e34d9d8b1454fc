"""Projections of the output, and the gain as the sum of sensitivity and saturation."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from torch import nn

from maxgain.response.measure import input_gradient, measure
from maxgain.response.probes import impulse_image
from maxgain.response.projections import ALL_CLASS_PROJECTIONS
from maxgain.response.snapshots import snapshot_gains
from tests.exact.response.response_networks import (
    SHAPES,
    decibels,
    generator,
    linear_network,
    paper_network,
)


@pytest.mark.parametrize("name", SHAPES)
def test_score_projection_is_the_other_times_score_squared(name: str) -> None:
    network, image = paper_network(name, gain=1.5), impulse_image(*SHAPES[name])
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
    network = linear_network(torch.randn(1, 5, 5, generator=generator()) / 5).double()
    image = torch.randn(1, 5, 5, generator=generator(1), dtype=torch.float64)
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
    weight = torch.randn(3, 4, 4, generator=generator())
    linear = nn.Linear(48, 3)
    with torch.no_grad():
        linear.weight.copy_(torch.randn(3, 48, generator=generator(2)))
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


def _flat_network(
    shape: tuple[int, int, int], classes: int, gap: float, seed: int, dtype: torch.dtype
) -> nn.Sequential:
    """A random network with a hidden layer; `gap` is added to the first logit."""
    pixels = math.prod(shape)
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(pixels, 8), nn.Tanh(), nn.Linear(8, classes)
    ).to(dtype)
    with torch.no_grad():
        network[3].bias[0] += gap
    return network


shapes = st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))


@settings(max_examples=40, deadline=None)
@given(
    shape=shapes,
    classes=st.integers(2, 12),
    gap=st.floats(0, 1000),
    seed=st.integers(0, 1000),
    window=st.booleans(),
)
def test_gain_is_sensitivity_plus_saturation_at_every_projection(
    shape: tuple[int, int, int], classes: int, gap: float, seed: int, window: bool
) -> None:
    network = _flat_network(shape, classes, gap, seed, torch.float32)
    image = torch.randn(shape, generator=generator(seed))
    measured = {p: measure(network, image, p, window=window) for p in ALL_CLASS_PROJECTIONS}
    double = network.double()
    logits = double(image[None].double()).flatten().detach()
    winner = int(logits.argmax())
    others = torch.cat([logits[:winner], logits[winner + 1 :]]).logsumexp(0)
    margin = float(logits[winner] - others)
    saturation = -20 * math.log10(math.e) * np.logaddexp(0, margin)
    log_score = -20 * math.log10(math.e) * np.logaddexp(0, -margin)
    shift = {
        "log-odds": 0.0,
        "inverse-score": saturation,
        "score": saturation + 2 * log_score,
    }
    # Twice the rounding of a float32 gain and of a margin's last digit.
    tolerance = 1e-4 + 1e-6 * abs(saturation)
    for projection, result in measured.items():
        assert result.saturation == pytest.approx(saturation, abs=tolerance)
        assert result.predicted_class == winner
        assert result.sensitivity is not None
        torch.testing.assert_close(
            result.gain, result.sensitivity + shift[projection], rtol=0, atol=tolerance
        )
        assert torch.equal(result.sensitivity, measured["log-odds"].gain)
        torch.testing.assert_close(result.gain, result.response.amax((1, 2)), rtol=0, atol=0)


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4)),
    classes=st.integers(1, 6),
    gap=st.floats(0, 300),
    seed=st.integers(0, 1000),
)
def test_log_odds_agree_with_finite_differences(
    shape: tuple[int, int, int], classes: int, gap: float, seed: int
) -> None:
    network = _flat_network(shape, classes, gap, seed, torch.float64)
    image = torch.randn(shape, generator=generator(seed), dtype=torch.float64)

    def log_odds_of(x: np.ndarray) -> float:
        logits = network(torch.from_numpy(x)[None]).detach().numpy().ravel()
        if logits.size == 1:  # A sigmoid's: the other class has the logit 0.
            logits = np.append(logits, 0.0)
        return float(logits[winner] - logsumexp(np.delete(logits, winner)))

    logits = network(image[None]).detach().flatten()
    winner = int(logits.argmax()) if classes > 1 else int(logits[0] <= 0)
    expected = np.empty(shape)
    for place in np.ndindex(shape):
        step = np.zeros(shape)
        step[place] = 1e-5
        x = image.numpy()
        expected[place] = (log_odds_of(x + step) - log_odds_of(x - step)) / 2e-5
    gradient = input_gradient(network, image, "log-odds").numpy()
    np.testing.assert_allclose(gradient, expected, atol=1e-5 * np.abs(expected).max() + 1e-9)


@pytest.mark.parametrize("gap", [0.0, 10.0, 100.0, 1000.0])
def test_linear_network_is_right_at_any_gap_in_float32(gap: float) -> None:
    weight = torch.randn(2, 6, 7, generator=generator())
    network = linear_network(weight)
    with torch.no_grad():
        network[1].bias.copy_(torch.tensor([gap, 0.0]))
    image = torch.zeros(2, 6, 7)
    peak = decibels(np.abs(np.fft.fft2(weight.double().numpy())).max((1, 2)))
    saturation = -20 * math.log10(math.e) * np.logaddexp(0, gap)
    measured = measure(network, image)
    np.testing.assert_allclose(measure(network, image, "log-odds").gain.numpy(), peak, atol=1e-4)
    np.testing.assert_allclose(measured.gain.numpy(), peak + saturation, rtol=1e-7, atol=1e-4)
    stacked = {name: value[None] for name, value in network.state_dict().items()}
    gains = snapshot_gains(network, stacked, image, window=False)
    np.testing.assert_allclose(gains[0].numpy(), peak + saturation, rtol=1e-7, atol=1e-4)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("squeezed", [False, True])
def test_one_logit_is_a_sigmoid_of_two_classes(sign: float, squeezed: bool) -> None:
    weight = sign * torch.rand(1, 4, 4, generator=generator())
    two = linear_network(weight)
    one = nn.Sequential(nn.Flatten(), nn.Linear(16, 1), *[nn.Flatten(0)] * squeezed)
    with torch.no_grad():
        one[1].weight.copy_(weight.reshape(1, 16))
        one[1].bias.fill_(0.3)
    image = torch.ones(1, 4, 4)
    single, double = measure(one, image), measure(two, image)
    torch.testing.assert_close(single.gain, double.gain)
    assert single.score == pytest.approx(double.score)
    assert single.predicted_class == (1 if sign > 0 else 0)
