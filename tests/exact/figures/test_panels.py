"""Images, derivatives and responses stand where their numbers say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxgain.figures.panels import (
    common_scale,
    draw_response,
    frequency_borders,
    show_gradient,
    show_pixels,
)
from maxgain.figures.style import new_figure


@given(pixels=st.integers(1, 400))
def test_every_pixel_of_a_spectrum_is_centred_on_its_frequency(pixels: int) -> None:
    low, high = frequency_borders(pixels)
    edges = np.linspace(low, high, pixels + 1)
    frequencies = np.fft.fftshift(np.fft.fftfreq(pixels))
    np.testing.assert_allclose((edges[1:] + edges[:-1]) / 2, frequencies, atol=1e-12)


@pytest.mark.parametrize("shape", [(8, 8), (7, 9), (8, 5), (1, 1)])
@pytest.mark.parametrize("bare", [False, True])
def test_a_response_is_drawn_with_exact_borders(shape: tuple[int, int], bare: bool) -> None:
    response = np.arange(shape[0] * shape[1], dtype=float).reshape(shape)
    axes = new_figure().subplots()
    shown = draw_response(axes, response, common_scale([response]), bare=bare)
    left, right, bottom, top = shown.get_extent()
    assert (left, right) == frequency_borders(shape[1])
    assert (bottom, top) == frequency_borders(shape[0])
    assert shown.get_array()[shape[0] // 2, shape[1] // 2] == response[0, 0]
    if bare:
        assert axes.get_xlim() == (left, right)
        assert not len(axes.get_xticks())


def test_the_scale_is_of_the_highest_finite_response() -> None:
    scale = common_scale([np.array([[-3.0, -np.inf]]), np.array([[np.nan, -9.0]])], 50.0)
    assert (scale.vmin, scale.vmax) == (-53, -3)
    nothing = common_scale([np.full((2, 2), -np.inf)])
    assert (nothing.vmin, nothing.vmax) == (-60, 0)


def test_grey_is_a_derivative_of_zero() -> None:
    axes = new_figure().subplots()
    gradient = np.zeros((3, 4, 5))
    gradient[0, 1, 1], gradient[1, 2, 2], gradient[2, 3, 3] = 2.0, -2.0, np.nan
    show_gradient(axes, gradient)
    (image,) = axes.get_images()
    shown = image.get_array()
    assert shown[0, 0].tolist() == [0.5, 0.5, 0.5]
    assert shown[1, 1].tolist() == [1.0, 0.5, 0.5]
    assert shown[2, 2].tolist() == [0.5, 0.0, 0.5]
    assert shown[3, 3].tolist() == [0.5, 0.5, 0.5]


def test_one_channel_is_shown_grey_and_three_in_colour() -> None:
    for channels, shape in ((1, (4, 5)), (3, (4, 5, 3))):
        axes = new_figure().subplots()
        show_pixels(axes, np.zeros((channels, 4, 5), dtype=np.uint8))
        assert axes.get_images()[0].get_array().shape == shape
