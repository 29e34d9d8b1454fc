"""The importer of MatConvNet's files: against independent NumPy, and against hostile files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from maxgain.zoo.readers.matconvnet.layers import CrossChannelNormalization, Padding, Pooling
from maxgain.zoo.readers.matconvnet.network import MatConvNetModel, read_matconvnet
from tests.exact.zoo import matconvnet_files as mat
from tests.exact.zoo.matconvnet_networks import (
    Network,
    inception_dag,
    random_biases,
    random_filters,
    residual_dag,
    vgg_f_like,
)

WRITERS = [vgg_f_like, residual_dag, inception_dag]


@pytest.mark.parametrize("write", WRITERS)
def test_outputs_and_input_gradients_are_those_of_numpy(
    write: Callable[[Path], Network], tmp_path: Path
) -> None:
    numpy_network = write(tmp_path / "net.mat")
    model = read_matconvnet(tmp_path / "net.mat")
    channels, height, width = model.average_image.shape
    random = np.random.default_rng(5)
    image = random.normal(size=(height, width, channels)) * 2

    expected = numpy_network(image[None]).reshape(-1)
    projection = random.normal(size=expected.shape)
    expected_gradient = mat.gradient_by_differences(numpy_network, image, projection)

    pixels = torch.from_numpy(image.transpose(2, 0, 1)).requires_grad_(True)
    output = model.network.double()(pixels[None])[0]
    (gradient,) = torch.autograd.grad((output * torch.from_numpy(projection)).sum(), pixels)

    assert np.abs(output.detach().numpy() - expected).max() < 1e-5 * np.abs(expected).max()
    difference = np.abs(gradient.numpy().transpose(1, 2, 0) - expected_gradient).max()
    assert np.abs(expected_gradient).max() > 1e-3
    assert difference < 1e-5 * np.abs(expected_gradient).max()

    single = model.network.float()(pixels.detach().float()[None])[0]
    assert np.abs(single.numpy() - expected).max() < 1e-5 * np.abs(expected).max()


def test_average_image_and_class_names(tmp_path: Path) -> None:
    average = np.random.default_rng(0).uniform(0, 255, (5, 5, 3))
    f = random_filters(5, 5, 3, 2)
    layers = mat.cells({"type": "conv", "name": "fc", "weights": mat.cells(f, np.zeros((1, 2)))})
    savemat(tmp_path / "n.mat", {"layers": layers, "meta": mat.meta(5, 2, average)})
    model = read_matconvnet(tmp_path / "n.mat")
    np.testing.assert_allclose(model.average_image.numpy(), average.transpose(2, 0, 1), rtol=1e-6)
    assert model.class_names == ("thing 0, also 0", "thing 1, also 1")

    savemat(tmp_path / "n.mat", {"layers": layers, "meta": mat.meta(5, 2)})
    colour = read_matconvnet(tmp_path / "n.mat").average_image
    assert colour.shape == (3, 5, 5)
    assert colour[:, 3, 1].tolist() == [120, 110, 100]


def test_older_field_names_mean_the_same(tmp_path: Path) -> None:
    f, b = random_filters(5, 5, 3, 2), random_biases(2)
    new = {"type": "conv", "name": "fc", "weights": mat.cells(f, b), "pad": 0.0, "stride": 1.0}
    old = {"type": "conv", "filters": f, "biases": b}
    about = mat.meta(5, 2)
    savemat(tmp_path / "new.mat", {"layers": mat.cells(new), "meta": about})
    savemat(tmp_path / "old.mat", {"layers": mat.cells(old), **about})
    image = torch.randn(1, 3, 5, 5)
    models: list[MatConvNetModel] = [read_matconvnet(tmp_path / f"{n}.mat") for n in ("new", "old")]
    assert torch.equal(models[0].network(image), models[1].network(image))
    assert models[0].class_names == models[1].class_names


def test_lrn_alpha_is_not_divided_by_the_size() -> None:
    image = torch.randn(1, 7, 3, 3)
    ours = CrossChannelNormalization(5, 2.0, 0.3, 0.75)(image)
    torchs = torch.nn.LocalResponseNorm(5, alpha=0.3 * 5, beta=0.75, k=2.0)(image)
    torch.testing.assert_close(ours, torchs)


def test_pooling_does_not_see_the_padding() -> None:
    image = torch.full((1, 1, 2, 2), -3.0)
    for method in ("max", "avg"):
        pooled = Pooling(method, (2, 2), (1, 1), Padding(1, 1, 1, 1))(image)  # type: ignore[arg-type]
        assert torch.equal(pooled, torch.full((1, 1, 3, 3), -3.0))
