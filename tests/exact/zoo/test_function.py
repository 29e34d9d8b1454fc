"""Networks of a user's function: shapes, scalings, and the path that is given back."""

import sys
from pathlib import Path

import numpy as np
import pytest

from maxgain.errors import InputError
from maxgain.zoo.loading import load_network
from maxgain.zoo.network import GivenInput

MODULE = """
import torch
from torch import nn
import maxgain
from maxgain.zoo.registry import Scaling

def head(channels, dtype=torch.float32):
    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
                         nn.Linear(64, 5)).to(dtype)

def rgba():
    return head(4)

def many():
    return head(7)

def double():
    return head(3, torch.float64)

def grey_mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

def not_square():
    return nn.Sequential(nn.Conv2d(3, 2, 3, padding=1), nn.Flatten(), nn.Linear(2 * 128 * 64, 3))

class AuxiliaryFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.auxiliary = nn.Conv2d(16, 4, 1)
        self.main = head(3)

    def forward(self, x):
        return self.main(x)

def pair():
    return head(3), Scaling((0.1, 0.2, 0.3), (0.5,))

def grey_mean():
    return maxgain.ScaledInput(head(1), (0.25,), (0.5,))

def frozen():
    return torch.jit.freeze(torch.jit.script(head(3).eval()))

def exported():
    return torch.export.export(head(3).eval(), (torch.zeros(1, 3, 32, 32),)).module()

def lazy():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(5))

def on_meta():
    return head(3).to("meta")

def fails():
    raise RuntimeError("no weights here")
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "zoo_function_nets"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p not in ("", str(tmp_path))])
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    ("function", "given", "shape"),
    [
        ("rgba", GivenInput(side=32), (4, 32, 32)),
        ("many", GivenInput(side=16), (7, 16, 16)),
        ("double", GivenInput(side=16), (3, 16, 16)),
        ("grey_mlp", GivenInput(side=28), (1, 28, 28)),
        ("AuxiliaryFirst", GivenInput(side=32), (3, 32, 32)),
        ("not_square", GivenInput(shape=(3, 128, 64)), (3, 128, 64)),
        ("rgba", GivenInput(), (4, 224, 224)),
        ("frozen", GivenInput(side=32), (3, 32, 32)),
        ("exported", GivenInput(side=32), (3, 32, 32)),
        ("exported", GivenInput(side=32, mean=(0.4,), std=(0.2,)), (3, 32, 32)),
    ],
)
def test_channels_are_found_and_shapes_are_taken(
    module: str, function: str, given: GivenInput, shape: tuple[int, int, int]
) -> None:
    network = load_network(f"{module}:{function}", Path(), given)
    assert network.average_image.shape == shape


def test_a_shape_that_does_not_fit_is_one_sentence(module: str) -> None:
    with pytest.raises(InputError, match=r"takes no image of 3 x 224 x 224 .*--shape"):
        load_network(f"{module}:not_square", Path())
    with pytest.raises(InputError, match=r"'0\.weight' has no shape yet; call the network on"):
        load_network(f"{module}:lazy", Path())
    with pytest.raises(InputError, match=r"'0\.weight' is a Parameter on meta without values"):
        load_network(f"{module}:on_meta", Path())
    with pytest.raises(InputError, match="fails: RuntimeError: no weights here"):
        load_network(f"{module}:fails", Path())


def test_a_function_may_return_its_scaling(module: str) -> None:
    network = load_network(f"{module}:pair", Path(), GivenInput(side=16))
    np.testing.assert_allclose(network.average_image[:, 0, 0].numpy(), [25.5, 51, 76.5], rtol=1e-6)
    with pytest.raises(InputError, match="returns its scaling beside its network"):
        load_network(f"{module}:pair", Path(), GivenInput(side=16, mean=(0.5,)))
    grey = load_network(f"{module}:grey_mean", Path(), GivenInput(side=16))
    np.testing.assert_allclose(grey.average_image.numpy(), 63.75)


def test_the_path_is_given_back(module: str) -> None:
    before = list(sys.path)
    load_network(f"{module}:rgba", Path(), GivenInput(side=16))
    assert sys.path == before
    with pytest.raises(InputError):
        load_network(f"{module}:fails", Path())
    assert sys.path == before
