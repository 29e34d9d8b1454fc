"""Rewrites a float32 ONNX graph so that onnxruntime computes it in float64.

Its processor kernels have no convolution, LRN or global pooling of doubles: these are written out
as slices, products and sums, which it has. Finite differences of float32 are not enough: between
the steps that rounding asks for and the kinks of ReLUs, they are 1 % off.
"""

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper


class _Writer:
    """Nodes and tensors of the graph that is written."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"double_{self.count}"

    def constant(self, values: object, dtype: type = np.float64) -> str:
        self.tensors.append(numpy_helper.from_array(np.asarray(values, dtype), self.name()))
        return self.tensors[-1].name

    def call(self, operator: str, *inputs: str, output: str = "", **said: object) -> str:
        output = output or self.name()
        self.nodes.append(helper.make_node(operator, inputs, [output], **said))
        return output


def in_double(model: ModelProto) -> ModelProto:
    """The model with double weights, input and output, of operators that have double kernels."""
    write = _Writer()
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for name, value in weights.items():
        dtype = np.float64 if value.dtype == np.float32 else value.dtype
        write.tensors.append(numpy_helper.from_array(value.astype(dtype), name))
    for node in model.graph.node:
        said = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Conv":
            _convolution(write, node, said, weights)
        elif node.op_type == "GlobalAveragePool":
            write.call("ReduceMean", node.input[0], output=node.output[0], axes=[2, 3])
        elif node.op_type == "AveragePool":
            _average(write, node, said)
        elif node.op_type == "LRN":
            _local_normalization(write, node, said)
        elif node.op_type == "LeakyRelu":
            below = write.call("Min", node.input[0], write.constant(0.0))
            above = write.call("Relu", node.input[0])
            scaled = write.call("Mul", below, write.constant(said.get("alpha", 0.01)))
            write.call("Add", above, scaled, output=node.output[0])
        else:
            write.nodes.append(node)
    graph = helper.make_graph(
        write.nodes,
        "double",
        [_as_double(value) for value in model.graph.input if value.name not in weights],
        [_as_double(value) for value in model.graph.output],
        write.tensors,
    )
    double = helper.make_model(graph, opset_imports=model.opset_import)
    double.ir_version = model.ir_version
    onnx.checker.check_model(double)
    return double


def _as_double(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    sizes = [d.dim_value for d in value.type.tensor_type.shape.dim]
    return helper.make_tensor_value_info(value.name, TensorProto.DOUBLE, sizes)


def _windows(
    write: _Writer, image: str, said: dict, size: tuple[int, int], dilations: tuple[int, int]
) -> list[tuple[int, int, str]]:
    """For each place in a window, the numbers at that place in every window."""
    top, left, bottom, right = said.get("pads", [0] * 4)
    pads = write.constant([0, 0, top, left, 0, 0, bottom, right], np.int64)
    padded = write.call("Pad", image, pads, write.constant(0.0))
    strides, axes = said.get("strides", [1, 1]), write.constant([2, 3], np.int64)
    found = []
    for row in range(size[0]):
        for column in range(size[1]):
            start = [row * dilations[0], column * dilations[1]]
            # An end before the last windows' ends: as many windows as the whole one has.
            end = [
                place - (length - 1) * dilation or np.iinfo(np.int64).max
                for place, length, dilation in zip(start, size, dilations, strict=True)
            ]
            part = write.call(
                "Slice",
                padded,
                write.constant(start, np.int64),
                write.constant(end, np.int64),
                axes,
                write.constant(strides, np.int64),
            )
            found.append((row, column, part))
    return found


def _convolution(write: _Writer, node: NodeProto, said: dict, weights: dict) -> None:
    filters = weights[node.input[1]].astype(np.float64)
    groups, (outputs, channels, *size) = said.get("group", 1), filters.shape
    grouped = filters.reshape(groups, outputs // groups, channels, *size)
    dilations = said.get("dilations", [1, 1])
    assert said.get("auto_pad", b"NOTSET") == b"NOTSET"
    total = ""
    for row, column, part in _windows(write, node.input[0], said, tuple(size), dilations):
        matrix = write.constant(grouped[:, :, :, row, column])
        shape = write.call("Shape", part)
        flat = write.call("Reshape", part, write.constant([groups, channels, -1], np.int64))
        product = write.call("MatMul", matrix, flat)
        total = write.call("Add", total, product) if total else product
    spatial = write.call(
        "Slice", shape, write.constant([2], np.int64), write.constant([4], np.int64)
    )
    whole = write.call("Concat", write.constant([1, outputs], np.int64), spatial, axis=0)
    biased = len(node.input) > 2
    image = write.call("Reshape", total, whole, output="" if biased else node.output[0])
    if biased:
        bias = write.constant(weights[node.input[2]].astype(np.float64)[None, :, None, None])
        write.call("Add", image, bias, output=node.output[0])


def _average(write: _Writer, node: NodeProto, said: dict) -> None:
    assert not said.get("ceil_mode", 0)
    assert not any(said.get("pads", [])) or said.get("count_include_pad", 0)
    size = tuple(said["kernel_shape"])
    total = ""
    for _, _, part in _windows(write, node.input[0], said, size, (1, 1)):
        total = write.call("Add", total, part) if total else part
    write.call("Div", total, write.constant(float(np.prod(size))), output=node.output[0])


def _local_normalization(write: _Writer, node: NodeProto, said: dict) -> None:
    size, image = said["size"], node.input[0]
    before = (size - 1) // 2
    square = write.call("Mul", image, image)
    pads = write.constant([0, before, 0, 0, 0, size - 1 - before, 0, 0], np.int64)
    padded = write.call("Pad", square, pads, write.constant(0.0))
    total = ""
    for first in range(size):
        end = first - (size - 1) or np.iinfo(np.int64).max
        part = write.call(
            "Slice",
            padded,
            write.constant([first], np.int64),
            write.constant([end], np.int64),
            write.constant([1], np.int64),
        )
        total = write.call("Add", total, part) if total else part
    scaled = write.call("Mul", total, write.constant(said.get("alpha", 1e-4) / size))
    base = write.call("Add", scaled, write.constant(said.get("bias", 1.0)))
    power = write.call("Pow", base, write.constant(said.get("beta", 0.75)))
    write.call("Div", image, power, output=node.output[0])
