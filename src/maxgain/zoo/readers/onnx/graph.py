"""What of an ONNX graph is measured: one image in, logits out, float32 in between."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, inliner, numpy_helper

from maxgain.errors import InputError
from maxgain.zoo.readers.onnx.file import node_name

_HALF = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
_FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, *_HALF)

_QUANTISED = ("QLinear", "QuantizeLinear", "DequantizeLinear", "DynamicQuantize", "ConvInteger",
              "MatMulInteger", "QGemm", "QAttention")  # fmt: skip

_TRANSPARENT = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Dropout")
"""Operators between a softmax and the output that change no score."""


@dataclass
class Classifier:
    """An ONNX model brought into the form that is measured.

    Attributes
    ----------
    sizes
        Of the input, the batch first; 0 where it is free.
    channels_last
        Whether the input is (batch, height, width, channels).
    notes
        What was changed, to say.
    """

    model: ModelProto
    path: Path
    sizes: tuple[int, int, int, int] = (0, 0, 0, 0)
    channels_last: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def graph(self) -> GraphProto:
        """The model's graph."""
        return self.model.graph

    def error(self, what: str, node: NodeProto | None = None) -> InputError:
        """An error that names file and node."""
        place = f", node '{node_name(node)}'" if node is not None else ""
        return InputError(f"{self.path}{place}: {what}.")

    def writer(self, value: str) -> NodeProto | None:
        """The node that writes a value."""
        return next((node for node in self.graph.node if value in node.output), None)


def read_classifier(model: ModelProto, path: Path) -> Classifier:
    """Bring a model into the form that is measured.

    Raises
    ------
    InputError
        It has several inputs or outputs, sequences, quantised layers, or no image as its input.
    """
    if model.functions:
        try:
            model = inliner.inline_local_functions(model)
        except Exception as error:  # the inliner raises what its checks find
            raise InputError(f"{path}: its functions cannot be read: {error}.") from error
    classifier = Classifier(model, path)
    _refuse_quantised(classifier)
    _find_input(classifier)
    _choose_output(classifier)
    _widen(classifier)
    _remove_softmax(classifier)
    _prune(classifier)
    return classifier


def _refuse_quantised(classifier: Classifier) -> None:
    for node in classifier.graph.node:
        if node.op_type.startswith(_QUANTISED):
            raise classifier.error(
                f"it is {node.op_type}: the network is quantised, its steps have no derivative; a "
                "float network is needed", node
            )  # fmt: skip


def _find_input(classifier: Classifier) -> None:
    graph = classifier.graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(f"'{value.name}'" for value in inputs) or "none"
        raise classifier.error(f"it has {len(inputs)} inputs ({names}); one image is needed")
    (image,) = inputs
    kind = image.type.WhichOneof("value")
    if kind != "tensor_type":
        raise classifier.error(
            f"its input '{image.name}' is a {kind or 'nothing'}; it must be a tensor"
        )
    tensor = image.type.tensor_type
    if tensor.elem_type not in (*_FLOATS, TensorProto.UINT8):
        raise classifier.error(
            f"its input '{image.name}' holds numbers of the type {tensor.elem_type} of ONNX; it "
            "must hold float numbers or bytes"
        )
    sizes = [d.dim_value if d.WhichOneof("value") == "dim_value" else 0 for d in tensor.shape.dim]
    if len(sizes) != 4 or min(sizes) < 0:
        raise classifier.error(
            f"its input '{image.name}' has the sizes {sizes}; it must be (batch, channels, height, "
            "width) or (batch, height, width, channels)"
        )
    if tensor.elem_type == TensorProto.UINT8:
        readers = [node for node in graph.node if image.name in node.input]
        if any(node.op_type not in ("Cast", "Transpose") for node in readers):
            raise classifier.error(
                f"its input '{image.name}' holds bytes; float numbers are needed"
            )
        tensor.elem_type = TensorProto.FLOAT
    classifier.channels_last = _is_channels_last(classifier, image.name, sizes)
    if classifier.channels_last:
        sizes = [sizes[0], sizes[3], sizes[1], sizes[2]]
    classifier.sizes = (sizes[0], sizes[1], sizes[2], sizes[3])


def _is_channels_last(classifier: Classifier, value: str, sizes: list[int]) -> bool:
    """By what the graph does with the image first; else by which size is a number of channels."""
    graph = classifier.graph
    for _ in range(len(graph.node)):
        readers = [node for node in graph.node if node.input and value in node.input]
        if not readers:
            break
        node = readers[0]
        if node.op_type == "Transpose":
            perm = next((list(a.ints) for a in node.attribute if a.name == "perm"), [])
            return perm == [0, 3, 1, 2]
        if node.op_type == "Conv" or not node.output or len(node.output) > 1:
            break
        value = node.output[0]
    plausible = (1, 3, 4)
    return sizes[3] in plausible and sizes[1] not in plausible and sizes[1] != 0


