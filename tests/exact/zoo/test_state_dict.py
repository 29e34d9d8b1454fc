"""Weights files of torch."""

from pathlib import Path

import pytest
import torch
from torch import nn

from maxgain.errors import InputError
from maxgain.zoo.readers.state_dict import load_by_order, read_state_dict


class _Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('code from a file was run')",))


def test_weights_files_run_no_code(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"x": _Code()}, path)
    with pytest.raises(InputError, match="not a readable weights file"):
        read_state_dict(path)
    torch.save({"x": torch.ones(1)}, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="not a readable weights file"):
        read_state_dict(path)
    torch.save([torch.ones(1)], path)
    with pytest.raises(InputError, match="something else"):
        read_state_dict(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_state_dict(tmp_path / "none.pth")


def test_tensors_that_do_not_fit_by_order_are_refused(tmp_path: Path) -> None:
    network = nn.Linear(2, 3)
    with pytest.raises(InputError, match="1 tensors; the network has 2"):
        load_by_order(network, {"a": torch.ones(3, 2)}, tmp_path)
    with pytest.raises(InputError, match="'a' has the shape"):
        load_by_order(network, {"a": torch.ones(2, 3), "b": torch.ones(3)}, tmp_path)
    load_by_order(network, {"a": torch.ones(3, 2), "b": torch.ones(3)}, tmp_path)
    assert float(network(torch.ones(1, 2)).sum().detach()) == 9
