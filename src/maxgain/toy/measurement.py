"""Measure the transfer function of the toy network on a photograph and on an impulse.

Paper section III-A and III-B, figures 1 to 4: with the projection p = 1 at one active place, or
p = 1 everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from maxgain.errors import InputError
from maxgain.response.measure import input_gradient
from maxgain.response.probes import impulse_image
from maxgain.response.spectrum import frequency_response, hann_window
from maxgain.tables.toy import COLUMNS
from maxgain.toy.network import GaussianToy
from maxgain.toy.photograph import read_red_channel

Place = tuple[int, int]
"""Row and column of a pixel."""

PAPER_PLACE: Place = (150, 100)
"""The paper's place, read as row 150, column 100. Its photograph is not ours: in ours that pixel
lies in the dark background, where z = 0 in either reading, so that the nearest active place to it
takes its part."""

OTHER_PLACES: tuple[Place, ...] = ((60, 250), (220, 280), (330, 160), (450, 260), (560, 80))
"""Further places of the default photograph, spread over face, flag, uniform and background."""

AUDIBLE_DB = -60.0
"""Amplitudes of the filter below this are left out when a response is compared with it: they are
near float32's rounding error."""


@dataclass(frozen=True)
class ToyMeasurements:
    """The toy network's measurements: `table` for the claims, `arrays` for the figures.

    Attributes
    ----------
    table
        One row per number: measurement (place-response, inactive-place, impulse-everywhere),
        place ("row,column", empty for everywhere), quantity, frequency (cycles/pixel, NaN where
        there is none) and value.
    arrays
        image, filter, feature_map, place, and for each of place, everywhere and impulse its
        ``gradient_...`` (per 0-255 pixel unit; the impulse's multiplied by the Hann window) and
        ``response_...`` (dB, zero frequency at [0, 0]).
    """

    table: pd.DataFrame
    arrays: dict[str, Tensor]


def find_nearest_place(
    candidates: Bool[Tensor, "height width"], wanted: Place, margin: int = 0
) -> Place:
    """True place of `candidates` nearest to `wanted` (the first by row, then column).

    Parameters
    ----------
    candidates
        The places that are allowed.
    wanted
        Row and column to be near to.
    margin
        Places nearer than this to the border are left out, in pixels.

    Raises
    ------
    InputError
        No place is allowed.
    """
    height, width = candidates.shape
    rows, columns = torch.nonzero(candidates, as_tuple=True)
    inside = (rows >= margin) & (rows < height - margin)
    inside &= (columns >= margin) & (columns < width - margin)
    rows, columns = rows[inside], columns[inside]
    if not len(rows):
        raise InputError(
            f"the feature map ({height} x {width}) has no such place near {wanted}: "
            "choose another image."
        )
    distance = (rows - wanted[0]) ** 2 + (columns - wanted[1]) ** 2
    nearest = int(np.argmin(distance.numpy()))
    return int(rows[nearest]), int(columns[nearest])


def project_place(height: int, width: int, place: Place) -> Float[Tensor, "1 height width"]:
    """Projection that is 1 at `place` and 0 elsewhere."""
    projection = torch.zeros(1, height, width)
    projection[0, *place] = 1.0
    return projection


def compute_filter_amplitude(
    network: GaussianToy, height: int, width: int
) -> Float[Tensor, "height width"]:
    """Analytic Fourier amplitude of the toy network's filter in dB, zero frequency at [0, 0].

    Summed in float64 from the symmetric filter's cosine series, without a Fourier transform.
    """
    taps = network.filter[0, 0].double()
    offsets = torch.arange(len(taps), dtype=torch.float64) - len(taps) // 2
    rows = torch.cos(2 * torch.pi * torch.outer(torch.fft.fftfreq(height).double(), offsets))
    columns = torch.cos(2 * torch.pi * torch.outer(torch.fft.fftfreq(width).double(), offsets))
    return 20 * (rows @ taps @ columns.T).abs().log10()


def average_over_directions(
    response: Float[Tensor, "height width"], bins: int = 32
) -> pd.DataFrame:
    """Mean power of a response in rings of equal frequency, in dB.

    Parameters
    ----------
    response
        Frequency response in dB, zero frequency at [0, 0].
    bins
        Rings between 0 and 0.5 cycles/pixel; beyond 0.5 a ring no longer covers all directions.

    Returns
    -------
    pandas.DataFrame
        frequency (the ring's centre, cycles/pixel) and value (dB).
    """
    height, width = response.shape
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :]
    frequency = np.hypot(rows, columns)
    power = 10 ** (response.double().numpy() / 10)
    edges = np.linspace(0, 0.5, bins + 1)
    ring = np.digitize(frequency, edges) - 1
    # The frequency 0.5 itself belongs to the last ring.
    ring[frequency == edges[-1]] = bins - 1
    counts = np.bincount(ring.ravel(), minlength=bins + 1)[:bins]
    sums = np.bincount(ring.ravel(), weights=power.ravel(), minlength=bins + 1)[:bins]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = 10 * np.log10(sums / counts)
    table = pd.DataFrame({"frequency": (edges[:-1] + edges[1:]) / 2, "value": value})
    return table[counts > 0].reset_index(drop=True)


