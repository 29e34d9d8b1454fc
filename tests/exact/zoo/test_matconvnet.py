"""The importer of MatConvNet's files: against independent NumPy, and against hostile files."""

import io
import pickle
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import matconvnet_files as mat
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from maxgain.errors import InputError
from maxgain.zoo.readers.matconvnet.layers import CrossChannelNormalization, Padding, Pooling
from maxgain.zoo.readers.matconvnet.network import MatConvNetModel, read_matconvnet

Array = np.ndarray
Network = Callable[[Array], Array]


def random_filters(*shape: int, seed: int = 0) -> Array:
    values = np.random.default_rng([seed, *shape]).normal(size=shape)
    return (values / np.sqrt(np.prod(shape[:3]))).astype(np.float32)


def random_biases(count: int) -> Array:
    return np.random.default_rng(count).normal(size=(1, count)).astype(np.float32)


def vgg_f_like(path: Path) -> Network:
    """A SimpleNN shaped like VGG-F: stride, LRN, asymmetric pads, groups, fully connected end."""
    f1, b1 = random_filters(5, 4, 3, 6), random_biases(6)
    f2, b2 = random_filters(3, 3, 3, 8), random_biases(8)  # 2 groups of 3 of 6 channels
    f3, b3 = random_filters(2, 3, 8, 5), random_biases(5)
    f4 = random_filters(1, 1, 5, 4)
    layers = [
        {"type": "conv", "name": "conv1", "weights": mat.cells(f1, b1), "stride": 2.0,
         "pad": mat.row(0, 2, 1, 0)},
        {"type": "relu", "name": "relu1"},
        {"type": "lrn", "name": "norm1", "param": mat.row(4, 2, 0.3, 0.75)},
        {"type": "pool", "name": "pool1", "method": "max", "pool": mat.row(3, 3), "stride": 2.0,
         "pad": mat.row(0, 1, 0, 1)},
        {"type": "conv", "name": "conv2", "weights": mat.cells(f2, b2), "stride": mat.row(1, 1),
         "pad": 1.0},
        {"type": "relu", "name": "relu2"},
        {"type": "normalize", "name": "norm2", "param": mat.row(5, 1, 0.2, 0.5)},
        {"type": "pool", "name": "pool2", "method": "avg", "pool": mat.row(3, 2),
         "stride": mat.row(2, 1), "pad": mat.row(1, 1, 0, 1)},
        {"type": "dropout", "name": "dropout6", "rate": 0.5},
        {"type": "conv", "name": "fc6", "weights": mat.cells(f3, b3), "stride": 1.0, "pad": 0.0},
        {"type": "conv", "name": "fc7", "weights": mat.cells(f4, np.zeros((0, 0))),
         "stride": 1.0, "pad": 0.0},
        {"type": "softmax", "name": "prob"},
    ]  # fmt: skip
    mat.save_simple(path, layers, side=15, classes=4)

    def network(x: Array) -> Array:
        x = mat.rectify(mat.convolve(x, f1, b1, (2, 2), (0, 2, 1, 0)))
        x = mat.pool(mat.normalize(x, 4, 2, 0.3, 0.75), "max", (3, 3), (2, 2), (0, 1, 0, 1))
        x = mat.rectify(mat.convolve(x, f2, b2, (1, 1), (1, 1, 1, 1)))
        x = mat.pool(mat.normalize(x, 5, 1, 0.2, 0.5), "avg", (3, 2), (2, 1), (1, 1, 0, 1))
        return mat.convolve(mat.convolve(x, f3, b3), f4)

    return network


