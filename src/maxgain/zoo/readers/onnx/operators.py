"""Operators that onnx2torch has not, or not as the standard says, as converters of our own.

`onnx2torch.add_converter` registers one version of an operator at a time. Later versions of many
operators admit further number types only: they are registered here with the converter of the
earlier version. Where its converter differs from the standard, a node is moved into the operator
set "maxgain" (see `with_own_operators`), which has ours.
"""

from collections.abc import Callable, Sequence
from functools import cache

import torch
import torch.nn.functional as F
from onnx import ModelProto, NodeProto, helper
from onnx2torch import converter as _converters  # noqa: F401 - registers the library's own
from onnx2torch.node_converters.registry import add_converter, get_converter
from onnx2torch.onnx_graph import OnnxGraph
from onnx2torch.onnx_node import OnnxNode
from onnx2torch.utils.common import OperationConverterResult, onnx_mapping_from_node
from torch import Tensor, nn

DOMAIN = "maxgain"
_LATER = "19 20 21 22 23 24 25"

_SAME: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("Cast", "Constant", "Reshape", "Shape"), (13, _LATER)),
    **dict.fromkeys(("Flatten", "Transpose", "Unsqueeze"), (13, _LATER)),
    "Identity": (16, _LATER),
    "Squeeze": (21, "23 24 25"),
    "ConstantOfShape": (9, _LATER),
    **dict.fromkeys(("Conv", "ConvTranspose", "AveragePool"), (11, "19 22")),
    "MaxPool": (12, "22"),
    **dict.fromkeys(("GlobalAveragePool", "Softplus", "Softsign"), (1, "22")),
    **dict.fromkeys(("Elu", "HardSigmoid", "InstanceNormalization", "Selu"), (6, "22")),
    "HardSwish": (14, "22"),
    "Dropout": (13, "22"),
    "Equal": (13, "19"),
    **dict.fromkeys(("GreaterOrEqual", "LessOrEqual"), (12, "16")),
    **dict.fromkeys(("ReduceMean", "ReduceL1", "ReduceL2", "ReduceProd"), (13, "18")),
    **dict.fromkeys(("ReduceMax", "ReduceMin"), (13, "18 20")),
    "ReduceSumSquare": (13, "18"),
    "Pad": (13, "18 19 21 23 24 25"),
    "Split": (13, "18"),
}
"""Operator to the version whose converter serves, and the later versions that it serves too."""

_SAME_EARLIER: dict[str, tuple[int, str]] = {
    "BatchNormalization": (9, "6 7"),
    "Gemm": (9, "7"),
    "Dropout": (10, "1 6 7"),
    "MaxPool": (8, "1"),
    "AveragePool": (7, "1"),
    "Flatten": (9, "1"),
    "Relu": (6, "1"),
    "Concat": (4, "1"),
    "Sum": (8, "6"),
    "Cast": (9, "6"),
}
"""The same for earlier versions, whose further attributes serve training alone."""


