"""The images at which networks are linearised."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maxgain.errors import InputError
from maxgain.response.probes import central_places, impulse_image, impulse_set, raw_impulse_image
from tests.exact.response.response_networks import (
    generator,
)


@settings(max_examples=15, deadline=None)
@given(channels=st.integers(1, 4), height=st.integers(1, 9), width=st.integers(1, 9))
def test_impulse_is_one_pixel_at_the_centre(channels: int, height: int, width: int) -> None:
    image = impulse_image(channels, height, width)
    assert image.shape == (channels, height, width)
    assert (image[:, height // 2, width // 2] == 255).all()
    assert image.sum() == 255 * channels


def test_raw_impulse_has_the_mean_image_subtracted() -> None:
    mean = torch.rand(2, 4, 5, generator=generator())
    image = raw_impulse_image(mean, 100.0)
    torch.testing.assert_close(image + mean, impulse_image(2, 4, 5, 100.0))


@pytest.mark.parametrize(("name", "size"), [("channels", 0), ("height", 1), ("width", 2)])
def test_impulse_of_no_size_is_refused(name: str, size: int) -> None:
    sizes = [1, 1, 1]
    sizes[size] = 0
    with pytest.raises(InputError, match=f"{name} is 0; it must be at least 1"):
        impulse_image(*sizes)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 12), st.integers(1, 12)),
    seed=st.integers(0, 100),
    signs=st.booleans(),
    single_channels=st.booleans(),
    data=st.data(),
)
def test_impulse_set_is_one_pixel_an_image_in_the_central_half(
    sizes: tuple[int, int, int], seed: int, signs: bool, single_channels: bool, data: st.DataObject
) -> None:
    channels, height, width = sizes
    number = data.draw(st.integers(1, central_places(height, width)))
    options = {"seed": seed, "value": 100.0, "signs": signs, "single_channels": single_channels}
    images = impulse_set(*sizes, number, **options)
    assert torch.equal(images, impulse_set(*sizes, number, **options))
    hit = images != 0
    assert (hit.any(1).flatten(1).sum(1) == 1).all()
    assert (hit.flatten(1).sum(1) == (1 if single_channels else channels)).all()
    assert set(images[hit].tolist()) <= ({100.0, -100.0} if signs else {100.0})
    places = hit.any(1).nonzero()[:, 1:]
    assert len({tuple(place) for place in places.tolist()}) == number
    for place, size in zip(places.T, (height, width), strict=True):
        assert (size // 4 <= place).all()
        assert (place < size - size // 4).all()


def test_impulse_set_depends_on_its_seed() -> None:
    assert not torch.equal(impulse_set(1, 28, 28, seed=0), impulse_set(1, 28, 28, seed=1))


@pytest.mark.parametrize("number", [0, -1, 17])
def test_impulses_that_find_no_place_are_refused(number: int) -> None:
    with pytest.raises(InputError, match=f"number is {number}; .* has 16 places"):
        impulse_set(1, 8, 8, number)
