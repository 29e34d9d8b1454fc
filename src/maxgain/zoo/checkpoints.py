"""Weights out of the checkpoints that trainings leave, whoever wrote them.

Below the monitor, which follows a folder of them, and beside the readers of published weights: what
a foreign file may hold is said there.
"""

import argparse
import json
import math
import pathlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.files.tensors import reading_safetensors

SUFFIXES = (".pt", ".pth", ".pth.tar", ".ckpt", ".safetensors", ".safetensors.index.json")
"""Of checkpoints; the last one is the index of several safetensors files."""

_WEIGHTS = ("state_dict", "model_state_dict", "model")
"""Keys of the weights in a checkpoint: Lightning's and timm's, torch's tutorials', others'."""

_AVERAGED = ("state_dict_ema", "model_ema", "ema_state_dict", "ema")
"""Keys of their exponential moving averages."""


def read_checkpoint(path: Path, averaged: bool = False) -> dict[str, Tensor]:
    """Named tensors of a checkpoint; no code that it holds is executed.

    Parameters
    ----------
    averaged
        Take the exponential moving average of the weights instead of the weights.

    Raises
    ------
    InputError
        The file is missing, damaged, holds code, or holds no such weights.
    """
    _check_file(path)
    if path.name.endswith(".index.json"):
        stored: Any = _read_shards(path)
    elif path.suffix == ".safetensors":
        stored = _read_safetensors(path)
    else:
        stored = _read_pickle(path)
    for key in _AVERAGED if averaged else _WEIGHTS:
        if isinstance(stored, Mapping) and isinstance(stored.get(key), Mapping):
            return _tensors(stored[key], path)
    if averaged:
        raise InputError(f"{path} holds no averaged weights; their keys are {list(_AVERAGED)}.")
    return _tensors(stored, path)


def said_epoch(path: Path) -> int | None:
    """Epoch that a checkpoint says it was written after; None where it says none.

    Lightning and timm count from 0 and are put right. Of others it is the number under "epoch", and
    of Hugging Face's folders that of `trainer_state.json`, rounded up.

    Raises
    ------
    InputError
        The file is missing or damaged, or holds code.
    """
    _check_file(path)
    if path.name.endswith((".safetensors", ".safetensors.index.json")):
        return _trainers_epoch(path.parent / "trainer_state.json")
    stored = _read_pickle(path)
    if not isinstance(stored, Mapping):
        return None
    epoch: object = stored.get("epoch")
    if not isinstance(epoch, int) or epoch < 0:
        return None
    from_zero: bool = "pytorch-lightning_version" in stored or {"arch", "version"} <= set(stored)
    return int(epoch) + from_zero


def _trainers_epoch(path: Path) -> int | None:
    try:
        epoch = float(json.loads(path.read_text(encoding="utf-8"))["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return max(1, math.ceil(epoch - 1e-6))  # a sum of rounded steps


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path} is not a file; a checkpoint is one of {', '.join(SUFFIXES)}.")


def load_checkpoint(network: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Give a network the weights of a checkpoint, under whatever prefix they stand in it.

    A wrapper's names ("module.", "_orig_mod.", a Lightning module's attribute) go before those of
    the network; tensors outside of that prefix are no part of it.

    Raises
    ------
    InputError
        Names or shapes do not fit: the sentence names the first of each kind.
    """
    own = network.state_dict()
    if not own:
        raise InputError(
            f"the network {type(network).__name__} has no weights, so no checkpoint is one of it."
        )
    network.load_state_dict(
        matched_tensors(state, {name: tuple(value.shape) for name, value in own.items()}, path)
    )


def matched_tensors(
    state: Mapping[str, Tensor], wanted: Mapping[str, tuple[int, ...]], path: Path
) -> dict[str, Tensor]:
    """Tensors of a checkpoint by the names of an architecture, as in `load_checkpoint`.

    Parameters
    ----------
    wanted
        Shape of each tensor by name; one at least.

    Raises
    ------
    InputError
        Names or shapes do not fit: the sentence names the first of each kind.
    """
    state = {name.replace("_orig_mod.", ""): value for name, value in state.items()}
    inside = _without_prefix(state, list(wanted))
    missing = [name for name in wanted if name not in inside]
    unexpected = [name for name in inside if name not in wanted]
    if missing or unexpected:
        raise InputError(
            f"{path} is of another architecture: missing {_first(missing)}; unexpected "
            f"{_first(unexpected)}."
        )
    for name, shape in wanted.items():
        if tuple(inside[name].shape) != shape:
            raise InputError(
                f"{path}: '{name}' has the shape {tuple(inside[name].shape)}; the network's has "
                f"{shape}."
            )
    return inside


def _without_prefix(state: Mapping[str, Tensor], own: list[str]) -> dict[str, Tensor]:
    """Tensors by names without the prefix under which most names of the network are found."""
    prefixes = {
        name[: -len(wanted)]
        for wanted in (own[0], own[-1])
        for name in state
        if name == wanted or name.endswith(f".{wanted}")
    }
    best = max(
        sorted(prefixes, key=len), key=lambda p: sum(p + name in state for name in own), default=""
    )
    return {n.removeprefix(best): value for n, value in state.items() if n.startswith(best)}


def _first(names: list[str]) -> str:
    return f"'{names[0]}' ({len(names)} in all)" if names else "none"


def _tensors(stored: object, path: Path) -> dict[str, Tensor]:
    if not isinstance(stored, Mapping):
        raise InputError(f"{path} holds a {type(stored).__name__} instead of named tensors.")
    if others := [key for key, value in stored.items() if not isinstance(value, Tensor)]:
        raise InputError(
            f"{path} holds '{others[0]}' beside tensors, and none of {list(_WEIGHTS)} with the "
            "weights."
        )
    if not stored:
        raise InputError(f"{path} holds no tensors.")
    return dict(stored)


_PLAIN_RECORDS: list[Any] = [  # classes of no common type
    argparse.Namespace,
    *(pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath),
]
"""What is read beside tensors, as making one does nothing else: timm stores its script's arguments
beside the weights, Lightning a module's hyper-parameters."""


def _read_pickle(path: Path) -> object:
    try:
        with torch.serialization.safe_globals(_PLAIN_RECORDS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types on damaged bytes and refused code
        if refused := re.search(r"GLOBAL (\S+) was not an allowed global", str(error)):
            raise InputError(
                f"{path} holds an object of {refused[1]} beside its tensors, and what may run code "
                "is not unpickled; save the weights alone: torch.save(network.state_dict(), ...)."
            ) from error
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{path} is no readable checkpoint of tensors: {first}") from error


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    with reading_safetensors(path):
        return dict(load_file(path))


def _read_shards(index: Path) -> dict[str, Tensor]:
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{index} is no index of safetensors files: {error!r}.") from error
    tensors: dict[str, Tensor] = {}
    for name in sorted(map(str, names)):
        if Path(name).name != name:
            raise InputError(f"{index} names '{name}', which is not beside it.")
        tensors |= _read_safetensors(index.parent / name)
    return tensors
