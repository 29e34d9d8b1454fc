"""The stacked states of one training: whether they fit the network, and chunks of them."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from maxgain.errors import InputError


def checked_epochs(network: nn.Module, snapshots: Mapping[str, Tensor]) -> int:
    """Number of epochs that the snapshots hold.

    Raises
    ------
    InputError
        Names, shapes or numbers of epochs do not fit the network.
    """
    state = {
        name: value for name, value in network.state_dict().items() if isinstance(value, Tensor)
    }
    if not state:
        raise InputError("the network has no parameters; its snapshots cannot be measured.")
    if missing := sorted(state.keys() - snapshots.keys()):
        raise InputError(f"the snapshots lack '{missing[0]}', which the network has.")
    if unknown := sorted(snapshots.keys() - state.keys()):
        raise InputError(f"the snapshots hold '{unknown[0]}', which the network does not have.")
    for name, values in snapshots.items():
        if values.shape[1:] != state[name].shape or values.ndim == 0:
            raise InputError(
                f"the snapshots' '{name}' has the shape {tuple(values.shape[1:])}; the network's "
                f"has {tuple(state[name].shape)}."
            )
    counts = {len(values) for values in snapshots.values()}
    if len(counts) != 1:
        raise InputError(
            f"the snapshots' numbers of epochs differ ({sorted(counts)}); they must be equal."
        )
    return counts.pop()


def distinct_snapshots(network: nn.Module, snapshots: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The snapshots with each tied weight once.

    Raises
    ------
    InputError
        Names that the network ties have different values.
    """
    first: dict[int, str] = {}
    distinct = {}
    for name, value in network.state_dict(keep_vars=True).items():
        if name not in snapshots:
            continue
        tied = first.setdefault(id(value), name)
        if tied == name:
            distinct[name] = snapshots[name]
        elif not torch.equal(snapshots[tied], snapshots[name]):
            raise InputError(
                f"the snapshots' '{tied}' and '{name}' differ; the network ties them to each other."
            )
    return distinct


def stacked_state(
    snapshots: Mapping[str, Tensor], first: int, number: int, device: torch.device
) -> dict[str, Tensor]:
    """Some snapshots, floating-point numbers as float32; counters and masks keep their type."""
    chunk = {}
    for name, values in snapshots.items():
        part = values[first : first + number].detach().to(device)
        part = part.clone() if part.is_inference() else part
        chunk[name] = part.float() if part.is_floating_point() else part
    return chunk