def residual_dag(path: Path) -> Network:
    """A DagNN with BatchNorm and residual sums, its layers out of order."""
    f1, f2, f3 = (random_filters(3, 3, c, 4, seed=c) for c in (3, 4, 4))
    f3 = random_filters(3, 3, 4, 4, seed=9)
    f4, b4 = random_filters(3, 3, 4, 5), random_biases(5)
    random = np.random.default_rng(3)
    scale, shift = (random.normal(size=(4, 1)).astype(np.float32) for _ in range(2))
    moments = random.uniform(0.5, 2, size=(4, 2)).astype(np.float32)
    conv = {"hasBias": 0.0, "pad": mat.row(1, 1, 1, 1), "stride": mat.row(1, 1)}
    layers = [
        mat.dag_layer("prob", "SoftMax", ["fc"], "prob"),
        mat.dag_layer("fc", "Conv", ["pooled"], "fc", ["f4", "b4"], {"stride": 1.0, "pad": 0.0}),
        mat.dag_layer("conv1", "Conv", ["data"], "c1", ["f1"], conv),
        mat.dag_layer("bn1", "BatchNorm", ["c1"], "n1", ["scale", "shift", "moments"],
                      {"epsilon": 1e-5}),
        mat.dag_layer("relu1", "ReLU", ["n1"], "r1", block={"leak": 0.1}),
        mat.dag_layer("conv2", "Conv", ["r1"], "c2", ["f2"], conv),
        mat.dag_layer("conv3", "Conv", ["r1"], "c3", ["f3"], conv),
        mat.dag_layer("sum", "Sum", ["c2", "r1", "c3"], "s"),
        mat.dag_layer("relu2", "ReLU", ["s"], "r2"),
        mat.dag_layer("pool", "Pooling", ["r2"], "pooled",
                      block={"method": "avg", "poolSize": mat.row(4, 4), "stride": 4.0,
                             "pad": 0.0}),
    ]  # fmt: skip
    params = {"f1": f1, "f2": f2, "f3": f3, "f4": f4, "b4": b4, "scale": scale, "shift": shift}
    mat.save_dag(path, layers, params | {"moments": moments}, side=12, classes=5)

    def network(x: Array) -> Array:
        pad = (1, 1, 1, 1)
        x = mat.batch_normalize(mat.convolve(x, f1, pad=pad), scale, shift, moments)
        x = np.where(x > 0, x, np.float64(0.1) * x)
        x = mat.rectify(mat.convolve(x, f2, pad=pad) + x + mat.convolve(x, f3, pad=pad))
        return mat.convolve(mat.pool(x, "avg", (4, 4), (4, 4)), f4, b4)

    return network


def inception_dag(path: Path) -> Network:
    """A DagNN with inception-style concatenation, LRN, dropout and a further classifier."""
    f1, b1 = random_filters(1, 1, 3, 2), random_biases(2)
    f3, b3 = random_filters(3, 3, 3, 3), random_biases(3)
    f5, b5 = random_filters(5, 5, 3, 4), random_biases(4)
    head, bias = random_filters(5, 5, 12, 3), random_biases(3)
    side_head = random_filters(9, 9, 2, 3)

    def conv(name: str, source: str, output: str, pad: int) -> dict[str, object]:
        parameters = [f"{name}_f", f"{name}_b"]
        block = {"hasBias": 1.0, "pad": float(pad), "stride": mat.row(1, 1)}
        return mat.dag_layer(name, "Conv", [source], output, parameters, block)

    layers = [
        mat.dag_layer("norm", "LRN", ["data"], "n", block={"param": mat.row(3, 1, 1e-3, 0.75)}),
        conv("one", "n", "c1", 0),
        conv("three", "n", "c3", 1),
        conv("five", "n", "c5", 2),
        mat.dag_layer("pool", "Pooling", ["n"], "p", block={
            "method": "max", "poolSize": mat.row(3, 3), "stride": 1.0, "pad": 1.0}),
        mat.dag_layer("join", "Concat", ["c1", "c3", "c5", "p"], "j", block={"dim": 3.0}),
        mat.dag_layer("relu", "ReLU", ["j"], "r"),
        mat.dag_layer("drop", "DropOut", ["r"], "d", block={"rate": 0.4}),
        mat.dag_layer("shrink", "Pooling", ["d"], "q", block={
            "method": "avg", "poolSize": mat.row(2, 2), "stride": 2.0, "pad": mat.row(0, 1, 0, 1)}),
        conv("head", "q", "logits", 0),
        mat.dag_layer("prob", "SoftMax", ["logits"], "prob"),
        mat.dag_layer("side", "Conv", ["c1"], "side_logits", ["side_f"], {"stride": 1.0}),
        mat.dag_layer("side_prob", "SoftMax", ["side_logits"], "side_prob"),
    ]  # fmt: skip
    params = {
        "one_f": f1, "one_b": b1, "three_f": f3, "three_b": b3, "five_f": f5, "five_b": b5,
        "head_f": head, "head_b": bias, "side_f": side_head,
    }  # fmt: skip
    mat.save_dag(path, layers, params, side=9, classes=3)

    def network(x: Array) -> Array:
        x = mat.normalize(x, 3, 1, 1e-3, 0.75)
        branches = [
            mat.convolve(x, f1, b1),
            mat.convolve(x, f3, b3, pad=(1, 1, 1, 1)),
            mat.convolve(x, f5, b5, pad=(2, 2, 2, 2)),
            mat.pool(x, "max", (3, 3), (1, 1), (1, 1, 1, 1)),
        ]
        x = mat.rectify(np.concatenate(branches, axis=-1))
        return mat.convolve(mat.pool(x, "avg", (2, 2), (2, 2), (0, 1, 0, 1)), head, bias)

    return network


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


