"""What is wrong with a MatConvNet file is one sentence that names file and layer."""

import io
import pickle
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from maxgain.errors import InputError
from maxgain.zoo.readers.matconvnet.network import read_matconvnet
from tests.exact.zoo import matconvnet_files as mat
from tests.exact.zoo.matconvnet_networks import inception_dag, random_biases, random_filters

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


COMPLEX = 0x800
ONE = tag(9, b"\0" * 8)


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
    # scipy 1.17 ends the process without a word where it reads a number of an unknown type.
    "unknown number": (header() + matrix(6, (1, 1), tag(8, b"\0" * 8)), "unknown type 8"),
    "unknown imaginary part": (
        header() + matrix(6 | COMPLEX, (1, 1), ONE + tag(10, b"\0" * 8)),
        "unknown type 10",
    ),
    "no imaginary part": (header() + matrix(6 | COMPLEX, (1, 1), ONE), "holds nothing"),
    "no numbers": (header() + matrix(6, (0, 0)), "holds nothing"),
    "numbers too many": (header() + matrix(6, (1, 1), 2 * ONE), "16 bytes too many"),
    "cells too many": (header() + matrix(1, (1, 1), 2 * matrix(6, (1, 1), ONE)), "too many"),
    "cells too few": (
        header() + matrix(1, (2, 1), matrix(6, (1, 1), ONE)) + matrix(6, (1, 1), ONE),
        "no room",
    ),
    "cell of numbers": (header() + matrix(1, (1, 1), ONE), "a part of an array is of"),
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
