"""Networks that packages carry, and their random controls."""

import math
from pathlib import Path

import pytest
import torch

from maxgain.data.pictures import read_photograph
from maxgain.tables.zoo import ZOO_COLUMNS
from maxgain.zoo.loading import load_network
from maxgain.zoo.measurement import measure_network, zoo_rows


def test_carried_weights_know_the_photograph(tmp_path: Path) -> None:
    """Matplotlib's photograph shows a military uniform (class 652), as was seen before."""
    network = load_network("tf_efficientnet_lite0", tmp_path)
    photograph, label = read_photograph(None)
    rows = list(zoo_rows(network, measure_network(network, photograph), label))
    assert len(rows) == 3 * 3 * 3  # probes, projections, channels
    assert list(rows[0]) == list(ZOO_COLUMNS)
    natural = [row for row in rows if row["image"] == "natural"]
    assert {(row["predicted_class"], row["class_name"]) for row in natural} == {
        (652, "military uniform")
    }
    assert all(0.3 < row["score"] < 0.6 for row in natural)  # type: ignore[operator]
    assert all("grace_hopper.jpg" in str(row["data"]) for row in natural)
    by_projection = {
        projection: [row for row in natural if row["projection"] == projection]
        for projection in ("inverse-score", "score", "log-odds")
    }
    for first, odds in zip(by_projection["inverse-score"], by_projection["log-odds"], strict=True):
        assert odds["gain_db"] == odds["sensitivity_db"] == first["sensitivity_db"]
        parts = first["sensitivity_db"] + first["saturation_db"]  # type: ignore[operator]
        assert first["gain_db"] == pytest.approx(parts, abs=1e-3)
        assert odds["saturation_db"] == ""
    for first, second in zip(by_projection["inverse-score"], by_projection["score"], strict=True):
        # z_c dz_c/dx is z_c^2 times d log z_c/dx.
        shift = 40 * math.log10(float(first["score"]))  # type: ignore[arg-type]
        assert second["gain_db"] == pytest.approx(first["gain_db"] + shift, abs=1e-3)  # type: ignore[operator]


def test_random_controls_are_the_same_every_time_and_labelled() -> None:
    name = "tf_efficientnet_lite0-random"
    torch.manual_seed(7)
    first, second = (load_network(name, Path()) for _ in range(2))
    states = first.network.state_dict(), second.network.state_dict()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert first.random_weights
    assert "random weights" in first.weights
    assert torch.initial_seed() == 7
