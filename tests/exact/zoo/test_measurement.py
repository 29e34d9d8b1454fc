"""The probes, and what is measured at them."""

import math

import pytest
import torch
from torch import Tensor, nn

from maxgain.data.pictures import read_photograph
from maxgain.zoo.crop import crop_photograph
from maxgain.zoo.measurement import make_probes, measure_network
from maxgain.zoo.network import PretrainedNetwork, after_mean_subtraction, mean_colour_image
from maxgain.zoo.registry import Scaling

SCALING = Scaling((0.4, 0.5, 0.6), (0.2, 0.3, 0.4))


class Sums(nn.Module):
    """Logits that are linear in the image: the sum of the red channel, minus it, and nothing."""

    def forward(self, x: Tensor) -> Tensor:
        total = x[:, 0].sum((1, 2))
        return torch.stack([total, -total, 0 * total], 1)


def linear_network(scaling: Scaling = SCALING, side: int = 6) -> PretrainedNetwork:
    return PretrainedNetwork(
        name="sums",
        family="user",
        network=after_mean_subtraction(Sums(), scaling),
        average_image=mean_colour_image(scaling, side),
        interpolation="bilinear",
        class_names=("up, above", "down"),
        top5_error=math.nan,
        weights="none",
    )


def test_scaling_is_a_part_of_the_network_and_the_mean_is_outside() -> None:
    """The probes are what (x / 255 - mean) / std makes of the photograph and of both impulses."""
    network = linear_network()
    photograph, _ = read_photograph(None)
    natural, centred, raw = make_probes(network, photograph)
    pixels = crop_photograph(photograph, (6, 6), "bilinear")
    mean, std = (torch.tensor(x)[:, None, None] for x in (SCALING.mean, SCALING.std))
    for probe, expected in (
        (natural, (pixels / 255 - mean) / std),
        (centred, torch.zeros(3, 6, 6)),
        (raw, (torch.zeros(3, 6, 6) - mean).expand(3, 6, 6) / std),
    ):
        given = probe.pixels / 255 / std
        if probe.image == "impulse":
            expected = expected.clone()
            expected[:, 3, 3] += 1 / std[:, 0, 0]
        torch.testing.assert_close(given, expected, rtol=1e-5, atol=1e-5)
    assert [probe.is_windowed for probe in (natural, centred, raw)] == [False, True, True]
    assert [network.class_name(i) for i in range(3)] == ["up", "down", "class 2"]


def test_gain_of_a_network_with_scaling_is_per_pixel_unit() -> None:
    """A std ten times as large lowers the gain of a linear network by 20 dB, as far as p does."""
    photograph, _ = read_photograph(None)
    gains = []
    for factor in (1.0, 10.0):
        small = Scaling(SCALING.mean, tuple(1e6 * factor * s for s in SCALING.std))
        measurements = measure_network(linear_network(small), photograph)
        gains.append(float(measurements[0].result.gain[0]))
    assert gains[0] - gains[1] == pytest.approx(20, abs=0.01)