class _Elementwise(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """The function of every number."""
        return self.function(x)


class _Average(nn.Module):
    """AveragePool with a padding of its own for each border, as the standard divides it."""

    def __init__(
        self, size: Sequence[int], strides: Sequence[int], pads: Sequence[int], counted: bool,
        ceil: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size, self.strides, self.pads = tuple(size), tuple(strides), tuple(pads)
        self.counted, self.ceil = counted, ceil

    def forward(self, x: Tensor) -> Tensor:
        """Averages of the windows."""
        top, left, bottom, right = self.pads
        ones = torch.ones_like(x[:1, :1])
        around = (left, right, top, bottom)
        weights = F.pad(ones, around, value=1.0 if self.counted else 0.0)
        padded = F.pad(x, around)
        if self.ceil:
            down, across = (
                -(padded.shape[axis] - size) % stride
                for axis, size, stride in zip((2, 3), self.size, self.strides, strict=True)
            )
            padded, weights = (F.pad(y, (0, across, 0, down)) for y in (padded, weights))
        total, count = (
            F.avg_pool2d(y, self.size, self.strides, divisor_override=1) for y in (padded, weights)
        )
        return total / count


class _LocalNormalization(nn.Module):
    """LRN as the standard has it; torch sums over other channels where the size is even."""

    def __init__(self, size: int, alpha: float, beta: float, bias: float) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.bias = size, alpha, beta, bias

    def forward(self, x: Tensor) -> Tensor:
        """Each number divided by a power of the squares around it."""
        before = (self.size - 1) // 2
        squares = F.pad(x.square(), (0, 0, 0, 0, before, self.size - 1 - before))
        sums = F.avg_pool3d(squares[:, None], (self.size, 1, 1), 1, divisor_override=1)[:, 0]
        return x / (self.bias + self.alpha / self.size * sums) ** self.beta


@cache
def register_operators() -> None:
    """Register our converters, once in a process."""
    for table in (_SAME, _SAME_EARLIER):
        for operator, (served, others) in table.items():
            converter = get_converter(operator, served)
            for version in map(int, others.split()):
                _add(operator, version, converter)
    _add_elementwise("GlobalMaxPool", lambda x: x.amax((2, 3), keepdim=True), 1, 22)
    _add_elementwise("Mish", F.mish, 18, 22)
    _add("Gelu", 20, _gelu)
    _add("SpaceToDepth", 1, _space_to_depth)
    _add("SpaceToDepth", 13, _space_to_depth)
    _add("ThresholdedRelu", 10, _thresholded)
    add_converter("AveragePool", 1, DOMAIN)(_average_pool)
    add_converter("LRN", 1, DOMAIN)(_local_normalization)


def with_own_operators(model: ModelProto) -> None:
    """Move the nodes that onnx2torch would read otherwise into the operator set of ours.

    Shapes must have been inferred before: nobody knows those of our operator set.
    """
    moved = False
    for node in model.graph.node:
        if node.domain in ("", "ai.onnx") and _differs(node):
            node.domain, moved = DOMAIN, True
    if moved:
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))


def _differs(node: NodeProto) -> bool:
    said = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if node.op_type == "LRN":
        return int(said.get("size", 1)) % 2 == 0
    if node.op_type != "AveragePool" or len(said.get("kernel_shape", ())) != 2:
        return False
    pads = list(said.get("pads", (0, 0, 0, 0)))
    return pads[:2] != pads[2:] or bool(said.get("ceil_mode", 0))


def _add(operator: str, version: int, converter: object) -> None:
    add_converter(operator, version)(converter)  # type: ignore[arg-type]


def _add_elementwise(operator: str, function: Callable[[Tensor], Tensor], *versions: int) -> None:
    for version in versions:
        _add(operator, version, lambda node, graph: _result(node, _Elementwise(function)))


def _result(node: OnnxNode, module: nn.Module) -> OperationConverterResult:
    return OperationConverterResult(module, onnx_mapping_from_node(node))


def _gelu(node: OnnxNode, graph: OnnxGraph) -> OperationConverterResult:
    return _result(node, nn.GELU(approximate=node.attributes.get("approximate", "none")))


def _space_to_depth(node: OnnxNode, graph: OnnxGraph) -> OperationConverterResult:
    size = node.attributes["blocksize"]

    def to_depth(x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        blocks = x.reshape(batch, channels, height // size, size, width // size, size)
        return blocks.permute(0, 3, 5, 1, 2, 4).reshape(
            batch, channels * size**2, height // size, width // size
        )

    return _result(node, _Elementwise(to_depth))


def _thresholded(node: OnnxNode, graph: OnnxGraph) -> OperationConverterResult:
    return _result(node, nn.Threshold(node.attributes.get("alpha", 1.0), 0.0))


def _average_pool(node: OnnxNode, graph: OnnxGraph) -> OperationConverterResult:
    said = node.attributes
    if any(dilation != 1 for dilation in said.get("dilations", ())):
        raise NotImplementedError("AveragePool with dilations")
    if said.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise NotImplementedError("AveragePool with auto_pad and ceil_mode")
    module = _Average(
        said["kernel_shape"], said.get("strides", (1, 1)), said.get("pads", (0, 0, 0, 0)),
        bool(said.get("count_include_pad", 0)), bool(said.get("ceil_mode", 0)),
    )  # fmt: skip
    return _result(node, module)


def _local_normalization(node: OnnxNode, graph: OnnxGraph) -> OperationConverterResult:
    said = node.attributes
    module = _LocalNormalization(
        said["size"], said.get("alpha", 1e-4), said.get("beta", 0.75), said.get("bias", 1.0)
    )
    return _result(node, module)