GOOD_LAYERS: list[dict[str, object]] = [
    {"type": "conv", "name": "conv1", "weights": mat.cells(random_filters(3, 3, 3, 4),
     random_biases(4)), "stride": 1.0, "pad": 1.0},
    {"type": "pool", "name": "pool1", "method": "max", "pool": mat.row(2, 2), "stride": 2.0,
     "pad": 0.0},
    {"type": "lrn", "name": "norm1", "param": mat.row(5, 1, 1e-4, 0.75)},
    {"type": "conv", "name": "fc2", "weights": mat.cells(random_filters(3, 3, 4, 2),
     random_biases(2)), "stride": 1.0, "pad": 0.0},
]  # fmt: skip


def changed(number: int, **fields: object) -> list[dict[str, object]]:
    """The good layers with fields of one of them changed; None takes a field away."""
    layers = [dict(layer) for layer in GOOD_LAYERS]
    layers[number] |= fields
    layers[number] = {name: x for name, x in layers[number].items() if x is not None}
    return layers


NAN_FILTERS = np.full((3, 3, 3, 4), np.nan, dtype=np.float32)
LAYER_FAULTS = {
    "unknown type": (changed(1, type="spatialwarp"), "pool1", "spatialwarp"),
    "no type": (changed(1, type=None), "pool1", "'type' is missing"),
    "no weights": (changed(0, weights=None), "conv1", "'weights' is missing"),
    "no biases": (changed(0, weights=None, filters=NAN_FILTERS[..., :1]), "conv1", "not finite"),
    "weights no list": (changed(0, weights=1.0), "conv1", "not a list"),
    "text as filters": (changed(0, weights=mat.cells("abc", "d")), "conv1", "real numbers"),
    "nan filters": (changed(0, weights=mat.cells(NAN_FILTERS)), "conv1", "finite"),
    "five biases": (
        changed(0, weights=mat.cells(random_filters(3, 3, 3, 4), random_biases(5))),
        "conv1", "5 biases",
    ),
    "wrong channels": (
        changed(3, weights=mat.cells(random_filters(3, 3, 3, 2), random_biases(2))),
        "fc2", "do not fit 4 input channels",
    ),
    "filters too large": (
        changed(3, weights=mat.cells(random_filters(4, 4, 4, 2), random_biases(2))),
        "fc2", "larger than",
    ),
    "stride 0": (changed(0, stride=0.0), "conv1", "stride"),
    "stride half": (changed(0, stride=0.5), "conv1", "stride"),
    "negative pad": (changed(0, pad=mat.row(0, -1, 0, 0)), "conv1", "pad"),
    "three pads": (changed(0, pad=mat.row(0, 1, 0)), "conv1", "pad"),
    "absurd pad": (changed(0, pad=1e9), "conv1", "pad"),
    "huge pad": (changed(0, pad=4096.0), "conv1", "feature maps"),
    "no pool size": (changed(1, pool=None), "pool1", "'pool' is missing"),
    "pad as large as window": (changed(1, pad=2.0), "pool1", "not smaller"),
    "unknown method": (changed(1, method="median"), "pool1", "median"),
    "lrn of three": (changed(2, param=mat.row(5, 1, 1)), "norm1", "param"),
    "lrn too wide": (changed(2, param=mat.row(4000, 1, 1, 1)), "norm1", "4000 channels"),
    "complex stride": (changed(0, stride=np.array([[1j]])), "conv1", "real numbers"),
}  # fmt: skip


