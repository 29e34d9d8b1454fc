"""Networks that the user names: `timm:NAME`, or a function of theirs, `package.module:function`."""

import importlib
import math
import sys
from pathlib import Path

import torch
from torch import nn

from maxgain.errors import InputError
from maxgain.zoo.network import PretrainedNetwork
from maxgain.zoo.readers.timm import load_timm

DEFAULT_SIDE = 224
"""Pixels of a side of the image given to a user's own network, unless they say otherwise."""


def load_user_network(name: str, folder: Path, side: int | None = None) -> PretrainedNetwork:
    """Network that a user names.

    Parameters
    ----------
    name
        "timm:NAME": timm's network with its default pretrained weights, which timm downloads.
        "package.module:function": what the function returns, without arguments: a `torch.nn.Module`
        that takes a batch of 0-255 pixels (wrap it in `maxgain.networks.scaling.ScaledInput` if it
        expects others) and returns logits, or a `PretrainedNetwork`.
    folder
        Where timm keeps what it downloads.
    side
        Pixels of a side of the input; what the network was trained with if None.

    Raises
    ------
    InputError
        No such network, module or function, or the weights cannot be had.
    """
    if name.startswith("timm:"):
        return load_timm(name, folder, side)
    return _load_function(name, side)


def _load_function(name: str, side: int | None) -> PretrainedNetwork:
    module_name, _, function_name = name.partition(":")
    # The console script's path lacks the working folder, where users keep their modules.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, ValueError) as error:
        raise InputError(
            f"module '{module_name}' of '{name}' cannot be imported: {error}."
        ) from error
    except AttributeError as error:
        raise InputError(f"module '{module_name}' has no function '{function_name}'.") from error
    if not callable(function):
        raise InputError(f"'{name}' is not a function.")
    result = function()
    if isinstance(result, PretrainedNetwork):
        return result
    if not isinstance(result, nn.Module):
        raise InputError(
            f"'{name}' returned a {type(result).__name__}; a torch.nn.Module is needed."
        )
    side = side or DEFAULT_SIDE
    return PretrainedNetwork(
        name=name,
        family="user",
        network=result,
        average_image=torch.zeros(_input_channels(result), side, side),
        interpolation="bilinear",
        class_names=(),
        top5_error=math.nan,
        weights=name,
    )


def _input_channels(network: nn.Module) -> int:
    """Channels that the first convolution reads."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            return module.in_channels
    return 3
