"""The toy network's transfer function is its filter's, exactly (claims T1 to T3 hold by theory)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from scipy import signal

from maxgain.errors import InputError
from maxgain.pipeline.toy import write_toy_measurements
from maxgain.response.measure import input_gradient
from maxgain.response.spectrum import frequency_response
from maxgain.toy.measurement import (
    PAPER_PLACE,
    ToyMeasurements,
    average_over_directions,
    compute_filter_amplitude,
    find_nearest_place,
    measure_toy,
    project_place,
)
from maxgain.toy.network import GaussianToy
from maxgain.toy.photograph import read_red_channel


def gaussian(size: int = 7, sigma: float = 1.0) -> np.ndarray:
    """The filter from its definition, by SciPy."""
    profile = signal.windows.gaussian(size, sigma)
    return np.outer(profile, profile) / profile.sum() ** 2


@pytest.fixture(scope="module")
def measured() -> ToyMeasurements:
    return measure_toy()


def test_the_filter_is_a_symmetric_gaussian_of_unit_sum() -> None:
    weights = GaussianToy().filter[0, 0].numpy()
    np.testing.assert_allclose(weights, gaussian(), rtol=1e-6)
    np.testing.assert_array_equal(weights, weights.T)
    np.testing.assert_array_equal(weights, weights[::-1, ::-1])


def test_the_feature_map_is_the_rectified_convolution() -> None:
    image = torch.randn(1, 1, 12, 17, generator=torch.Generator().manual_seed(0)) * 50
    expected = signal.convolve2d(image[0, 0], gaussian(), mode="same").clip(min=0)
    np.testing.assert_allclose(GaussianToy()(image)[0, 0].numpy(), expected, atol=2e-5)


@pytest.mark.parametrize(("size", "sigma"), [(6, 1.0), (0, 1.0), (7, 0.0), (7, -1.0)])
def test_a_filter_that_is_none_is_refused(size: int, sigma: float) -> None:
    with pytest.raises(InputError, match=r"filter size is|sigma is"):
        GaussianToy(size, sigma)


@settings(max_examples=25, deadline=None)
@given(
    row=st.integers(3, 20), column=st.integers(3, 24), level=st.floats(0.1, 255, allow_nan=False)
)
def test_at_any_active_place_the_derivative_is_the_filter(
    row: int, column: int, level: float
) -> None:
    network, image = GaussianToy(), torch.full((1, 24, 28), level)
    gradient = input_gradient(network, image, project_place(24, 28, (row, column)))[0].numpy()
    expected = np.zeros((24, 28), dtype=np.float32)
    expected[row - 3 : row + 4, column - 3 : column + 4] = network.filter[0, 0].numpy()
    np.testing.assert_array_equal(gradient, expected)


def test_the_response_at_one_place_is_the_filters_fourier_amplitude() -> None:
    image = torch.full((1, 40, 31), 10.0)
    gradient = input_gradient(GaussianToy(), image, project_place(40, 31, (20, 9)))
    response = frequency_response(gradient)[0].double().numpy()
    expected = 20 * np.log10(np.abs(np.fft.fft2(gaussian(), s=(40, 31))))
    loud = expected > -60
    assert loud.mean() > 0.5
    np.testing.assert_allclose(response[loud], expected[loud], atol=2e-3)
    analytic = compute_filter_amplitude(GaussianToy(), 40, 31).numpy()
    np.testing.assert_allclose(analytic[loud], expected[loud], atol=1e-4)


def test_where_z_is_zero_the_derivative_is_exactly_zero() -> None:
    gradient = input_gradient(
        GaussianToy(), torch.full((1, 20, 20), -3.0), project_place(20, 20, (9, 9))
    )
    assert torch.count_nonzero(gradient) == 0


def test_p_everywhere_sums_the_filters_of_the_active_places() -> None:
    image = torch.randn(1, 18, 22, generator=torch.Generator().manual_seed(3)) * 20
    network = GaussianToy()
    active = (network(image[None])[0, 0] > 0).double().numpy()
    assert 0.1 < active.mean() < 0.9
    gradient = input_gradient(network, image, torch.ones(1, 18, 22))[0].numpy()
    np.testing.assert_allclose(
        gradient, signal.correlate2d(active, gaussian(), mode="same"), atol=1e-6
    )


def test_the_photograph_is_a_mean_free_red_channel() -> None:
    image = read_red_channel()
    assert image.shape == (1, 600, 512)
    assert abs(float(image.mean())) < 1e-3
    assert float(image.max() - image.min()) == pytest.approx(255, abs=1)


def test_the_measured_places_are_what_they_claim(measured: ToyMeasurements) -> None:
    feature_map = measured.arrays["feature_map"]
    for measurement, active in (("place-response", True), ("inactive-place", False)):
        rows = measured.table[measured.table["measurement"] == measurement]
        places = rows["place"].unique()
        assert len(places) >= 4
        for place in places:
            row, column = map(int, place.split(","))
            assert bool(feature_map[row, column] > 0) is active, place
    # The paper's own place is dark in this photograph, so it stands among the inactive ones.
    inactive = measured.table.query("measurement == 'inactive-place'")
    assert "150,100" in set(inactive["place"])


def test_the_table_holds_the_numbers_of_claims_t1_to_t3(measured: ToyMeasurements) -> None:
    table = measured.table
    assert list(table) == ["measurement", "place", "quantity", "frequency", "value"]
    deviation = table.query("quantity == 'deviation_from_filter_db'")
    assert deviation["value"].max() < 5e-3
    assert deviation["frequency"].isna().all()
    assert (table.query("quantity == 'max_abs_gradient'")["value"] == 0).all()
    impulse = table.query("measurement == 'impulse-everywhere'").sort_values("frequency")
    low = impulse[impulse["frequency"] < 0.1]["value"].min()
    high = impulse[impulse["frequency"] > 0.25]["value"].max()
    assert low > high + 20
    # At zero frequency: 49 active places, each with the filter's unit sum.
    assert float(measured.arrays["response_impulse"][0, 0]) == pytest.approx(
        20 * np.log10(49), abs=0.01
    )


def test_rings_average_power_over_directions() -> None:
    flat = average_over_directions(torch.full((64, 48), -13.0), bins=8)
    np.testing.assert_allclose(flat["value"], -13, atol=1e-9)
    np.testing.assert_allclose(flat["frequency"], (np.arange(8) + 0.5) / 16)
    # One frequency of 1 (0 dB) among n of power 0.25 in its ring.
    response = torch.full((64, 64), float(20 * np.log10(0.5)))
    response[0, 20] = 0.0
    frequency = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64)[None, :])
    members = int(((frequency >= 0.3125) & (frequency < 0.375)).sum())
    expected = 10 * np.log10((1 + 0.25 * (members - 1)) / members)
    ring = average_over_directions(response, bins=8).query("0.3125 < frequency < 0.375")
    assert ring["value"].item() == pytest.approx(expected, abs=1e-5)


def test_the_nearest_place_is_nearest_and_keeps_the_margin() -> None:
    allowed = torch.zeros(20, 20, dtype=torch.bool)
    allowed[1, 10] = allowed[8, 10] = allowed[15, 10] = True
    assert find_nearest_place(allowed, (3, 10)) == (1, 10)
    assert find_nearest_place(allowed, (3, 10), margin=3) == (8, 10)
    with pytest.raises(InputError, match="no such place"):
        find_nearest_place(torch.zeros(20, 20, dtype=torch.bool), (3, 3))


def test_bad_places_and_images_are_named() -> None:
    with pytest.raises(InputError, match=r"place \(150, 100\) lies outside the 30 x 30 image"):
        measure_toy(torch.ones(1, 30, 30))
    with pytest.raises(InputError, match="no such place"):
        measure_toy(torch.zeros(1, 30, 30), place=(15, 15), other_places=())


def test_table_and_arrays_are_written_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        folder = tmp_path / name
        rows = write_toy_measurements(folder / "toy.csv", folder / "toy.safetensors", PAPER_PLACE)
    table = pd.read_csv(tmp_path / "a/toy.csv")
    assert len(table) == rows
    assert set(table["measurement"]) == {"place-response", "inactive-place", "impulse-everywhere"}
    assert table["value"].notna().all()
    assert load_file(tmp_path / "a/toy.safetensors")["feature_map"].shape == (600, 512)
    for file in ("toy.csv", "toy.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