def _choose_output(classifier: Classifier) -> None:
    """Keep the one output that holds scores."""
    graph = classifier.graph
    for value in graph.output:
        kind = value.type.WhichOneof("value")
        if kind not in ("tensor_type", None):
            raise classifier.error(
                f"its output '{value.name}' is a {kind}; it must be a tensor of scores",
                classifier.writer(value.name),
            )
    scores = [v for v in graph.output if v.type.tensor_type.elem_type in (0, *_FLOATS)]
    if len(scores) > 1:
        # Of logits and their softmax, the logits.
        read = {n.input[0] for n in graph.node if n.op_type.endswith("Softmax")
                and set(n.output) & {v.name for v in scores}}  # fmt: skip
        scores = [v for v in scores if v.name in read] or scores
    if len(scores) != 1:
        names = ", ".join(f"'{value.name}'" for value in graph.output) or "none"
        raise classifier.error(f"its outputs are {names}; one output of scores is needed")
    if len(graph.output) > 1:
        classifier.notes.append(f"of {len(graph.output)} outputs '{scores[0].name}' is measured")
    _set_output(graph, scores[0].name)


def _set_output(graph: GraphProto, name: str) -> None:
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))


def _widen(classifier: Classifier) -> None:
    """Half precision to float32: weights, constants, casts, input."""
    graph, widened = classifier.graph, False
    tensors = [*graph.initializer, *(a.t for n in graph.node for a in n.attribute if a.t.data_type)]
    for tensor in tensors:
        if tensor.data_type in _HALF:
            values = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
            widened = True
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.name in ("to", "dtype") and attribute.i in _HALF:
                attribute.i, widened = TensorProto.FLOAT, True
    for value in (*graph.input, *graph.value_info):
        if value.type.tensor_type.elem_type in _HALF:
            value.type.tensor_type.elem_type, widened = TensorProto.FLOAT, True
    if widened:
        classifier.notes.append("half-precision weights are measured in float32")


def _remove_softmax(classifier: Classifier) -> None:
    """Bypass a softmax at the end, with whatever shapes its scores behind it."""
    graph = classifier.graph
    value, behind = graph.output[0].name, []
    while (node := classifier.writer(value)) is not None and node.op_type in _TRANSPARENT:
        behind.append(node)
        value = node.input[0]
    if node is None:
        return
    logits = _logits_of(classifier, node)
    if logits is None:
        return
    if behind:
        behind[-1].input[0] = logits
    else:
        _set_output(graph, logits)
    classifier.notes.append(
        f"the final softmax '{node_name(node)}' is left out: logits are measured"
    )


def _logits_of(classifier: Classifier, node: NodeProto) -> str | None:
    """What a softmax is of, also one that is written as exponentials over their sum."""
    if node.op_type in ("Softmax", "LogSoftmax"):
        return str(node.input[0])
    if node.op_type != "Div":
        return None
    above, below = (classifier.writer(name) for name in node.input)
    if above is None or below is None or (above.op_type, below.op_type) != ("Exp", "ReduceSum"):
        return None
    if below.input[0] not in above.output:
        return None
    shifted = classifier.writer(above.input[0])
    if shifted is not None and shifted.op_type == "Sub":
        most = classifier.writer(shifted.input[1])
        if most is not None and most.op_type == "ReduceMax" and most.input[0] == shifted.input[0]:
            return str(shifted.input[0])
    return str(above.input[0])


def _prune(classifier: Classifier) -> None:
    """Drop what the output does not depend on."""
    graph = classifier.graph
    needed = {graph.output[0].name}
    kept = []
    for node in reversed(graph.node):  # the standard has them in an order that can be run
        if needed & set(node.output):
            kept.append(node)
            needed.update(_reads(node))
    nodes = [NodeProto.FromString(node.SerializeToString()) for node in reversed(kept)]
    del graph.node[:]
    graph.node.extend(nodes)
    if not any(value.name in needed for value in graph.input):
        raise classifier.error("its output does not depend on its input")
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    if len(tensors) < len(graph.initializer):
        for index in reversed(range(len(graph.initializer))):
            if graph.initializer[index].name not in needed:
                del graph.initializer[index]


def _reads(node: NodeProto) -> Iterator[str]:
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _reads(inner)


def largest_value(model: ModelProto) -> tuple[str, int]:
    """Name and number of elements of the largest value whose shape is known."""
    found = ("", 0)
    for value in model.graph.value_info:
        sizes = [d.dim_value for d in value.type.tensor_type.shape.dim]
        count = math.prod(size or 1 for size in sizes)
        if count > found[1]:
            found = value.name, count
    return found
