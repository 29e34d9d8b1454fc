"""How a network starts and learns: initial values, learning-rate multipliers, weight decay.

The values of the paper's networks are those of MatConvNet's public examples, which the paper
trained without restating them. A recipe stands beside its architecture and is named by the row of
`maxgain.networks.registry`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from maxgain.errors import InputError
from maxgain.networks.building import build_network
from maxgain.networks.registry import NETWORKS
from maxgain.registry import load_function

Layer = nn.Conv2d | nn.Linear


@dataclass(frozen=True)
class Recipe:
    """Initial values and learning-rate multipliers of a network's layers, first to last.

    Layers are the convolutions and matrix products; all other parameters keep the library's initial
    values and learn with the multiplier 1.

    Attributes
    ----------
    initial_std
        Standard deviation of a layer's initial weights, given its place, the number of layers and
        the layer itself; biases start at 0.
    rates
        Learning-rate multipliers (weights, biases) of all layers but the last.
    last_rates
        Those of the last layer.
    weight_decay
        On all parameters alike, as MatConvNet's trainer applies it.
    """

    initial_std: Callable[[int, int, Layer], float]
    rates: tuple[float, float]
    last_rates: tuple[float, float]
    weight_decay: float


INITIALISATIONS = ("recipe", "library")
"""Initial values of the network's recipe (of the library where it has none), or torch's own."""


def find_recipe(architecture: str) -> Recipe | None:
    """Recipe of an architecture, None where its row names none.

    Raises
    ------
    InputError
        Unknown name.
    """
    address = NETWORKS.find(architecture).recipe
    if not address:
        return None
    recipe: Recipe = load_function(address, f"recipe of the network '{architecture}'")
    return recipe


def initial_network(
    architecture: str,
    shape: tuple[int, int, int],
    classes: int,
    capacity: float,
    initialisation: str,
    seed: int,
) -> nn.Module:
    """A network at its initial values, which depend on the seed alone.

    The process's own random numbers are left where they were.

    Parameters
    ----------
    architecture, shape, classes, capacity
        As in `maxgain.networks.building.build_network`.
    initialisation
        One of `INITIALISATIONS`.

    Raises
    ------
    InputError
        The network cannot be built, or the initialisation is not known.
    """
    if initialisation not in INITIALISATIONS:
        raise InputError(
            f"initialisation is '{initialisation}'; allowed are {', '.join(INITIALISATIONS)}."
        )
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = build_network(architecture, shape, classes, capacity)
    if initialisation == "recipe":
        initialise(network, architecture, torch.Generator().manual_seed(seed))
    return network


def initialise(network: nn.Module, architecture: str, generator: torch.Generator) -> None:
    """Draw weights from N(0, std^2) of a network's recipe, in place, and zero biases.

    Without a recipe the network keeps the values that it was built with.
    """
    recipe = find_recipe(architecture)
    if recipe is None:
        return
    layers = _layers(network)
    with torch.no_grad():
        for place, layer in enumerate(layers):
            std = recipe.initial_std(place, len(layers), layer)
            layer.weight.normal_(0.0, std, generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()


def parameter_rates(network: nn.Module, architecture: str) -> dict[float, list[nn.Parameter]]:
    """Every parameter of a network once, grouped by its learning-rate multiplier.

    A parameter that layers share has the multiplier of the first of them. Those that are not to
    learn are left out.
    """
    recipe, layers = find_recipe(architecture), _layers(network)
    multipliers: dict[nn.Parameter, float] = {}
    for layer in layers if recipe else []:
        assert recipe is not None
        rates = recipe.last_rates if layer is layers[-1] else recipe.rates
        for rate, parameter in zip(rates, (layer.weight, layer.bias), strict=True):
            if isinstance(parameter, nn.Parameter):
                multipliers.setdefault(parameter, rate)
    groups: dict[float, list[nn.Parameter]] = {}
    own = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in own:
        groups.setdefault(multipliers.get(parameter, 1.0), []).append(parameter)
    return groups


def weight_decay_of(architecture: str, given: float | None) -> float:
    """Weight decay of a training: what is given, else the recipe's, else 0."""
    if given is not None:
        return given
    recipe = find_recipe(architecture)
    return 0.0 if recipe is None else recipe.weight_decay


def _layers(network: nn.Module) -> list[Layer]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
