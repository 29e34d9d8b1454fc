"""Files of snapshots: what is refused, and what they keep."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from maxgain.errors import InputError
from maxgain.networks.building import build_network
from maxgain.training.snapshots import Architecture, read_snapshots, write_snapshots

RESNET = Architecture("resnet20", (3, 8, 8), 4, 0.25)


def _states(architecture: Architecture, epochs: int = 2) -> list[dict[str, Tensor]]:
    network = build_network(
        architecture.name, architecture.shape, architecture.classes, architecture.capacity
    )
    return [dict(network.state_dict()) for _ in range(epochs)]


def _write(
    path: Path, states: list[dict[str, Tensor]], architecture: Architecture = RESNET
) -> None:
    write_snapshots(path, architecture, states, torch.zeros(architecture.shape))


def test_every_entry_of_a_state_is_kept_as_it_is(tmp_path: Path) -> None:
    states = _states(RESNET)
    states[1]["normalisation1.num_batches_tracked"] = torch.tensor(2**40)
    _write(tmp_path / "s", states)
    found = read_snapshots(tmp_path / "s").parameters
    assert found.keys() == states[0].keys()
    assert found["normalisation1.num_batches_tracked"].tolist() == [0, 2**40]
    for name, values in found.items():
        assert values.dtype == states[0][name].dtype
        assert torch.equal(values[1], states[1][name])


@pytest.mark.parametrize(
    "content", [None, b"", b"not safetensors", b"\x02\0\0\0\0\0\0\0{}", "truncated"]
)
def test_damaged_snapshots_are_refused(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "snapshots.safetensors"
    if content == "truncated":
        _write(path, _states(RESNET))
        path.write_bytes(path.read_bytes()[:-7])
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"snapshots.safetensors (does not exist|is not a file)"):
        read_snapshots(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.pop("linear.bias"),
        lambda s: s.update(more=torch.zeros(3)),
        lambda s: s.update({"linear.bias": torch.zeros(5)}),
        lambda s: s.update({"linear.bias": torch.zeros(4, dtype=torch.float64)}),
        lambda s: s.update({"normalisation1.num_batches_tracked": torch.tensor(0.0)}),
    ],
)
def test_states_of_another_network_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Tensor]], object]
) -> None:
    states = _states(RESNET)
    for state in states:
        change(state)
    _write(tmp_path / "s", states)
    with pytest.raises(InputError, match=r"its tensors are not those of resnet20, capacity 0.25"):
        read_snapshots(tmp_path / "s")


def test_function_that_a_file_names_is_not_called_to_read_it(tmp_path: Path) -> None:
    foreign = Architecture("os:abort", (3, 8, 8), 4, 1.0)
    _write(tmp_path / "s", [{"weight": torch.zeros(2)}], foreign)
    assert read_snapshots(tmp_path / "s").architecture == foreign
