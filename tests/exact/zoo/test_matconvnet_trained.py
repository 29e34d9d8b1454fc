"""Files that MatConvNet's own training saves: losses at the end, no normalisation."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from maxgain.errors import InputError
from maxgain.zoo.loading import load_network
from maxgain.zoo.network import GivenInput
from maxgain.zoo.readers.matconvnet.network import read_matconvnet
from tests.exact.zoo import matconvnet_files as mat

SIDE = 6

FILTERS = np.random.default_rng(4).normal(size=(SIDE, SIDE, 1, 3)).astype(np.float32)

CONVOLUTION = {"type": "conv", "name": "fc", "weights": mat.cells(FILTERS, np.zeros((1, 3)))}


def save_simple(path: Path, loss: str, meta: dict[str, object] | None) -> Path:
    """As cnn_train saves: everything inside of a variable `net`, beside `state` and `stats`."""
    net: dict[str, object] = {"layers": mat.cells(CONVOLUTION, {"type": loss})}
    if meta is not None:
        net["meta"] = meta
    savemat(path, {"net": net, "stats": {"train": 1.0}, "state": {"epoch": 3.0}})
    return path


@pytest.mark.parametrize("loss", ["softmaxloss", "loss", "logloss"])
def test_a_simple_network_of_training_is_read(loss: str, tmp_path: Path) -> None:
    meta = {"inputSize": mat.row(SIDE, SIDE, 1), "trainOpts": {"batchSize": 100.0}}
    path = save_simple(tmp_path / "net-epoch-3.mat", loss, meta)
    network = load_network(str(path), tmp_path)
    image = np.random.default_rng(0).normal(size=(1, SIDE, SIDE, 1))
    expected = mat.convolve(image, FILTERS).reshape(-1)
    pixels = torch.from_numpy(image.transpose(0, 3, 1, 2)).float()
    np.testing.assert_allclose(network.network(pixels)[0].numpy(), expected, rtol=1e-4)
    assert "loss layer" in " ".join(network.notes)
    assert not network.average_image.any()
    given = load_network(str(path), tmp_path, GivenInput(mean=(0.5,)))
    np.testing.assert_allclose(given.average_image.numpy(), 127.5)
    np.testing.assert_allclose(given.network(pixels)[0].numpy(), expected, rtol=1e-4)


def test_a_file_without_a_size_asks_for_it(tmp_path: Path) -> None:
    path = save_simple(tmp_path / "net.mat", "softmaxloss", None)
    with pytest.raises(InputError, match="--shape"):
        load_network(str(path), tmp_path)
    network = load_network(str(path), tmp_path, GivenInput(shape=(1, SIDE, SIDE)))
    assert network.average_image.shape == (1, SIDE, SIDE)


def test_a_dag_of_training_loses_its_losses(tmp_path: Path) -> None:
    layers = [
        mat.dag_layer("fc", "Conv", ["input"], "scores", ["f"]),
        mat.dag_layer("objective", "Loss", ["scores", "label"], "o", [], {"loss": "softmaxlog"}),
        mat.dag_layer("error", "Loss", ["scores", "label"], "top1", [], {"loss": "classerror"}),
    ]
    savemat(
        tmp_path / "dag.mat",
        {
            "net": {
                "layers": mat.structs(*layers),
                "params": mat.structs({"name": "f", "value": FILTERS}),
                "vars": mat.structs({"name": "input", "precious": 0.0}),
                "meta": {"inputSize": mat.row(SIDE, SIDE, 1)},
            },
            "stats": {"train": 1.0},
        },
    )
    model = read_matconvnet(tmp_path / "dag.mat")
    assert model.network(torch.zeros(1, 1, SIDE, SIDE)).shape == (1, 3)
    assert len(model.notes) == 3