def measure_toy(
    image: Float[Tensor, "1 height width"] | None = None,
    place: Place = PAPER_PLACE,
    other_places: Sequence[Place] = OTHER_PLACES,
) -> ToyMeasurements:
    """Measure the toy network for figures 1 to 4 and claims T1 to T3.

    Parameters
    ----------
    image
        One channel, mean subtracted, in 0-255 units; default: `read_red_channel`.
    place
        Where p = 1 in figures 2a and 3a. If it is not active (z = 0), the nearest active place.
    other_places
        Near each of these the nearest active and the nearest inactive place are measured too.

    Raises
    ------
    InputError
        A place lies outside the image, or the image has no active or no inactive place.
    """
    pixels = read_red_channel() if image is None else image
    height, width = pixels.shape[-2:]
    wanted = [place, *other_places]
    for row, column in wanted:
        if not (0 <= row < height and 0 <= column < width):
            raise InputError(f"place ({row}, {column}) lies outside the {height} x {width} image.")
    network = GaussianToy()
    with torch.no_grad():
        feature_map = network(pixels[None])[0, 0]
    # Nearer to the border the image would cut the filter off.
    margin = network.filter.shape[-1] // 2
    active = [find_nearest_place(feature_map > 0, near, margin) for near in wanted]
    inactive = [find_nearest_place(feature_map == 0, near) for near in wanted]

    arrays = {
        "image": pixels[0],
        "filter": network.filter[0, 0],
        "feature_map": feature_map,
        "place": torch.tensor(active[0]),
        **_measure_arrays(network, pixels, active[0]),
    }
    impulse = _label_rows(
        average_over_directions(arrays["response_impulse"]), "impulse-everywhere", "response_db"
    )
    table = pd.concat(
        [
            *(_measure_active_place(network, pixels, near) for near in dict.fromkeys(active)),
            *(_measure_inactive_place(network, pixels, near) for near in dict.fromkeys(inactive)),
            impulse,
        ],
        ignore_index=True,
    )
    return ToyMeasurements(table, {name: value.contiguous() for name, value in arrays.items()})


def _measure_arrays(network: GaussianToy, pixels: Tensor, place: Place) -> dict[str, Tensor]:
    """Derivatives and responses of figures 2 to 4."""
    height, width = pixels.shape[-2:]
    everywhere = torch.ones(1, height, width)
    at_place = input_gradient(network, pixels, project_place(height, width, place))
    at_all = input_gradient(network, pixels, everywhere)
    of_impulse = input_gradient(network, impulse_image(1, height, width), everywhere)
    return {
        "gradient_place": at_place[0],
        "response_place": frequency_response(at_place)[0],
        "gradient_everywhere": at_all[0],
        "response_everywhere": frequency_response(at_all)[0],
        "gradient_impulse": of_impulse[0] * hann_window(height, width).float(),
        "response_impulse": frequency_response(of_impulse, window=True)[0],
    }


def _measure_active_place(network: GaussianToy, pixels: Tensor, place: Place) -> pd.DataFrame:
    height, width = pixels.shape[-2:]
    gradient = input_gradient(network, pixels, project_place(height, width, place))
    response = frequency_response(gradient)[0]
    expected = compute_filter_amplitude(network, height, width)
    deviation = (response.double() - expected)[expected > AUDIBLE_DB].abs().max()
    rings = _label_rows(average_over_directions(response), "place-response", "response_db", place)
    return pd.concat(
        [rings, _one_row("place-response", place, "deviation_from_filter_db", float(deviation))],
        ignore_index=True,
    )


def _measure_inactive_place(network: GaussianToy, pixels: Tensor, place: Place) -> pd.DataFrame:
    height, width = pixels.shape[-2:]
    gradient = input_gradient(network, pixels, project_place(height, width, place))
    return _one_row("inactive-place", place, "max_abs_gradient", float(gradient.abs().max()))


def _one_row(measurement: str, place: Place, quantity: str, value: float) -> pd.DataFrame:
    row = pd.DataFrame({"frequency": [np.nan], "value": [value]})
    return _label_rows(row, measurement, quantity, place)


def _label_rows(
    rows: pd.DataFrame, measurement: str, quantity: str, place: Place | None = None
) -> pd.DataFrame:
    name = "" if place is None else f"{place[0]},{place[1]}"
    return rows.assign(measurement=measurement, place=name, quantity=quantity)[list(COLUMNS)]
