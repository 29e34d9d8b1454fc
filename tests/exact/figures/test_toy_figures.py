"""Figures 1 to 4 hold their arrays."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy import ndarray

from maxgain.errors import InputError
from maxgain.figures.toy import draw_fig01, draw_fig02, draw_fig03, draw_fig04


def shown_images(figure: Figure) -> list[AxesImage]:
    return [image for axes in figure.axes for image in axes.get_images()]


def test_toy_figures_show_their_arrays(toy_arrays: dict[str, ndarray]) -> None:
    images = shown_images(draw_fig01(toy_arrays))
    for image, name in zip(images, ("image", "filter", "feature_map"), strict=True):
        np.testing.assert_array_equal(image.get_array(), toy_arrays[name])
    zoomed, everywhere = shown_images(draw_fig02(toy_arrays))
    np.testing.assert_array_equal(zoomed.get_array(), toy_arrays["gradient_place"][18:43, 5:30])
    assert tuple(zoomed.get_extent()) == (4.5, 29.5, 42.5, 17.5)
    np.testing.assert_array_equal(everywhere.get_array(), toy_arrays["gradient_everywhere"])


def test_responses_have_zero_frequency_in_the_middle(toy_arrays: dict[str, ndarray]) -> None:
    arrays = toy_arrays | {"response_place": np.full((48, 41), -50.0)}
    arrays["response_place"][0, 0] = 0.0
    for image in shown_images(draw_fig03(arrays)) + shown_images(draw_fig04(arrays))[1:]:
        left, right, bottom, top = image.get_extent()
        height, width = image.get_array().shape
        # The pixel that holds the zero frequency is centred on 0.
        assert left + (width // 2 + 0.5) * (right - left) / width == pytest.approx(0, abs=1e-12)
        assert bottom + (height // 2 + 0.5) * (top - bottom) / height == pytest.approx(0, abs=1e-12)
    shown = shown_images(draw_fig03(arrays))[0].get_array()
    assert shown[24, 20] == 0.0
    assert (shown == 0).sum() == 1


def test_missing_toy_arrays_are_named(toy_arrays: dict[str, ndarray]) -> None:
    with pytest.raises(InputError, match="lack 'response_place'"):
        draw_fig03({"place": toy_arrays["place"]})
