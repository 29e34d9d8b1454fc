"""Checkpoints of others: formats, prefixes, averages, and files that are none."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.zoo.checkpoints import load_checkpoint, read_checkpoint


def network_of(seed: int = 0, classes: int = 3) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, classes))


def prefixed(prefix: str) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in network_of(1).state_dict().items()}


@pytest.mark.parametrize(
    "stored",
    [
        prefixed(""),
        prefixed("module."),
        {"state_dict": prefixed("model."), "epoch": 3, "pytorch-lightning_version": "2.6"},
        {"state_dict": prefixed("net._orig_mod.") | {"loss.weight": torch.ones(3)}},
        {"model": prefixed("module."), "optimizer": {"state": {}}},
        {"state_dict": prefixed(""), "arch": "x", "args": argparse.Namespace(lr=0.1)},
    ],
)
def test_weights_are_found_whoever_stored_them(tmp_path: Path, stored: dict[str, Any]) -> None:
    path = tmp_path / "a.ckpt"
    torch.save(stored, path)
    network = network_of()
    load_checkpoint(network, read_checkpoint(path), path)
    for name, value in network_of(1).state_dict().items():
        assert torch.equal(value, network.state_dict()[name])


def test_averages_are_taken_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.pth.tar.pth"
    torch.save({"state_dict": network_of().state_dict(), "state_dict_ema": prefixed("")}, path)
    averaged = read_checkpoint(path, averaged=True)
    assert torch.equal(averaged["2.bias"], network_of(1)[2].bias)
    torch.save({"state_dict": network_of().state_dict()}, path)
    with pytest.raises(InputError, match="holds no averaged weights"):
        read_checkpoint(path, averaged=True)


def test_safetensors_single_and_sharded(tmp_path: Path) -> None:
    state = prefixed("")
    save_file(state, tmp_path / "whole.safetensors")
    shards = {name: f"part-{number % 2}.safetensors" for number, name in enumerate(state)}
    for shard in set(shards.values()):
        save_file({n: v for n, v in state.items() if shards[n] == shard}, tmp_path / shard)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}), encoding="utf-8")
    for path in (tmp_path / "whole.safetensors", index):
        read = read_checkpoint(path)
        assert read.keys() == state.keys()
        assert all(torch.equal(read[name], value) for name, value in state.items())
    index.write_text(json.dumps({"weight_map": {"a": "../whole.safetensors"}}), encoding="utf-8")
    with pytest.raises(InputError, match="which is not beside it"):
        read_checkpoint(index)


class Code:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_code_in_a_pickle_is_refused_and_not_executed(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"state_dict": Code(tmp_path / "executed")}, path)
    with pytest.raises(InputError, match="is no readable checkpoint of tensors"):
        read_checkpoint(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
def test_truncated_files_are_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    torch.save(prefixed(""), path) if name == "a.pt" else save_file(prefixed(""), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=name):
        read_checkpoint(path)


def test_another_architecture_and_another_shape_are_named(tmp_path: Path) -> None:
    path = Path("a.pt")
    with pytest.raises(InputError, match=r"missing '2.weight' \(2 in all\); unexpected '3.w"):
        load_checkpoint(
            network_of(),
            {n.replace("2.", "3."): v for n, v in network_of().state_dict().items()},
            path,
        )
    with pytest.raises(InputError, match=r"'2.weight' has the shape \(4, 72\); the network's has"):
        load_checkpoint(network_of(), network_of(classes=4).state_dict(), path)
