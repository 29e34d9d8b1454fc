"""An architecture of a name, built for images of a shape, and seen to take them."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.files.checksums import sha256_of_file
from maxgain.networks.registry import NETWORKS, NetworkRow


def build_network(
    architecture: str, shape: tuple[int, int, int], classes: int, capacity: float = 1.0
) -> nn.Module:
    """Network of an architecture for images of a shape (channels, height, width).

    Two black images pass through it, so that a network that does not fit is found before anything
    is trained.

    Parameters
    ----------
    architecture
        A name of `maxgain.networks.registry.NETWORKS`, "timm:NAME", "torchvision:NAME" or
        "package.module:function".
    capacity
        Factor on the number of filters (figure 13).

    Raises
    ------
    InputError
        Unknown name, images or a capacity that the network does not take, a function that fails
        or returns no `torch.nn.Module`, or logits that are not (batch, classes).
    """
    network = construct_network(architecture, shape, classes, capacity)
    _check_logits(network, architecture, shape, classes)
    return network


def construct_network(
    architecture: str, shape: tuple[int, int, int], classes: int, capacity: float = 1.0
) -> nn.Module:
    """Network as `build_network` gives it, without a pass through it: for torch's meta device.

    Raises
    ------
    InputError
        As `build_network`, but for the logits.
    """
    row = NETWORKS.find(architecture)
    row.check(shape, classes, capacity)
    function = NETWORKS.load(architecture)
    channels, height, width = shape
    arguments: dict[str, Any] = {
        "channels": channels,
        "height": height,
        "width": width,
        "classes": classes,
    }
    if row.library_name:
        arguments["name"] = row.library_name
    if row.capacities is not None or (row.is_users and _takes_capacity(function)):
        arguments["capacity"] = capacity
    elif capacity != 1:
        raise InputError(f"capacity is {capacity:g}; the network '{architecture}' allows only 1.")
    return _called(function, arguments, row)


def source_checksum(architecture: str) -> str | None:
    """SHA-256 of the module in which a user's function stands; None for any other architecture.

    Raises
    ------
    InputError
        Unknown name, or the function cannot be imported.
    """
    if not NETWORKS.find(architecture).is_users:
        return None
    module = inspect.getmodule(NETWORKS.load(architecture))
    path = getattr(module, "__file__", None)
    return None if path is None else sha256_of_file(Path(path))


def _takes_capacity(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # A builtin, or no function at all.
        return False
    return "capacity" in parameters


def _called(function: Callable[..., Any], arguments: dict[str, Any], row: NetworkRow) -> nn.Module:
    if row.is_users:
        try:
            network = function(**arguments)
        except InputError:
            raise
        except Exception as error:  # A user's function may raise anything.
            given = ", ".join(f"{name}={value}" for name, value in arguments.items())
            raise InputError(
                f"network '{row.name}': its function, called with {given}, fails: {_said(error)}."
            ) from error
    else:
        network = function(**arguments)
    if not isinstance(network, nn.Module):
        raise InputError(
            f"network '{row.name}': its function returned a {type(network).__name__}; a "
            "torch.nn.Module is needed."
        )
    return network


def _check_logits(
    network: nn.Module, architecture: str, shape: tuple[int, int, int], classes: int
) -> None:
    size = " x ".join(str(length) for length in shape)
    network.eval()
    try:
        with torch.no_grad():
            logits = network(torch.zeros(2, *shape))
    except Exception as error:  # So may its forward pass.
        raise InputError(
            f"network '{architecture}' does not take images of {size} (channels, height, width): "
            f"{_said(error)}."
        ) from error
    finally:
        network.train()
    if not isinstance(logits, Tensor) or tuple(logits.shape) != (2, classes):
        found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise InputError(
            f"network '{architecture}' gives {found} for 2 images; logits (2, {classes}) are "
            "needed."
        )


def _said(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).removesuffix(".")
