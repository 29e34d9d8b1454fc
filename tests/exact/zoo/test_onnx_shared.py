"""Real ImageNet networks in ONNX: the gradient against differences of onnxruntime's own output."""

import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from maxgain.data.pictures import read_photograph
from maxgain.zoo.crop import crop_photograph
from maxgain.zoo.loading import load_network
from maxgain.zoo.manifest import SEPARATOR, read_manifest
from maxgain.zoo.measurement import measure_network
from maxgain.zoo.names import resolve_networks
from maxgain.zoo.network import PretrainedNetwork
from maxgain.zoo.registry import RegistryRow
from tests.exact.zoo.onnx_double import in_double

NETWORKS = 24


@pytest.fixture(scope="module")
def archive(shared_data: Path) -> Path:
    path = shared_data / "imagenet-onnx.tar.xz"
    if not path.is_file():
        pytest.skip(f"REAL NETWORKS NOT TESTED: {path} does not exist.")
    return path


@pytest.fixture(scope="module")
def folder(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


def log_score(logits: np.ndarray, winner: int) -> float:
    values = logits.reshape(-1).astype(np.float64)
    others = np.delete(values, winner) - values[winner]
    return -float(np.logaddexp(0, np.logaddexp.reduce(others)))


def runtime(model: onnx.ModelProto) -> Callable[[np.ndarray], np.ndarray]:
    """Logits of an image, by onnxruntime."""
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (image,) = session.get_inputs()
    return lambda pixels: session.run(None, {image.name: pixels[None]})[0]


def scaled(row: RegistryRow, pixels: np.ndarray) -> np.ndarray:
    """What the file itself expects of 0-255 pixels after mean subtraction."""
    assert row.scaling is not None
    return pixels / 255 / np.array(row.scaling.std)[:, None, None]


def gradient_of(network: PretrainedNetwork, pixels: np.ndarray) -> tuple[np.ndarray, int]:
    """Derivative of the winning class's log score, by the reader's network in float64."""
    image = torch.from_numpy(pixels)[None].requires_grad_(True)
    logits = network.network.double()(image)
    winner = int(logits.argmax())
    (gradient,) = torch.autograd.grad(logits.log_softmax(1)[0, winner], image)
    return gradient[0].numpy(), winner


def test_gradients_are_those_of_onnxruntime(archive: Path, folder: Path) -> None:
    """Within 1e-3 of the gradient's length along its own and two random directions, everywhere."""
    photograph, _ = read_photograph(None)
    errors = {}
    for row in read_manifest(str(archive)):
        network = load_network(f"{archive}{SEPARATOR}{row.name}", folder)
        height, width = network.average_image.shape[1:]
        crop = crop_photograph(photograph, (height, width), "bilinear")
        random = np.random.default_rng(0)
        # In even parts of a photograph the numbers that a maximum is of are equal: there is no
        # derivative. A little noise makes all of them differ.
        noise = random.uniform(-0.5, 0.5, crop.shape)
        pixels = (crop - network.average_image).double().numpy() + noise
        (file,) = folder.glob(f"unpacked/*/*/{row.source.rpartition(SEPARATOR)[2]}")
        model = onnx.load(file)
        single, double = runtime(model), runtime(in_double(model))
        image = scaled(row, pixels)
        # The rewritten graph is the file's own, as far as float32 can say.
        expected = single(image.astype(np.float32))
        np.testing.assert_allclose(double(image), expected, atol=1e-4 * np.abs(expected).max())
        gradient, winner = gradient_of(network, pixels)
        length = np.linalg.norm(gradient)
        directions = [gradient / length, *random.normal(size=(2, *gradient.shape))]
        step = 1e-6
        for direction in directions:
            both = (scaled(row, pixels + sign * step * direction) for sign in (1, -1))
            above, below = (log_score(double(x), winner) for x in both)
            found = (above - below) / (2 * step)
            error = abs(found - float((gradient * direction).sum())) / length
            errors[row.name] = max(errors.get(row.name, 0.0), error)
    assert len(errors) == NETWORKS
    assert {name: error for name, error in errors.items() if not error < 1e-3} == {}


def test_all_networks_are_measured_in_time_and_memory(archive: Path, folder: Path) -> None:
    """Under 4 minutes on two cores and 3 GiB; here on one, all 24 with their three probes."""
    photograph, _ = read_photograph(None)
    start = time.process_time()
    gains = {}
    for name in resolve_networks([str(archive)]):
        network = load_network(name, folder)
        measurements = measure_network(network, photograph)
        gains[network.name] = measurements[2].result.gain
        assert network.top5_error > 10
        assert len(network.class_names) == 1000
    assert len(gains) == NETWORKS
    assert all(bool(gain.isfinite().all()) for gain in gains.values())
    assert time.process_time() - start < 240
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 3 * 2**20  # KiB
