"""Reads weights files of torch without unpickling objects."""

from pathlib import Path

import torch
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.files.checksums import check_checksum


def read_state_dict(path: Path, checksum: str = "") -> dict[str, Tensor]:
    """Tensors of a weights file by name, in the file's order.

    Parameters
    ----------
    checksum
        SHA-256 of the file, or its beginning; not checked if empty.

    Raises
    ------
    InputError
        The file is missing, of another checksum, damaged, or holds anything but tensors.
    """
    check_checksum(path, checksum)
    try:
        # weights_only: a foreign file's pickled code is refused, not run.
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types on damaged bytes
        raise InputError(
            f"{path} is not a readable weights file: {str(error).strip().splitlines()[0]}"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(x, Tensor) for x in state.values()):
        raise InputError(f"{path} holds something else than named tensors.")
    return state  # itself, not a copy: it carries the versions of its layers along


def load_by_name(network: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Give a network the tensors of a file by their names.

    Raises
    ------
    InputError
        Names or shapes do not fit.
    """
    try:
        network.load_state_dict(state, assign=True)
    except (RuntimeError, ValueError) as error:
        first = " ".join(str(error).split())[:200]
        raise InputError(f"{path} does not fit the network: {first}") from error


def load_by_order(network: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Give a network the tensors of a file by their order, whatever their names.

    Raises
    ------
    InputError
        The numbers of tensors differ, or the shapes of two.
    """
    own = network.state_dict()
    if len(own) != len(state):
        raise InputError(f"{path} holds {len(state)} tensors; the network has {len(own)}.")
    for (own_name, old), (name, new) in zip(own.items(), state.items(), strict=True):
        if old.shape != new.shape:
            raise InputError(
                f"{path}: '{name}' has the shape {tuple(new.shape)}; the network's '{own_name}' "
                f"has {tuple(old.shape)}."
            )
    network.load_state_dict(dict(zip(own, state.values(), strict=True)))
