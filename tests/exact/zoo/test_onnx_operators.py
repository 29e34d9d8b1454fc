"""Operators of ONNX in the versions and forms that onnx2torch has not, or has otherwise."""

from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import helper, numpy_helper

from maxgain.errors import InputError
from maxgain.zoo.readers.onnx.loading import read_onnx
from tests.exact.zoo import onnx_files as files

node = helper.make_node

IMAGE = np.random.default_rng(5).normal(size=(1, 3, files.SIDE, files.SIDE)).astype(np.float32)


def runtime(path: Path, image: np.ndarray) -> np.ndarray:
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: image})[0]


def logits(path: Path, wanted: tuple[int, int, int] | None = None) -> np.ndarray:
    network, _, _ = read_onnx(path, wanted)
    return network(torch.from_numpy(IMAGE)).detach().numpy()


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 17, 18, 21])
def test_operator_sets_old_and_new(opset: int, tmp_path: Path) -> None:
    """Averages, LRN and pooling where onnx2torch differs from the standard or lacks a version."""
    before = [
        node("LRN", ["x"], ["n"], size=3, alpha=0.5),
        node("AveragePool", ["n"], ["a"], kernel_shape=[3, 3], pads=[0, 0, 1, 1], strides=[1, 1]),
        node("MaxPool", ["a"], ["p"], kernel_shape=[2, 2], strides=[1, 1]),
    ]
    model = files.classifier(before=before, first="p", opset=opset)
    path = files.save(model, tmp_path / "versions.onnx")
    np.testing.assert_allclose(logits(path), runtime(path, IMAGE), rtol=1e-4, atol=1e-5)


def test_a_mean_over_computed_axes_of_operator_set_18(tmp_path: Path) -> None:
    model = files.classifier(opset=18)
    model.graph.initializer.append(numpy_helper.from_array(np.array([2, 3]), "axes"))
    average = next(n for n in model.graph.node if n.op_type == "GlobalAveragePool")
    average.op_type, average.input[:] = "ReduceMean", ["r", "axes"]
    path = files.save(model, tmp_path / "mean.onnx")
    np.testing.assert_allclose(logits(path), runtime(path, IMAGE), rtol=1e-4, atol=1e-5)


def test_an_even_lrn_sums_over_the_channels_that_the_standard_says(tmp_path: Path) -> None:
    """onnxruntime has none of an even size; torch's sums over other channels."""
    size, alpha, beta, bias = 4, 3.0, 0.6, 2.0
    before = [node("LRN", ["x"], ["n"], size=size, alpha=alpha, beta=beta, bias=bias)]
    normalised = IMAGE.astype(np.float64).copy()
    for channel in range(3):
        first, last = max(channel - 1, 0), channel + 2
        squares = (IMAGE[:, first : last + 1].astype(np.float64) ** 2).sum(1)
        normalised[:, channel] /= (bias + alpha / size * squares) ** beta
    plain = files.save(files.classifier(), tmp_path / "plain.onnx")
    expected = runtime(plain, normalised.astype(np.float32))
    path = files.save(files.classifier(before=before, first="n"), tmp_path / "even.onnx")
    np.testing.assert_allclose(logits(path), expected, rtol=1e-4, atol=1e-5)


def test_weights_that_a_node_holds_or_repeats(tmp_path: Path) -> None:
    """Exporters write equal weights once, and others as constants in the graph."""
    model = files.classifier()
    held = numpy_helper.from_array(files.weight(8, 1)[:, 0])
    constant = node("Constant", [], ["held"], value=held)
    again = node("Identity", ["held"], ["repeated"])
    bias_again = node("Identity", ["bias"], ["bias_again"])
    nodes = [constant, again, bias_again, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.node[3].input.append("repeated")
    model.graph.node[-1].input[2] = "bias_again"
    path = files.save(model, tmp_path / "repeated.onnx")
    np.testing.assert_allclose(logits(path), runtime(path, IMAGE), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("operator", "numbers"),
    [
        ("ConstantOfShape", [1 << 20, 1 << 20]),
        ("Tile", [1, 1, 1 << 16, 1 << 16]),
        ("Pad", [0, 0, 1 << 20, 1 << 20, 0, 0, 0, 0]),
    ],
)
def test_files_that_ask_for_all_memory_are_refused(
    operator: str, numbers: list[int], tmp_path: Path
) -> None:
    inputs = ["numbers"] if operator == "ConstantOfShape" else ["x", "numbers"]
    before = [
        node(operator, inputs, ["large"], "bomb"),
        node("ReduceMax", ["large"], ["most"], keepdims=0),
        node("Add", ["x", "most"], ["y"]),
    ]
    model = files.classifier(before=before, first="y")
    model.graph.initializer.append(numpy_helper.from_array(np.array(numbers), "numbers"))
    with pytest.raises(InputError, match=r"node 'bomb': it makes .* numbers, more than"):
        read_onnx(files.save(model, tmp_path / "bomb.onnx"))
