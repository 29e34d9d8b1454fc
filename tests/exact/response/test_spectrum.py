"""Fourier amplitudes and windows against what analysis says of them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maxgain.response.measure import measure
from maxgain.response.spectrum import frequency_response, hann_window, maximum_gain
from tests.exact.response.response_networks import (
    assert_close_where_not_tiny,
    generator,
    linear_network,
)


def test_window_multiplies_the_gradient_before_the_transform() -> None:
    weight = torch.randn(2, 9, 14, generator=generator())
    measured = measure(linear_network(weight), torch.zeros(2, 9, 14), torch.ones(2), window=True)
    windowed = weight.double().numpy() * np.outer(np.hanning(9), np.hanning(14))
    assert_close_where_not_tiny(measured.response, np.abs(np.fft.fft2(windowed)))
    torch.testing.assert_close(measured.gradient, weight)


def test_hann_window_is_symmetric() -> None:
    window = hann_window(28, 33).numpy()
    np.testing.assert_allclose(window, np.outer(np.hanning(28), np.hanning(33)), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(-9, 9), columns=st.integers(-9, 9), seed=st.integers(0, 100))
def test_circular_shift_does_not_change_the_response(rows: int, columns: int, seed: int) -> None:
    gradient = torch.randn(2, 8, 9, generator=generator(seed))
    torch.testing.assert_close(
        frequency_response(gradient.roll((rows, columns), (1, 2))),
        frequency_response(gradient),
        rtol=0,
        atol=2e-3,
    )


@settings(max_examples=20, deadline=None)
@given(height=st.integers(1, 16), width=st.integers(1, 16), seed=st.integers(0, 100))
def test_parseval(height: int, width: int, seed: int) -> None:
    gradient = torch.randn(3, height, width, generator=generator(seed), dtype=torch.float64)
    power = 10 ** (frequency_response(gradient) / 10)
    torch.testing.assert_close(
        power.sum((1, 2)) / (height * width), gradient.square().sum((1, 2)), rtol=1e-9, atol=0
    )


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_gradient_that_is_not_finite_has_nan_in_its_channel_alone(value: float) -> None:
    gradient = torch.ones(2, 3, 3)
    gradient[0, 1, 1] = value
    gain = maximum_gain(frequency_response(gradient))
    assert gain[0].isnan()
    assert float(gain[1]) == pytest.approx(20 * math.log10(9), abs=1e-4)
