"""Which design a network is of, by its name; what that makes of the networks that claims judge."""

import math
from collections import Counter

import pytest

from maxgain.errors import InputError
from maxgain.zoo.architectures import Architecture, find_architecture, parse_architecture
from maxgain.zoo.names import compares_within
from maxgain.zoo.readers.torchvision import read_torchvision_registry
from maxgain.zoo.registry import read_registry


@pytest.mark.parametrize(
    ("name", "architecture", "year", "normalisation"),
    [
        ("mobilenet_v1_0.25_224_int8", "MobileNet V1", 2017, "batch norm"),
        ("mobilenetv2-7", "MobileNet V2", 2018, "batch norm"),
        ("tf_efficientnet_lite0-random", "EfficientNet", 2020, "batch norm"),
        ("efficientnet_v2_s", "EfficientNet", 2021, "batch norm"),
        ("efficientnet_b0", "EfficientNet", 2019, "batch norm"),
        ("fdmobilenet_0.5x", "FD-MobileNet and MENet", 2018, "batch norm"),
        ("menet108_8x1_g3", "FD-MobileNet and MENet", 2018, "batch norm"),
        ("bvlc_googlenet", "GoogLeNet", 2014, "LRN"),
        ("googlenet", "GoogLeNet", 2014, "batch norm"),
        ("inception-v1-12", "GoogLeNet", 2014, "LRN"),
        ("inception-v2-9", "Inception", 2015, "batch norm"),
        ("vgg-verydeep-16", "VGG", 2014, "none"),
        ("vgg-f", "CNN-F/M/S", 2014, "LRN"),
        ("vgg16_bn", "VGG", 2014, "batch norm"),
        ("vgg16-7", "VGG", 2014, "none"),
        ("caffe-alex", "AlexNet", 2012, "LRN"),
        ("alexnet", "AlexNet", 2012, "none"),
        ("wide_resnet50_2", "ResNet", 2016, "batch norm"),
        ("ResNet50", "ResNet", 2015, "batch norm"),
    ],
)
def test_the_first_row_that_fits_says_it(
    name: str, architecture: str, year: int, normalisation: str
) -> None:
    assert find_architecture(name) == Architecture(architecture, year, normalisation)


@pytest.mark.parametrize(
    ("name", "architecture"),
    [("mine_2", "mine"), ("mine-again", "mine"), ("Net34", "Net"), ("2net", "2net"), ("_x", "_x")],
)
def test_an_unknown_name_stands_for_its_first_letters(name: str, architecture: str) -> None:
    found = find_architecture(name)
    assert (found.name, found.normalisation) == (architecture, "")
    assert math.isnan(found.year)


def test_every_network_of_the_registries_has_a_known_design() -> None:
    names = [*read_registry(), *read_torchvision_registry()]
    unknown = [name for name in names if math.isnan(find_architecture(name).year)]
    assert unknown == []
    designs = Counter(find_architecture(name).name for name in read_torchvision_registry())
    assert designs["ResNet"] == len([n for n in read_torchvision_registry() if "res" in n])


def test_a_row_may_say_it_and_a_bad_year_is_named() -> None:
    said = {"architecture": " Mine ", "year": "2021", "normalisation": "layer norm"}
    assert parse_architecture(said, "m.csv") == Architecture("Mine", 2021, "layer norm")
    assert parse_architecture({"year": "2021"}, "m.csv") is None
    for year in ("21", "1800", "soon", "20210"):
        with pytest.raises(InputError, match=rf"m\.csv, year is '{year}'; it must be four digits"):
            parse_architecture(said | {"year": year}, "m.csv")


def test_whether_architectures_can_be_compared_within() -> None:
    assert not compares_within([])
    assert not compares_within(["tf_efficientnet_lite0", "tf_efficientnet_lite1"])
    lite = [f"tf_efficientnet_lite{number}" for number in range(3)]
    # Controls are no fourth network.
    assert not compares_within([*lite, *(f"{name}-random" for name in lite)])
    assert compares_within([*lite, "efficientnet_b0"])