@pytest.mark.parametrize("fault", LAYER_FAULTS)
def test_faults_of_a_layer_name_file_and_layer(fault: str, tmp_path: Path) -> None:
    layers, layer, words = LAYER_FAULTS[fault]
    path = tmp_path / "broken.mat"
    mat.save_simple(path, layers, side=6, classes=2)
    with pytest.raises(InputError) as caught:
        read_matconvnet(path)
    assert str(path) in str(caught.value)
    assert f"'{layer}'" in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_unchanged_layers_are_read(tmp_path: Path) -> None:
    mat.save_simple(tmp_path / "good.mat", GOOD_LAYERS, side=6, classes=2)
    assert read_matconvnet(tmp_path / "good.mat").network(torch.zeros(1, 3, 6, 6)).shape == (1, 2)


def dag_of(*layers: dict[str, object]) -> Callable[[Path], None]:
    params = {"f": random_filters(3, 3, 3, 2), "moments": np.ones((3, 2)), "one": np.ones((3, 1))}
    return lambda path: mat.save_dag(path, list(layers), params, side=3, classes=2)


RELU = mat.dag_layer("a", "ReLU", ["data"], "x")
DAG_FAULTS = {
    "unknown type": (dag_of(mat.dag_layer("a", "Scale", ["data"], "x")), "'a'", "dagnn.Scale"),
    "unknown parameter": (dag_of(mat.dag_layer("a", "Conv", ["data"], "x", ["g"])), "'a'", "'g'"),
    "cycle": (
        dag_of(mat.dag_layer("a", "Sum", ["data", "y"], "x"),
               mat.dag_layer("b", "ReLU", ["x"], "y")),
        "layer", "depends on its output",
    ),
    "written twice": (
        dag_of(RELU, mat.dag_layer("b", "ReLU", ["data"], "x")),
        "'b'", "another layer writes",
    ),
    "two outputs": (
        dag_of(RELU, mat.dag_layer("b", "ReLU", ["data"], "y")),
        "net.mat", "one output",
    ),
    "sum of shapes": (
        dag_of(mat.dag_layer("a", "Conv", ["data"], "x", ["f"]),
               mat.dag_layer("b", "Sum", ["x", "data"], "y")),
        "'b'", "different shapes",
    ),
    "concatenation of sizes": (
        dag_of(mat.dag_layer("a", "Conv", ["data"], "x", ["f"]),
               mat.dag_layer("b", "Concat", ["x", "data"], "y")),
        "'b'", "different sizes",
    ),
    "moments do not fit": (
        dag_of(mat.dag_layer("a", "BatchNorm", ["data"], "x", ["one", "one", "one"])),
        "'a'", "do not fit together",
    ),
    "no moments": (
        dag_of(mat.dag_layer("a", "BatchNorm", ["data"], "x", ["one", "one"])),
        "'a'", "2 parameters",
    ),
    "image comes out": (dag_of(RELU), "net.mat", "one score"),
}  # fmt: skip


@pytest.mark.parametrize("fault", DAG_FAULTS)
def test_faults_of_a_graph_name_file_and_layer(fault: str, tmp_path: Path) -> None:
    write, place, words = DAG_FAULTS[fault]
    write(tmp_path / "net.mat")
    with pytest.raises(InputError, match=r"net\.mat") as caught:
        read_matconvnet(tmp_path / "net.mat")
    assert place in str(caught.value)
    assert words in str(caught.value)


