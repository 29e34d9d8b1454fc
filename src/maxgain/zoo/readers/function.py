"""Networks that a function of the user's returns, `package.module:function`."""

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.registry import load_function
from maxgain.response.conditions import evaluation_mode
from maxgain.response.guards import checked_network
from maxgain.zoo.centring import lift_mean
from maxgain.zoo.network import (
    GivenInput,
    MeanInside,
    PretrainedNetwork,
    after_mean_subtraction,
    frozen,
    mean_colour_image,
)
from maxgain.zoo.registry import RegistryRow, Scaling

DEFAULT_SIDE = 224
"""Pixels of a side of the image given to a user's own network, unless they say otherwise."""


_COMMON_CHANNELS = (3, 1, 4)


_NO_MEAN = (
    "no mean is seen in the network or given: natural images are measured as they are, without "
    "mean subtraction (--mean, --std)"
)


def load_function_network(row: RegistryRow, folder: Path, given: GivenInput) -> PretrainedNetwork:
    """Network that a user's function returns, called without arguments.

    It may return a `torch.nn.Module` of logits that takes a batch of 0-255 pixels (wrap it in
    `maxgain.ScaledInput` if it expects others: its mean is found there); a pair of a module and a
    `Scaling`, for a module that expects (x / 255 - mean) / std of its caller; or a
    `PretrainedNetwork`.

    Raises
    ------
    InputError
        No such module or function, it fails or returns something else, or the network takes no
        image of the given shape.
    """
    result = _call(row.source)
    if isinstance(result, PretrainedNetwork):
        if given != GivenInput():
            raise InputError(
                f"'{row.name}' returns a PretrainedNetwork, which says its input itself; leave out "
                "--shape, --mean and --std."
            )
        return result
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Scaling):
        network, scaling = result
        if given.mean is not None or given.std is not None:
            raise InputError(
                f"'{row.name}' returns its scaling beside its network; leave out --mean and --std."
            )
        given = GivenInput(given.shape, scaling.mean, scaling.std, given.side)
        order = scaling.order
    else:
        network, order = result, "RGB"
    if not isinstance(network, nn.Module):
        raise InputError(
            f"'{row.name}' returned a {type(network).__name__}; a torch.nn.Module is needed."
        )
    checked_network(network)  # before it is tried: a trial would shape what has no shape yet
    shape = given.shape or _found_shape(row.name, network, given.side or DEFAULT_SIDE)
    return pretrained_of_user(row, network, given, shape, order=order, weights=row.name)


def pretrained_of_user(
    row: RegistryRow,
    network: nn.Module,
    given: GivenInput,
    shape: tuple[int, int, int],
    *,
    weights: str,
    order: str = "RGB",
    class_names: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> PretrainedNetwork:
    """A user's network as one of pixels after mean subtraction, whoever subtracts the mean.

    Raises
    ------
    InputError
        The mean is said and seen in the network too, or is of another number of channels.
    """
    centred, average, said = _centred(row.name, frozen(network), given, shape, order)
    return PretrainedNetwork(
        name=row.name,
        family=row.family,
        network=frozen(centred),
        average_image=average,
        interpolation=row.interpolation,
        class_names=class_names,
        top5_error=row.top5_error,
        weights=weights,
        precision=row.precision,
        notes=(*notes, *said),
        input_std=math.nan if given.std is None else fmean(given.std),
    )


def _centred(
    name: str, network: nn.Module, given: GivenInput, shape: tuple[int, int, int], order: str
) -> tuple[nn.Module, Tensor, tuple[str, ...]]:
    """Network of pixels after mean subtraction, its average image, and what is to be said."""
    if given.std is not None:
        scaling = Scaling(given.mean or (0.0,), given.std, "BGR" if order == "BGR" else "RGB")
        centred = after_mean_subtraction(network, scaling, shape[0])
        return centred, mean_colour_image(scaling, shape), ()
    found = lift_mean(network)
    lifted, seen = (network, torch.zeros(1, 1, 1)) if found is None else found
    if given.mean is None:
        notes = () if bool(seen.any()) else (_NO_MEAN,)
        return lifted, _spread(name, seen.cpu(), shape), notes
    if bool(seen.any()):
        raise InputError(
            f"'{name}' subtracts the mean {_listed(seen)} (0-255) itself, where it can be seen; "
            "leave out --mean."
        )
    average = mean_colour_image(Scaling(given.mean, (1.0,)), shape)
    # A visible scaling without a mean takes pixels after mean subtraction already.
    return MeanInside(network, average) if found is None else lifted, average, ()


def _spread(name: str, mean: Tensor, shape: tuple[int, int, int]) -> Tensor:
    if len(mean) not in (1, shape[0]):
        raise InputError(
            f"'{name}' subtracts a mean of {len(mean)} channels; the image has {shape[0]}."
        )
    return mean.expand(shape).contiguous()


def _listed(mean: Tensor) -> str:
    return ", ".join(f"{value:g}" for value in mean.flatten().tolist())


def _call(address: str) -> object:
    with _working_folder_importable():
        function = load_function(address, f"network '{address}'")
        if not callable(function):
            raise InputError(f"'{address}' is not a function.")
        try:
            return function()
        except InputError:
            raise
        except Exception as error:  # A user's function may raise anything.
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(f"'{address}' fails: {type(error).__name__}: {said}.") from error


@contextmanager
def _working_folder_importable() -> Iterator[None]:
    """The working folder, where users keep their modules, on the path for the time of a call.

    The console script's path lacks it; what the call imports lazily later has been found by then.
    """
    folder = os.getcwd()
    added = "" not in sys.path and folder not in sys.path
    if added:
        sys.path.insert(0, folder)
    try:
        yield
    finally:
        if added and folder in sys.path:
            sys.path.remove(folder)


def _found_shape(name: str, network: nn.Module, side: int) -> tuple[int, int, int]:
    """Shape of the square image that the network takes: its channels are found by trying.

    The first convolution that a network registers need not be the first that it runs.
    """
    registered = [m.in_channels for m in network.modules() if isinstance(m, nn.Conv2d)]
    refusals = {}
    for channels in dict.fromkeys((*registered[:1], *_COMMON_CHANNELS, *registered)):
        refusals[channels] = _refusal(network, (channels, side, side))
        if not refusals[channels]:
            return channels, side, side
    channels = 1 if registered[:1] == [1] else 3
    raise InputError(
        f"'{name}' takes no image of {channels} x {side} x {side} ({refusals[channels]}); say the "
        "shape of its input with --shape CHANNELS,HEIGHT,WIDTH."
    )


def _refusal(network: nn.Module, shape: tuple[int, int, int]) -> str:
    """What a network says of an image that it does not take; empty where it takes it."""
    like = next(iter(network.parameters()), torch.zeros(1))
    image = torch.zeros(1, *shape, dtype=like.dtype, device=like.device)
    try:
        with torch.no_grad(), evaluation_mode(network):
            network(image)
    except Exception as error:  # A user's network may raise anything.
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    return ""
