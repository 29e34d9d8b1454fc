"""Networks of timm: those without a classifier, and those of other than three channels."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import timm
import torch

from maxgain.data.pictures import read_photograph
from maxgain.errors import InputError
from maxgain.zoo.loading import load_network
from maxgain.zoo.measurement import measure_network, zoo_rows
from maxgain.zoo.readers import timm as reader


@pytest.mark.parametrize(
    "name",
    [
        "aimv2_1b_patch14_224.apple_pt",
        "vit_small_patch14_dinov2.lvd142m",
        "convnext_base.clip_laion2b",
    ],
)
def test_features_are_not_taken_for_logits(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no classifier: it returns features"):
        load_network(f"timm:{name}", tmp_path)


def test_networks_of_two_channels_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SimpleNamespace(
        num_classes=7, mean=(0.3, 0.4), std=(0.2, 0.1), input_size=(2, 40, 48),
        interpolation="bicubic", tag="test",
    )  # fmt: skip

    def create(architecture: str, **_: object) -> torch.nn.Module:
        torch.manual_seed(0)
        return timm.models.create_model("resnet10t", in_chans=2, num_classes=7)

    monkeypatch.setattr(reader.timm, "is_model_pretrained", lambda name: True)
    monkeypatch.setattr(reader.timm, "get_pretrained_cfg", lambda name: settings)
    monkeypatch.setattr(reader.timm, "create_model", create)
    network = load_network("timm:mine", tmp_path)
    assert network.average_image.shape == (2, 40, 48)
    assert network.average_image[:, 0, 0].tolist() == pytest.approx([76.5, 102])
    assert network.input_std == pytest.approx(0.15)
    results = measure_network(network, read_photograph(None)[0])
    (row, *_) = zoo_rows(network, results, "photo")
    assert (row["input_std"], row["resolution"]) == pytest.approx((0.15, math.sqrt(40 * 48)))
    assert all(math.isfinite(m.result.gain[1]) for m in results if m.projection == "inverse-score")
