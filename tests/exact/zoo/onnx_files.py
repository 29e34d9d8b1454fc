"""Small classifiers in ONNX files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

CLASSES = 5

SIDE = 12


def weight(*shape: int, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng([seed, *shape]).normal(size=shape)
    return (values / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def classifier(
    *,
    before: Sequence[NodeProto] = (),
    after: Sequence[NodeProto] = (),
    first: str = "x",
    output: str = "logits",
    sizes: Sequence[int | str] = (1, 3, SIDE, SIDE),
    classes: int = CLASSES,
    opset: int = 13,
    element: int = TensorProto.FLOAT,
    dtype: type = np.float32,
) -> ModelProto:
    """conv, ReLU, global average, matrix product, with nodes before and after."""
    nodes = [
        *before,
        helper.make_node("Conv", [first, "filters"], ["c"], "convolution", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], "rectifier"),
        helper.make_node("GlobalAveragePool", ["r"], ["g"], "average"),
        helper.make_node("Flatten", ["g"], ["f"], "flat"),
        helper.make_node("Gemm", ["f", "matrix", "bias"], ["logits"], "classes", transB=1),
        *after,
    ]
    tensors = [
        numpy_helper.from_array(weight(8, 3, 3, 3).astype(dtype), "filters"),
        numpy_helper.from_array(weight(classes, 8, seed=1).astype(dtype), "matrix"),
        numpy_helper.from_array(weight(classes, 1, seed=2)[:, 0].astype(dtype), "bias"),
    ]
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("x", element, sizes)],
        [helper.make_tensor_value_info(output, element, None)],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    return model


def save(model: ModelProto, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path
