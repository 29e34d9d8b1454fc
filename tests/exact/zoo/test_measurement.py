"""The probes, and what is measured at them."""

import math
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest
import torch
from pandas import DataFrame
from torch import Tensor, nn

from maxgain.data.pictures import read_photograph
from maxgain.response.measure import measure
from maxgain.tables.zoo import ZOO_COLUMNS
from maxgain.zoo.crop import crop_photograph
from maxgain.zoo.measurement import Places, make_probes, measure_network, zoo_rows
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


class Waves(nn.Module):
    """Logits that go with the place of an impulse, so that scores and gains do."""

    def forward(self, x: Tensor) -> Tensor:
        line = torch.linspace(0.001, 0.01, x.shape[-1], dtype=x.dtype)
        total = (x * line).sum((1, 2, 3))
        return torch.stack([total, -total, 0.5 * total**2], 1)


def test_several_places_are_averaged_in_decibels() -> None:
    """Every number of dB is the mean of those measured place by place; so is the score's."""
    network = replace(linear_network(Scaling((0.0,), (1 / 255,)), side=12), network=Waves())
    photograph, _ = read_photograph(None)
    places = Places(5, seed=3)
    probes = make_probes(network, photograph, places)
    measured = measure_network(network, photograph, places)
    several = next(p for p in probes if (p.image, p.impulse) == ("impulses", "centred"))
    assert len(several.images) == 5
    alone = [measure(network.network, image, window=True) for image in several.images]
    scores = [result.score or 0.0 for result in alone]
    assert max(scores) > 1.1 * min(scores)
    of = {
        each.projection: each.result
        for each in measured
        if (each.probe.image, each.probe.impulse) == ("impulses", "centred")
    }
    for name in ("gain", "sensitivity"):
        expected = torch.stack([getattr(result, name) for result in alone]).double().mean(0)
        torch.testing.assert_close(getattr(of["inverse-score"], name), expected)
    assert of["inverse-score"].saturation == pytest.approx(fmean(r.saturation for r in alone))
    assert of["inverse-score"].score == pytest.approx(math.exp(fmean(map(math.log, scores))))
    assert of["inverse-score"].predicted_class is None
    direct = [
        measure(network.network, image, window=True, projection="score").gain
        for image in several.images
    ]
    torch.testing.assert_close(
        of["score"].gain, torch.stack(direct).double().mean(0), rtol=1e-5, atol=1e-4
    )


@pytest.mark.parametrize("image", ["natural", "impulse", "impulses"])
def test_gains_in_the_table_are_the_sums_of_their_parts(image: str) -> None:
    """G = S + C, and 40 log10(score) more under p_c = score; S alone under the log-odds."""
    network = replace(linear_network(Scaling((0.0,), (1 / 255,)), side=12), network=Waves())
    photograph, label = read_photograph(None)
    table = DataFrame(zoo_rows(network, measure_network(network, photograph, Places(4)), label))
    assert list(table.columns) == list(ZOO_COLUMNS)
    rows = table[table["image"] == image]
    for projection, part in rows.groupby("projection"):
        expected = part["sensitivity_db"]
        if projection == "log-odds":
            assert (part["saturation_db"] == "").all()
        else:
            expected = expected + part["saturation_db"].astype(float)
        if projection == "score":
            expected = expected + 40 * np.log10(part["score"])
        np.testing.assert_allclose(part["gain_db"], expected, rtol=1e-6, atol=1e-4)


def test_a_network_beyond_doubt_is_measured() -> None:
    """Logits 20,000 apart: 1/(1 - score) is beyond float64, sensitivity and saturation are not."""
    network = replace(linear_network(Scaling((0.0,), (1 / 255,)), side=12), network=Sums())
    photograph, _ = read_photograph(None)
    for measured in measure_network(network, photograph):
        result = measured.result
        assert result.sensitivity is not None
        assert math.isfinite(result.sensitivity[0])
        assert math.isfinite(result.saturation or 0.0)
        if measured.projection == "log-odds":
            assert result.gain[0] == result.sensitivity[0]
