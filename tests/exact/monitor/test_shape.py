"""The shape of the images that a network says it takes."""

from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from maxgain import GainMonitor, ScaledInput
from maxgain.errors import InputError
from maxgain.monitor.shape import image_shape, shape_of_processor, shape_of_weights


def network_with(**declared: Any) -> nn.Module:
    network = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    for name, value in declared.items():
        setattr(network, name, value)
    return network


@pytest.mark.parametrize(
    ("declared", "shape"),
    [
        ({"pretrained_cfg": {"input_size": (3, 224, 192)}}, (3, 224, 192)),
        ({"default_cfg": SimpleNamespace(input_size=(1, 32, 32))}, (1, 32, 32)),
        ({"config": SimpleNamespace(image_size=32, num_channels=1)}, (1, 32, 32)),
        ({"config": SimpleNamespace(image_size=[48, 32], num_channels=4)}, (4, 48, 32)),
        ({"config": {"image_size": {"height": 8, "width": 9}}}, (3, 8, 9)),
    ],
)
def test_declared_shapes_are_taken(declared: dict[str, Any], shape: tuple[int, int, int]) -> None:
    network = network_with(**declared)
    assert image_shape(network) == shape
    channels = shape[0]
    wrapped = ScaledInput(network, [0.0] * channels, [1.0] * channels)
    assert image_shape(wrapped) == shape
    assert image_shape(nn.DataParallel(wrapped)) == shape


def test_monitor_takes_the_declared_shape() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(2 * 6 * 5, 3))
    network.pretrained_cfg = {"input_size": (2, 6, 5)}
    monitor = GainMonitor(network)
    monitor.record()
    assert monitor.gains[0].shape == (2,)


@pytest.mark.parametrize(
    "declared",
    [{}, {"config": SimpleNamespace(hidden_size=8)}, {"pretrained_cfg": {"input_size": None}}],
)
def test_networks_that_declare_none_need_a_shape(declared: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"give shape=\(channels, height, width\)"):
        image_shape(network_with(**declared))


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("resnet18", {}, (3, 224, 224)),
        ("test_vit", {}, (3, 160, 160)),
        ("resnet18", {"in_chans": 1}, (1, 224, 224)),
        ("test_vit", {"img_size": 64, "in_chans": 2}, (2, 64, 64)),
        ("test_resnet", {"pretrained_cfg_overlay": {"input_size": (3, 96, 64)}}, (3, 96, 64)),
    ],
)
def test_networks_of_timm_are_measured_as_they_were_built(
    name: str, options: dict[str, Any], shape: tuple[int, int, int]
) -> None:
    import timm

    network = timm.create_model(name, **options)
    assert image_shape(network) == shape
    GainMonitor(network, impulses=0).record()


def test_networks_of_hugging_face() -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_sizes": [4, 8], "depths": [1, 1]}
    convnext = transformers.ConvNextConfig(image_size=32, num_channels=1, num_stages=2, **sizes)
    network = transformers.ConvNextForImageClassification(convnext)
    assert image_shape(network) == (1, 32, 32)
    GainMonitor(network, impulses=0).record()
    resnet = transformers.ResNetForImageClassification(
        transformers.ResNetConfig(embedding_size=4, **sizes)
    )
    with pytest.raises(InputError, match="the network ResNetForImageClassification does not say"):
        image_shape(resnet)
    resized = transformers.ViTImageProcessor(size={"height": 32, "width": 48})
    assert shape_of_processor(resized, 3) == (3, 32, 48)
    cropped = transformers.CLIPImageProcessor(crop_size={"height": 24, "width": 16})
    assert shape_of_processor(cropped, 1) == (1, 24, 16)
    assert shape_of_processor(transformers.ConvNextImageProcessor(), 3) is None
    assert shape_of_processor(None, 3) is None


def test_weights_of_torchvision() -> None:
    from torchvision import models
    from torchvision.models import detection, optical_flow, quantization

    assert shape_of_weights(models.EfficientNet_B1_Weights.DEFAULT) == (3, 240, 240)
    assert shape_of_weights(models.Inception_V3_Weights.DEFAULT) == (3, 299, 299)
    assert shape_of_weights(quantization.ResNet18_QuantizedWeights.DEFAULT) == (3, 224, 224)
    for weights in (
        detection.FasterRCNN_ResNet50_FPN_Weights.DEFAULT,
        optical_flow.Raft_Small_Weights.DEFAULT,
        None,
    ):
        with pytest.raises(InputError, match="it must be weights of torchvision for classifying"):
            shape_of_weights(weights)
    shapes = [shape_of_weights(models.get_model_weights(name).DEFAULT)
              for name in models.list_models(module=models)]  # fmt: skip
    assert len(shapes) > 50
    assert {channels for channels, _, _ in shapes} == {3}
