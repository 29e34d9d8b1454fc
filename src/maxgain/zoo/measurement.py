"""Measures one pretrained network on a natural image and on impulses (section III-D)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import geometric_mean
from typing import Literal

import torch
from jaxtyping import Float
from PIL.Image import Image
from torch import Tensor

from maxgain.response.measure import Measurement, measure
from maxgain.response.probes import impulse_image, impulse_set, raw_impulse_image
from maxgain.response.projections import ALL_CLASS_PROJECTIONS, ClassProjection
from maxgain.zoo.crop import crop_photograph
from maxgain.zoo.network import PretrainedNetwork

CHANNELS = ("red", "green", "blue")
ImageKind = Literal["natural", "impulse", "impulses"]


@dataclass(frozen=True)
class Places:
    """The random places of the central half at which impulses stand.

    Attributes
    ----------
    number
        How many; 0 for none.
    seed
        Which; see `maxgain.response.probes.impulse_set`.
    """

    number: int = 0
    seed: int = 0


NO_PLACES = Places()
"""One impulse in the middle, and no others."""


@dataclass(frozen=True)
class Probe:
    """One input at which a network is measured, or several that are averaged.

    Attributes
    ----------
    image, impulse
        As in the columns of zoo.csv: "natural" and "", "impulse" (one) or "impulses" (several) and
        "centred" or "raw".
    images
        What the network is given: 0-255 pixels after mean subtraction.
    """

    image: ImageKind
    impulse: str
    images: Float[Tensor, "places channels height width"]

    @property
    def pixels(self) -> Float[Tensor, "channels height width"]:
        """The (first) image."""
        return self.images[0]

    @property
    def is_windowed(self) -> bool:
        """A Hann window goes with impulse images only (end of section III-B)."""
        return self.image != "natural"


@dataclass(frozen=True)
class ProbeMeasurement:
    """One measurement of a network: at a probe, under a projection."""

    probe: Probe
    projection: ClassProjection
    result: Measurement


def make_probes(
    network: PretrainedNetwork, photograph: Image, places: Places = NO_PLACES
) -> list[Probe]:
    """Natural image and both kinds of impulses for a network, in 0-255 pixels after subtraction.

    The impulse "centred" is the input after mean subtraction; from "raw" the average image is
    subtracted (protocol: the impulse image).
    """
    average = network.average_image
    channels, height, width = average.shape
    natural = crop_photograph(photograph, (height, width), network.interpolation, channels)
    probes = [
        Probe("natural", "", (natural - average)[None]),
        Probe("impulse", "centred", impulse_image(channels, height, width)[None]),
        Probe("impulse", "raw", raw_impulse_image(average)[None]),
    ]
    if places.number:
        several = impulse_set(channels, height, width, places.number, seed=places.seed)
        probes += [
            Probe("impulses", "centred", several),
            Probe("impulses", "raw", several - average),
        ]
    return probes


def measure_network(
    network: PretrainedNetwork, photograph: Image, places: Places = NO_PLACES
) -> list[ProbeMeasurement]:
    """Measure a network at every probe under every projection.

    Raises
    ------
    InputError
        The network does not take the image or does not return logits, or its images have fewer
        places than are asked for.
    """
    measurements = []
    for number, probe in enumerate(make_probes(network, photograph, places)):
        results = [
            measure(network.network, image, window=probe.is_windowed, checked=number == 0)
            for image in probe.images
        ]
        for projection in ALL_CLASS_PROJECTIONS:
            projected = [_under(result, projection) for result in results]
            result = projected[0] if len(projected) == 1 else _averaged(projected)
            measurements.append(ProbeMeasurement(probe, projection, result))
    return measurements


def _under(result: Measurement, projection: ClassProjection) -> Measurement:
    """What `measure` says under a projection, of what it says under 1/score.

    Under p_c = score, z_c dz_c/dx is z_c^2 d log z_c/dx, and that of the log-odds is
    (d log z_c/dx) / (1 - z_c), exactly: no second pass is needed.
    """
    assert result.score is not None
    assert result.sensitivity is not None
    assert result.saturation is not None
    if projection == "inverse-score":
        return result
    if projection == "log-odds":
        shift, gain = -result.saturation, result.sensitivity
    else:
        shift = 40 * math.log10(result.score) if result.score else -math.inf
        gain = result.gain + shift
    # Of a network that is very sure of itself 1/(1 - score) is beyond float64: torch calls it
    # infinite, Python's own power raises.
    factor = torch.tensor(10.0, dtype=torch.float64).pow(shift / 20)
    return replace(
        result,
        gradient=result.gradient * factor,
        response=result.response + shift,
        gain=gain,
    )


def _averaged(results: Sequence[Measurement]) -> Measurement:
    """Mean over several images, of everything in dB; the winning classes may differ.

    The score is the geometric mean, that of its decibels: so the gain under p_c = score stays the
    sum of sensitivity, saturation and 40 log10(score).
    """

    def mean(name: str) -> Tensor:
        return torch.stack([getattr(result, name) for result in results]).double().mean(0)

    scores = [result.score or 0.0 for result in results]
    return Measurement(
        gradient=mean("gradient"),
        response=mean("response"),
        gain=mean("gain"),
        predicted_class=None,
        score=geometric_mean(scores) if all(scores) else 0.0,
        sensitivity=mean("sensitivity"),
        saturation=sum(result.saturation or 0.0 for result in results) / len(results),
    )


def zoo_rows(
    network: PretrainedNetwork, measurements: list[ProbeMeasurement], photograph: str
) -> Iterator[dict[str, object]]:
    """Rows of zoo.csv; `photograph` is the label of the natural image."""
    for measurement in measurements:
        result, probe = measurement.result, measurement.probe
        assert result.sensitivity is not None
        image = f"; image {photograph}" if probe.image == "natural" else ""
        winner = result.predicted_class
        saturated = measurement.projection != "log-odds"
        for channel, gain, sensitivity in zip(
            channel_names(len(result.gain)), result.gain, result.sensitivity, strict=True
        ):
            yield {
                **_describe(network),
                "image": probe.image,
                "impulse": probe.impulse,
                "places": len(probe.images),
                "projection": measurement.projection,
                "channel": channel,
                "predicted_class": "" if winner is None else winner,
                "class_name": "" if winner is None else network.class_name(winner),
                "score": result.score,
                "gain_db": float(gain),
                "sensitivity_db": float(sensitivity),
                "saturation_db": result.saturation if saturated else "",
                "data": network.weights + image,
            }


def _describe(network: PretrainedNetwork) -> dict[str, object]:
    """What zoo.csv says of a network itself."""
    _, height, width = network.average_image.shape
    year = network.architecture.year
    return {
        "name": network.name,
        "family": network.family,
        "architecture": network.architecture.name,
        "year": "" if math.isnan(year) else int(year),
        "normalisation": network.architecture.normalisation,
        "precision": network.precision,
        "resolution": height if height == width else math.sqrt(height * width),
        "input_std": network.input_std,
        "random_weights": network.random_weights,
        "top5_error": network.top5_error,
    }


def figure_arrays(
    network: PretrainedNetwork, measurements: list[ProbeMeasurement]
) -> dict[str, Tensor]:
    """What figures 5 and 6 show: input, derivative and response of both images.

    Under the projection 1/score; the impulse is the centred one. Keys are "natural.pixels"
    (0-255, uint8), "natural.gradient", "natural.response" (dB), "impulse.gradient" ...
    """
    arrays = {}
    for measurement in measurements:
        probe = measurement.probe
        wanted = probe.impulse != "raw" and probe.image != "impulses"
        if measurement.projection != "inverse-score" or not wanted:
            continue
        pixels = probe.pixels + network.average_image if probe.image == "natural" else probe.pixels
        arrays[f"{probe.image}.pixels"] = _shown(pixels).round().clamp(0, 255).byte()
        arrays[f"{probe.image}.gradient"] = _shown(measurement.result.gradient)
        arrays[f"{probe.image}.response"] = measurement.result.response
    return arrays


def channel_names(channels: int) -> tuple[str, ...]:
    """Names of an image's channels; beyond colour and grey they are numbered from 0."""
    if channels == 1:
        return ("grey",)
    if channels == len(CHANNELS):
        return CHANNELS
    return tuple(f"channel {number}" for number in range(channels))


def _shown(values: Tensor) -> Tensor:
    """What of an image's channels can be shown: colour or grey as it is, else their mean."""
    return values if len(values) in (1, len(CHANNELS)) else values.mean(0, keepdim=True)