def tag(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def header(version: int = 0x0100, text: bytes = b"MATLAB 5.0 MAT-file") -> bytes:
    return text.ljust(124, b" ") + struct.pack("<H", version) + b"IM"


def matrix(kind: int, shape: tuple[int, ...], rest: bytes = b"") -> bytes:
    flags = tag(6, struct.pack("<II", kind, 0))
    return tag(14, flags + tag(5, struct.pack(f"<{len(shape)}i", *shape)) + tag(1, b"x") + rest)


class _Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('code from a file was run')",))


HOSTILE = {
    "empty": (b"", "truncated"),
    "header only half": (header()[:100], "truncated"),
    "pickle with code": (pickle.dumps(_Code()) + b" " * 200, "not begin with the header"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 600, "version 7.3"),
    "version 7.3": (header(0x0200, b"MATLAB 7.3 MAT-file") + b"\0" * 600, "version 7.3"),
    "huge cell array": (header() + matrix(1, (2**30, 1)), "holds less"),
    "huge struct": (
        header() + matrix(2, (2**30, 1), tag(5, struct.pack("<i", 4)) + tag(1, b"abc\0def\0")),
        "holds less",
    ),
    "huge numbers": (header() + matrix(6, (2**30, 2**30), tag(9, b"\0" * 8)), "holds less"),
    "huge element": (header() + struct.pack("<II", 14, 2**31) + b"\0" * 64, "are left"),
    "negative size": (header() + matrix(6, (-1, 1), tag(9, b"\0" * 8)), "shape"),
    "object": (header() + matrix(3, (1, 1)), "MATLAB object"),
    "unknown class": (header() + matrix(77, (1, 1)), "class 77"),
    "zip bomb": (
        header()
        + (lambda data: struct.pack("<II", 15, len(data)) + data)(
            zlib.compress(matrix(6, (2**24, 1), tag(2, b"\0" * 2**24)))
        ),
        "are left",
    ),
    "nested deeply": (
        header()
        + (lambda nest: nest(nest, 60))(
            lambda nest, depth: matrix(1, (1, 1), nest(nest, depth - 1) if depth else b"")
        ),
        "nested",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_cost_no_memory_and_run_no_code(case: str, tmp_path: Path) -> None:
    content, words = HOSTILE[case]
    path = tmp_path / "hostile.mat"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            read_matconvnet(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert peak < 4 * 2**20


def test_missing_file_and_other_variables_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_matconvnet(tmp_path / "none.mat")
    savemat(tmp_path / "other.mat", {"x": 1.0})
    with pytest.raises(InputError, match="no variable 'layers'"):
        read_matconvnet(tmp_path / "other.mat")
    savemat(tmp_path / "bare.mat", {"layers": mat.cells(*GOOD_LAYERS)})
    with pytest.raises(InputError, match="says no size of its input"):
        read_matconvnet(tmp_path / "bare.mat")


@pytest.fixture(scope="module")
def good_bytes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("good")
    mat.save_simple(folder / "compressed.mat", GOOD_LAYERS, side=6, classes=2)
    inception_dag(folder / "plain.mat")
    return {path.stem: path.read_bytes() for path in folder.iterdir()}


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_damaged_files_are_read_or_refused_in_one_sentence(
    data: st.DataObject, good_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    content = bytearray(good_bytes[data.draw(st.sampled_from(sorted(good_bytes)))])
    places = st.integers(0, len(content) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=8)):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    length = data.draw(st.one_of(st.just(len(content)), places))
    path = tmp_path / "damaged.mat"
    path.write_bytes(bytes(content[:length]))
    refused = ""
    try:
        model = read_matconvnet(path)
    except InputError as error:
        refused = str(error)
    if refused:
        assert str(path) in refused
        assert "\n" not in refused
    else:  # The flipped bits were weights or names.
        image = torch.zeros(1, *model.average_image.shape)
        assert model.network(image).shape[0] == 1


def test_a_truncated_network_is_refused(good_bytes: dict[str, bytes], tmp_path: Path) -> None:
    for content in good_bytes.values():
        for length in np.linspace(0, len(content) - 1, 20).astype(int):
            (tmp_path / "short.mat").write_bytes(content[:length])
            with pytest.raises(InputError, match=r"short\.mat"):
                read_matconvnet(tmp_path / "short.mat")


def test_the_files_of_the_tests_are_in_the_format(good_bytes: dict[str, bytes]) -> None:
    assert all(io.BytesIO(x).read(10) == b"MATLAB 5.0" for x in good_bytes.values())
