"""Brings a graph into the operators and versions that onnx2torch converts."""

import onnx
from onnx import ModelProto, NodeProto, helper, numpy_helper, shape_inference, version_converter
from onnx2torch.node_converters.registry import get_converter

from maxgain.zoo.readers.onnx.graph import Classifier, largest_value
from maxgain.zoo.readers.onnx.operators import register_operators, with_own_operators

LARGEST_VALUE = 1 << 28
"""Numbers of one feature map (1 GiB); a file that asks for more is damaged or hostile."""


_WIDELY_KNOWN = 13
"""Version of the operator set for which onnx2torch has most converters."""


_STANDARD = ("", "ai.onnx")


def prepared(classifier: Classifier, shape: tuple[int, int, int]) -> ModelProto:
    """Model with known shapes, of operators that are known.

    Raises
    ------
    InputError
        An operator is not known, or a value is too large; the sentence names the node.
    """
    register_operators()
    _gather_constants(classifier.model)
    if _unknown(classifier.model) is not None:
        classifier.model = _of_known_version(classifier.model)
    node = _unknown(classifier.model)
    if node is not None:
        domain = f" of {node.domain}" if node.domain not in _STANDARD else ""
        version = _versions(classifier.model).get(node.domain, 0)
        raise classifier.error(
            f"its operator {node.op_type}{domain} (operator set {version}) is not known", node
        )
    _fix_input(classifier, shape)
    model = _with_shapes(classifier)
    name, count = largest_value(model)
    if count > LARGEST_VALUE:
        raise classifier.error(
            f"it makes {count:,} numbers, more than the {LARGEST_VALUE:,} allowed",
            classifier.writer(name),
        )
    classifier.model = model
    _axes_as_attributes(classifier)
    with_own_operators(model)
    return model


def _gather_constants(model: ModelProto) -> None:
    """Weights that a node holds or repeats, as the tensors that converters look for.

    Exporters write equal weights once, with an Identity for each further use.
    """
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    kept: list[NodeProto] = []
    renamed: dict[str, str] = {}
    for node in graph.node:
        inputs = [renamed.get(name, name) for name in node.input]
        if inputs != list(node.input):
            node.input[:] = inputs
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            tensor = graph.initializer.add()
            tensor.CopyFrom(node.attribute[0].t)
            tensor.name = node.output[0]
            tensors[tensor.name] = tensor
        elif node.op_type == "Identity" and inputs[0] in tensors:
            renamed[node.output[0]] = inputs[0]
        else:
            kept.append(NodeProto.FromString(node.SerializeToString()))
    del graph.node[:]
    graph.node.extend(kept)


def _with_shapes(classifier: Classifier) -> ModelProto:
    try:
        model: ModelProto = shape_inference.infer_shapes(
            classifier.model, strict_mode=True, data_prop=True
        )
    except Exception as error:  # the inference raises what its checks find
        said = " ".join(str(error).split())[:300]
        raise classifier.error(f"its shapes do not fit: {said}") from error
    return model


def _versions(model: ModelProto) -> dict[str, int]:
    return {opset.domain: opset.version for opset in model.opset_import}


def _unknown(model: ModelProto) -> NodeProto | None:
    versions = _versions(model)
    node: NodeProto
    for node in model.graph.node:
        domain = "" if node.domain in _STANDARD else node.domain
        version = versions.get(node.domain, versions.get(domain, versions.get("ai.onnx", 0)))
        try:
            get_converter(node.op_type, version, domain)
        except NotImplementedError:
            return node
        if node.op_type in ("Pad", "Split") and not _plain(node):
            return node
    return None


def _plain(node: NodeProto) -> bool:
    """Whether a node of a later version asks for nothing that the earlier one had not."""
    if node.op_type == "Pad":
        return len(node.input) < 4 or not node.input[3]
    return not any(attribute.name == "num_outputs" for attribute in node.attribute)


def _of_known_version(model: ModelProto) -> ModelProto:
    """The model in a later operator set, where onnx can say it in one."""
    if _versions(model).get("", _WIDELY_KNOWN) >= _WIDELY_KNOWN:
        return model
    try:
        onnx.checker.check_model(model)
        converted: ModelProto = version_converter.convert_version(model, _WIDELY_KNOWN)
    except Exception:  # what cannot be said in a later version stays as it is, and is refused
        return model
    return converted


def _fix_input(classifier: Classifier, shape: tuple[int, int, int]) -> None:
    """Write the measured sizes into the input, so that all shapes are known."""
    graph = classifier.graph
    constants = {tensor.name for tensor in graph.initializer}
    (image,) = (value for value in graph.input if value.name not in constants)
    channels, height, width = shape
    sizes = (height, width, channels) if classifier.channels_last else shape
    fixed = (classifier.sizes[0] or 1, *sizes)
    element = image.type.tensor_type.elem_type
    image.CopyFrom(helper.make_tensor_value_info(image.name, element, fixed))


def _axes_as_attributes(classifier: Classifier) -> None:
    """Axes of a reduction as an attribute, as operator set 13 has them, where they are constant."""
    constants = {tensor.name: tensor for tensor in classifier.graph.initializer}
    for node in classifier.graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].t.data_type:
            constants[node.output[0]] = node.attribute[0].t
    for node in classifier.graph.node:
        if node.op_type == "ReduceSum" or not node.op_type.startswith("Reduce"):
            continue
        if len(node.input) < 2 or not node.input[1]:
            continue
        if node.input[1] not in constants:
            raise classifier.error("its axes are computed; they must be constant", node)
        axes = numpy_helper.to_array(constants[node.input[1]]).reshape(-1).tolist()
        del node.input[1:]
        node.attribute.append(helper.make_attribute("axes", axes))
