"""Measures one pretrained network on the natural image and on both impulses (section III-D)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from jaxtyping import Float
from PIL.Image import Image
from torch import Tensor

from maxgain.response.measure import Measurement, measure
from maxgain.response.probes import impulse_image, raw_impulse_image
from maxgain.response.projections import ClassProjection
from maxgain.zoo.crop import crop_photograph
from maxgain.zoo.network import PretrainedNetwork

CHANNELS = ("red", "green", "blue")


ImageKind = Literal["natural", "impulse"]


@dataclass(frozen=True)
class Probe:
    """One input at which a network is measured.

    Attributes
    ----------
    image, impulse
        As in the columns of zoo.csv: "natural" and "", "impulse" and "centred" or "raw".
    pixels
        What the network is given: 0-255 pixels after mean subtraction.
    """

    image: ImageKind
    impulse: str
    pixels: Float[Tensor, "channels height width"]

    @property
    def is_windowed(self) -> bool:
        """A Hann window goes with impulse images only (end of section III-B)."""
        return self.image == "impulse"


@dataclass(frozen=True)
class ProbeMeasurement:
    """One measurement of a network: at a probe, under a projection."""

    probe: Probe
    projection: ClassProjection
    result: Measurement


def make_probes(network: PretrainedNetwork, photograph: Image) -> list[Probe]:
    """Natural image and both impulses for a network, in 0-255 pixels after mean subtraction.

    The impulse "centred" is the input after mean subtraction; from "raw" the average image is
    subtracted (protocol: the impulse image).
    """
    average = network.average_image
    channels, height, width = average.shape
    natural = crop_photograph(photograph, (height, width), network.interpolation, channels)
    return [
        Probe("natural", "", natural - average),
        Probe("impulse", "centred", impulse_image(channels, height, width)),
        Probe("impulse", "raw", raw_impulse_image(average)),
    ]


def measure_network(network: PretrainedNetwork, photograph: Image) -> list[ProbeMeasurement]:
    """Measure a network at every probe under every projection.

    Raises
    ------
    InputError
        The network does not take the image or does not return logits.
    """
    measurements = []
    for number, probe in enumerate(make_probes(network, photograph)):
        result = measure(
            network.network, probe.pixels, window=probe.is_windowed, checked=number == 0
        )
        measurements += [
            ProbeMeasurement(probe, "inverse-score", result),
            ProbeMeasurement(probe, "score", _by_score(result)),
        ]
    return measurements


def _by_score(result: Measurement) -> Measurement:
    """What `measure` says under the projection p_c = score, of what it says under 1/score.

    z_c dz_c/dx is z_c^2 d log z_c/dx, exactly: no second pass is needed.
    """
    assert result.score is not None
    factor = result.score**2
    shift = 20 * math.log10(factor) if factor else -math.inf
    return replace(
        result,
        gradient=result.gradient * factor,
        response=result.response + shift,
        gain=result.gain + shift,
    )


def zoo_rows(
    network: PretrainedNetwork, measurements: list[ProbeMeasurement], photograph: str
) -> Iterator[dict[str, object]]:
    """Rows of zoo.csv; `photograph` is the label of the natural image."""
    for measurement in measurements:
        result, probe = measurement.result, measurement.probe
        assert result.predicted_class is not None
        image = f"; image {photograph}" if probe.image == "natural" else ""
        for channel, gain in zip(channel_names(len(result.gain)), result.gain, strict=True):
            yield {
                "name": network.name,
                "family": network.family,
                "random_weights": network.random_weights,
                "top5_error": network.top5_error,
                "image": probe.image,
                "impulse": probe.impulse,
                "projection": measurement.projection,
                "channel": channel,
                "predicted_class": result.predicted_class,
                "class_name": network.class_name(result.predicted_class),
                "score": result.score,
                "gain_db": float(gain),
                "data": network.weights + image,
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
        if measurement.projection != "inverse-score" or probe.impulse == "raw":
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
