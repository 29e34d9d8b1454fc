"""Architectures by name: facts, libraries' networks, a user's functions, and what is refused."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.networks.building import build_network, construct_network
from maxgain.networks.recipes import initial_network, parameter_rates, weight_decay_of
from maxgain.networks.registry import NETWORKS, products

HERE = "tests.exact.networks.test_registry"
SHAPE = (3, 8, 9)


def linear(channels: int, height: int, width: int, classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, classes))


def wide(channels: int, height: int, width: int, classes: int, capacity: float = 1.0) -> nn.Module:
    filters = round(8 * capacity)
    return nn.Sequential(
        nn.Conv2d(channels, filters, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    )


def no_module(**shape: int) -> str:
    return "network"


def failing(**shape: int) -> nn.Module:
    raise KeyError("a table")


def other_arguments(images: int) -> nn.Module:
    return nn.Linear(1, 1)


def other_logits(channels: int, height: int, width: int, classes: int) -> nn.Module:
    return nn.Flatten()


class Pair(nn.Module):
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return images, images


def two_outputs(**shape: int) -> nn.Module:
    return Pair()


not_callable = 3


def test_facts_are_known_without_torch() -> None:
    code = (
        "import sys\n"
        "from maxgain.networks.registry import NETWORKS, products\n"
        "from maxgain.data.registry import AUGMENTATIONS\n"
        "from maxgain.training.registry import OPTIMISERS\n"
        "NETWORKS.find('timm:resnet18'); NETWORKS.find('nin').check((3, 32, 32), 10, 1)\n"
        "OPTIMISERS.find('adamw'); AUGMENTATIONS.find('flip-and-crop')\n"
        "print(sorted({'torch', 'numpy', 'pandas', 'timm'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_products_order_jobs() -> None:
    assert products("nin", 1) == 200
    assert products("lenet-mnist", 1) == 2.3
    assert products("lenet-cifar", 4) == pytest.approx(2.5 * 4 + 9.9 * 16)
    assert products("timm:resnet18", 1) is None
    assert products(f"{HERE}:linear", 1) is None


@pytest.mark.parametrize("capacity", [0.25, 1.0, 2.0])
@pytest.mark.parametrize("name", ["lenet-cifar", "resnet20", "nin", "lenet-mnist"])
def test_products_are_those_of_the_layers(name: str, capacity: float) -> None:
    shape = (1, 28, 28) if name == "lenet-mnist" else (3, 32, 32)
    if NETWORKS.find(name).capacities is None:
        capacity = 1.0
    network, counted = build_network(name, shape, 10, capacity), 0

    def count(layer: nn.Module, _: Any, outputs: Tensor) -> None:
        nonlocal counted
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        counted += outputs[0].numel() * layer.weight[0].numel()

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    network(torch.zeros(2, *shape))
    assert products(name, capacity) == pytest.approx(counted / 1e6, rel=0.12)


@pytest.mark.parametrize(
    ("name", "channels", "size"),
    [
        ("timm:resnet10t", 1, 64),
        ("timm:vit_tiny_patch16_224", 2, 64),  # Its size is an argument.
        ("torchvision:squeezenet1_1", 3, 64),
        ("torchvision:resnet18", 1, 64),
    ],
)
def test_networks_of_libraries(name: str, channels: int, size: int) -> None:
    def made(seed: int) -> nn.Module:
        return initial_network(name, (channels, size, size), 7, 1.0, "recipe", seed)

    first, second, other = made(0), made(0), made(1)
    state = torch.random.get_rng_state()
    assert first.eval()(torch.zeros(2, channels, size, size)).shape == (2, 7)
    assert torch.equal(torch.random.get_rng_state(), state)
    for key, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[key]), key
    assert any(
        not torch.equal(one, two)
        for one, two in zip(first.parameters(), other.parameters(), strict=True)
    )
    groups = parameter_rates(first, name)
    assert list(groups) == [1.0]
    assert {id(p) for p in groups[1.0]} == {id(p) for p in first.parameters()}
    assert weight_decay_of(name, None) == 0


def test_logits_are_checked_in_evaluation_and_training_goes_on() -> None:
    network = build_network("resnet20", (3, 8, 8), 4)
    assert network.training
    assert int(network.state_dict()["normalisation1.num_batches_tracked"]) == 0


@pytest.mark.parametrize("capacity", [1.0, 2.0])
def test_users_function_is_called_with_the_capacity_that_it_takes(capacity: float) -> None:
    network = construct_network(f"{HERE}:wide", SHAPE, 4, capacity)
    assert network[0].out_channels == 8 * capacity


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((f"{HERE}:linear", SHAPE, 4, 2.0), "capacity is 2; the network .* allows only 1"),
        ((f"{HERE}:linear", SHAPE, 4, float("nan")), "capacity is nan; .* allows only 1"),
        ((f"{HERE}:wide", SHAPE, 4, -1.0), "capacity is -1; .* allows only 1"),
        ((f"{HERE}:wide", SHAPE, 5), r"gives \(2, 4\) for 2 images; logits \(2, 5\) are needed"),
        ((f"{HERE}:wide", SHAPE, 4, 2.0), "does not take images of 3 x 8 x 9 .*: mat1 and mat2"),
        ((f"{HERE}:other_logits", SHAPE, 4), r"gives \(2, 216\) for 2 images"),
        ((f"{HERE}:two_outputs", SHAPE, 4), "gives tuple for 2 images"),
        ((f"{HERE}:no_module", SHAPE, 4), "returned a str; a torch.nn.Module is needed"),
        (
            (f"{HERE}:failing", SHAPE, 4),
            "called with channels=3, height=8, width=9, classes=4, fails: 'a table'",
        ),
        ((f"{HERE}:other_arguments", SHAPE, 4), "fails: .*unexpected keyword argument 'channels'"),
        ((f"{HERE}:not_callable", SHAPE, 4), "test_registry:not_callable is not a function"),
        ((f"{HERE}:missing", SHAPE, 4), f"the module {HERE} has no 'missing'"),
        (("no_such_package:f", SHAPE, 4), "cannot be imported: No module named 'no_such_package'"),
        (("timm:resnet18x", SHAPE, 4), "timm has no network 'resnet18x'; similar ones are "),
        (("torchvision:resnet18x", SHAPE, 4), "similar ones are .*resnet18"),
        (("torchvision:fasterrcnn_resnet50_fpn", SHAPE, 4), "no classification network"),
        (("torchvision:vit_b_32", (3, 64, 64), 4), "does not take images of 3 x 64 x 64"),
        (("torchvision:alexnet", (3, 16, 16), 4), "does not take images of 3 x 16 x 16"),
        (("timm:resnet10t", SHAPE, 4, 0.5), "capacity is 0.5; .* allows only 1"),
        (("timm:", SHAPE, 4), "network 'timm:' is not known"),
        (("resnet2O", SHAPE, 4), "did you mean 'resnet20'"),
        (("resnet20", SHAPE, 4, 65.0), "capacity is 65; .* takes 1/16 to 64"),
        (("resnet20", SHAPE, 0), "classes is 0"),
    ],
)
def test_each_failure_is_one_sentence(arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        build_network(*arguments)
    assert "\n" not in str(caught.value)


# --- ResNet-20 and rates of any parameters


def test_resnet20_is_that_of_the_paper() -> None:
    network = build_network("resnet20", (3, 32, 32), 10)
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 20  # Option A: no shortcut has parameters.
    assert [layer.weight.shape[0] for layer in layers] == [16] * 7 + [32] * 6 + [64] * 6 + [10]
    # "0.27M" (He et al. 2016, table 6).
    assert sum(p.numel() for p in network.parameters()) == 269_722
    sizes: list[tuple[int, ...]] = []
    for name in ("stage1", "stage2", "stage3"):
        network.get_submodule(name).register_forward_hook(
            lambda _, __, outputs: sizes.append(tuple(outputs.shape[1:]))
        )
    network(torch.zeros(1, 3, 32, 32))
    assert sizes == [(16, 32, 32), (32, 16, 16), (64, 8, 8)]


def test_shortcuts_of_resnet20_take_every_second_pixel_and_pad_channels() -> None:
    network = build_network("resnet20", (3, 12, 12), 10).eval()
    block = network.get_submodule("stage2.0")
    with torch.no_grad():
        for module in block.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.zero_()
    features = torch.rand(2, 16, 12, 12)
    found = block(features)
    assert torch.equal(found[:, 8:24], features[:, :, ::2, ::2])
    assert not found[:, :8].any()
    assert not found[:, 24:].any()


def test_resnet20_starts_as_he_et_al_say() -> None:
    network = initial_network("resnet20", (3, 32, 32), 10, 1.0, "recipe", 0)
    weights = network.get_submodule("stage3.1.convolution1").weight.detach()
    assert float(weights.std()) == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert (network.get_submodule("normalisation1").weight == 1).all()
    assert weight_decay_of("resnet20", None) == 1e-4


class _Odd(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3, bias=False)
        self.norm = nn.LayerNorm(3)
        self.frozen = nn.Parameter(torch.ones(1), requires_grad=False)
        self.last = nn.Linear(3, 3)
        self.last.weight = self.first.weight


@pytest.mark.parametrize("name", ["lenet-cifar", "nin", "timm:resnet18"])
def test_rates_cover_every_parameter_once(name: str) -> None:
    network = _Odd()
    groups = parameter_rates(network, name)
    listed = [id(p) for group in groups.values() for p in group]
    assert sorted(listed) == sorted(id(p) for p in network.parameters() if p.requires_grad)
    found = {id(p): rate for rate, group in groups.items() for p in group}
    rates: Callable[[nn.Parameter], float] = lambda p: found[id(p)]  # noqa: E731
    assert list(parameter_rates(network, name, "library")) == [1.0]
    assert rates(network.norm.weight) == 1
    tied, bias = {"lenet-cifar": (0.1, 0.2), "nin": (1, 0.01)}.get(name, (1, 1))
    assert rates(network.first.weight) == tied  # That of the first layer that has it.
    assert rates(network.last.bias) == bias
