"""How each network of the paper's section IV starts and learns: one table row per network.

The values are those of MatConvNet's public examples, which the paper trained without restating
them: initial standard deviations, learning-rate multipliers of weights and biases, weight decay.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt

import torch
from torch import nn

from maxgain.errors import InputError
from maxgain.networks.lenet import LeNetCIFAR, LeNetMNIST
from maxgain.networks.nin import NetworkInNetwork

Layer = nn.Conv2d | nn.Linear


@dataclass(frozen=True)
class Recipe:
    """Initial values and learning-rate multipliers of a network's layers, first to last.

    Attributes
    ----------
    build
        The architecture.
    initial_std
        Standard deviation of a layer's initial weights, given its place, the number of layers and
        the layer itself; biases start at 0.
    rates
        Learning-rate multipliers (weights, biases) of all layers but the last.
    last_rates
        Those of the last layer.
    weight_decay
        On weights and biases alike, as MatConvNet's trainer applies it.
    has_capacity
        Whether the number of filters can be multiplied (figure 13).
    """

    build: Callable[..., nn.Module]
    initial_std: Callable[[int, int, Layer], float]
    rates: tuple[float, float]
    last_rates: tuple[float, float]
    weight_decay: float
    has_capacity: bool = False


def _scaled_to_fan_in(place: int, count: int, layer: Layer) -> float:
    std = sqrt(2 / layer.weight[0].numel())
    return 0.1 * std if place == count - 1 else std


RECIPES: Mapping[str, Recipe] = {
    "lenet-mnist": Recipe(
        build=LeNetMNIST,
        initial_std=lambda place, count, layer: 0.01,
        rates=(1.0, 1.0),
        last_rates=(1.0, 1.0),
        weight_decay=5e-4,
    ),
    "lenet-cifar": Recipe(
        build=LeNetCIFAR,
        initial_std=lambda place, count, layer: 0.01 if place == 0 else 0.05,
        rates=(0.1, 2.0),
        last_rates=(0.01, 0.2),
        weight_decay=1e-4,
        has_capacity=True,
    ),
    "nin": Recipe(
        build=NetworkInNetwork,
        initial_std=_scaled_to_fan_in,
        rates=(1.0, 10.0),
        last_rates=(0.001, 0.01),
        weight_decay=5e-4,
    ),
}


def build_network(
    name: str, shape: tuple[int, int, int], classes: int, capacity: float = 1.0
) -> nn.Module:
    """Architecture of the paper's section IV for images of a shape (channels, height, width).

    Parameters
    ----------
    name
        One of `RECIPES`.
    capacity
        Factor on the number of filters (figure 13).

    Raises
    ------
    InputError
        Unknown name, an image too small for the network, or a capacity that it does not have.
    """
    if name not in RECIPES:
        raise InputError(f"network is '{name}'; allowed are {', '.join(RECIPES)}.")
    for what, number in (("channels", shape[0]), ("classes", classes)):
        if number < 1:
            raise InputError(f"{what} is {number}; the network '{name}' needs at least 1.")
    recipe = RECIPES[name]
    if recipe.has_capacity:
        return recipe.build(*shape, classes=classes, capacity=capacity)
    if capacity != 1:
        raise InputError(f"capacity is {capacity:g}; the network '{name}' allows only 1.")
    return recipe.build(*shape, classes=classes)


def initialise(name: str, network: nn.Module, generator: torch.Generator) -> None:
    """Draw a network's weights from N(0, std^2) of its recipe, in place, and zero its biases."""
    layers = _layers(network)
    with torch.no_grad():
        for place, layer in enumerate(layers):
            std = RECIPES[name].initial_std(place, len(layers), layer)
            layer.weight.normal_(0.0, std, generator=generator)
            assert layer.bias is not None
            layer.bias.zero_()


def parameter_rates(name: str, network: nn.Module) -> dict[float, list[nn.Parameter]]:
    """A network's parameters, grouped by their learning-rate multiplier."""
    recipe, layers = RECIPES[name], _layers(network)
    groups: dict[float, list[nn.Parameter]] = {}
    for layer in layers:
        rates = recipe.last_rates if layer is layers[-1] else recipe.rates
        for rate, parameter in zip(rates, (layer.weight, layer.bias), strict=True):
            assert isinstance(parameter, nn.Parameter)
            groups.setdefault(rate, []).append(parameter)
    return groups


def _layers(network: nn.Module) -> list[Layer]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
