"""Imports the networks that MatConvNet published (.mat files, SimpleNN and DagNN) into torch.

Nothing in a file is executed. Everything is checked while it is read, and every fault is one
`InputError` that names the file and the layer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from math import prod
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.errors import InputError
from maxgain.models.matconvnet import (
    NO_PADDING,
    BatchNormalization,
    Concatenation,
    Convolution,
    CrossChannelNormalization,
    Identity,
    Layer,
    LayerGraph,
    Padding,
    Pooling,
    Rectifier,
    Shape,
    Softmax,
    Step,
    Sum,
)
from maxgain.zoo.mat_file import MatValue, read_mat_file

_IMAGE = "the image"
_MAIN_OUTPUT = "prob"
#: Numbers of one feature map (256 MiB); a file that asks for more is damaged or hostile.
_LARGEST_FEATURE_MAP = 1 << 26
_LARGEST_SIDE = 1 << 12


@dataclass(frozen=True)
class MatConvNetModel:
    """What a MatConvNet file holds.

    Attributes
    ----------
    network
        Takes 0-255 pixels minus `average_image`, returns logits (a final softmax is left out).
    average_image
        In 0-255 pixels; a single mean colour is spread over the image.
    class_names
        Description of each class; empty where the file has none.
    """

    network: LayerGraph
    average_image: Float[Tensor, "channels height width"]
    class_names: tuple[str, ...]


def read_matconvnet(path: Path) -> MatConvNetModel:
    """Network, average image and class names of a MatConvNet file.

    Raises
    ------
    InputError
        The file cannot be read; a layer's type is unknown, its fields are missing or its shapes
        do not fit. The message names file and layer.
    """
    variables = read_mat_file(path)
    if "layers" not in variables and "net" in variables:
        variables = _Fields(variables["net"], f"{path}, variable 'net'").values
    if "layers" not in variables:
        raise InputError(
            f"{path} has no variable 'layers' (it has {', '.join(variables) or 'none'}); it is not "
            "a network of MatConvNet."
        )
    meta = _Fields(variables["meta"], f"{path}, meta") if "meta" in variables else None
    top = meta if meta is not None else _Fields.of_mapping(variables, str(path))
    normalization = _Fields(top["normalization"], f"{path}, normalization")
    average_image = _average_image(normalization)
    descriptions = _dag_layers if variables["layers"].dtype.names else _simple_layers
    steps, output = _without_final_softmax(path, descriptions(variables, path))
    shape = _checked_shapes(path, steps, Shape(*average_image.shape), output)
    class_names = _class_names(top, path)
    if (shape.height, shape.width) != (1, 1) or (
        class_names and len(class_names) != shape.channels
    ):
        raise InputError(
            f"{path}: the network's output is {'x'.join(map(str, shape))}; it must be one score "
            f"for each of {len(class_names) or 'the'} classes."
        )
    network = LayerGraph(steps, _IMAGE, output)
    network.requires_grad_(False)
    return MatConvNetModel(network.eval(), average_image, class_names)


class _Fields:
    """The fields of one struct, with the place it comes from for the errors."""

    def __init__(self, value: MatValue, place: str) -> None:
        if value.dtype.names is None or value.size != 1:
            raise InputError(f"{place} is not a struct with fields.")
        record = value.reshape(-1)[0]
        self.values: dict[str, MatValue] = {name: record[name] for name in value.dtype.names}
        self.place = place

    @classmethod
    def of_mapping(cls, values: dict[str, MatValue], place: str) -> "_Fields":
        fields = cls.__new__(cls)
        fields.values, fields.place = values, place
        return fields

    def __getitem__(self, name: str) -> MatValue:
        if name not in self.values:
            has = ", ".join(self.values) or "none"
            raise InputError(f"{self.place}: the field '{name}' is missing (it has {has}).")
        value = self.values[name]
        if not isinstance(value, np.ndarray):
            raise self.error(f"the field '{name}' is not an array")
        return value

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def error(self, what: str) -> InputError:
        return InputError(f"{self.place}: {what}.")

    def text(self, name: str) -> str:
        return _text(self[name], self.place, name)

    def numbers(self, name: str) -> list[float]:
        return [float(x) for x in _numbers(self[name], self.place, name).reshape(-1)]

    def whole_numbers(
        self, names: Sequence[str], lengths: Sequence[int], least: int, default: int | None = None
    ) -> list[int]:
        """Value of the first of `names` that is there, which has one of `lengths` numbers."""
        name = next((name for name in names if name in self), names[0])
        if name not in self and default is not None:
            return [default]
        numbers = self.numbers(name)
        if len(numbers) not in lengths or not all(
            x.is_integer() and least <= x <= _LARGEST_SIDE for x in numbers
        ):
            raise self.error(
                f"'{name}' is {numbers[:8]}; it must be {' or '.join(map(str, lengths))} whole "
                f"numbers from {least} to {_LARGEST_SIDE}"
            )
        return [int(x) for x in numbers]


def _text(value: MatValue, place: str, name: str) -> str:
    if value.dtype.kind != "U" or value.size > 1:
        raise InputError(f"{place}: '{name}' is not a text.")
    return str(value.reshape(-1)[0]) if value.size else ""


def _texts(value: MatValue, place: str, name: str) -> list[str]:
    """Texts of a cell array of texts; a single text is taken for a cell array of one."""
    if value.dtype.kind == "U":
        return [_text(value, place, name)]
    if value.dtype.kind != "O":
        if value.size == 0:
            return []
        raise InputError(f"{place}: '{name}' is not a list of texts.")
    return [_text(np.asarray(part), place, name) for part in value.reshape(-1)]


def _numbers(value: MatValue, place: str, name: str) -> np.ndarray:
    if value.dtype.kind not in "fiub":
        raise InputError(f"{place}: '{name}' does not hold real numbers.")
    if not np.isfinite(value).all():
        raise InputError(f"{place}: '{name}' holds numbers that are not finite.")
    return value


@dataclass(frozen=True)
class _LayerDescription:
    """One layer as a file describes it, SimpleNN or DagNN.

    `type` is the DagNN name without "dagnn.".
    """

    name: str
    type: str
    options: _Fields
    parameters: list[np.ndarray]
    inputs: tuple[str, ...]
    output: str

    def build(self) -> Layer:
        return _BUILDERS[self.type](self.options, self.parameters)


def _place(path: Path, layer: str) -> str:
    return f"{path}, layer '{layer}'"


_SIMPLE_TYPES = {
    "conv": "Conv",
    "relu": "ReLU",
    "pool": "Pooling",
    "normalize": "LRN",
    "lrn": "LRN",
    "bnorm": "BatchNorm",
    "dropout": "DropOut",
    "softmax": "SoftMax",
}


def _simple_layers(variables: dict[str, MatValue], path: Path) -> list[_LayerDescription]:
    """Layers of a SimpleNN: a chain, in the order of the cell array `layers`."""
    cells = variables["layers"]
    if cells.dtype.kind != "O" or cells.size == 0:
        raise InputError(f"{path}: 'layers' is not a list of layers.")
    descriptions = []
    for number, cell in enumerate(cells.reshape(-1), start=1):
        fields = _Fields(np.asarray(cell), _place(path, f"{number}"))
        name = fields.text("name") if "name" in fields else ""
        fields.place = _place(path, name or f"{number}")
        type_ = _known(fields.text("type"), _SIMPLE_TYPES, fields)
        parameters = _simple_parameters(fields) if type_ in ("Conv", "BatchNorm") else []
        source = _IMAGE if number == 1 else f"x{number - 1}"
        descriptions.append(
            _LayerDescription(
                name or f"{number}", type_, fields, parameters, (source,), f"x{number}"
            )
        )
    return descriptions


def _simple_parameters(fields: _Fields) -> list[np.ndarray]:
    """Parameters of a layer: `weights`, or `filters` and `biases` in older files."""
    if "weights" not in fields and "filters" in fields:
        return [_numbers(fields[name], fields.place, name) for name in ("filters", "biases")]
    weights = fields["weights"]
    if weights.dtype.kind != "O":
        raise fields.error("'weights' is not a list of arrays")
    return [_numbers(np.asarray(part), fields.place, "weights") for part in weights.reshape(-1)]


def _dag_layers(variables: dict[str, MatValue], path: Path) -> list[_LayerDescription]:
    """Layers of a DagNN, ordered so that each variable is written before it is read."""
    if "params" not in variables:
        raise InputError(f"{path} has no variable 'params', which a DagNN needs.")
    values = _dag_parameters(variables["params"], path)
    descriptions: dict[str, _LayerDescription] = {}
    for number, record in enumerate(variables["layers"].reshape(-1), start=1):
        fields = _Fields(np.asarray(record), _place(path, f"{number}"))
        fields.place = _place(path, fields.text("name"))
        description = _dag_layer(fields, values)
        if description.output in descriptions:
            raise fields.error(f"it writes '{description.output}', which another layer writes")
        descriptions[description.output] = description
    order = TopologicalSorter(
        {output: [x for x in d.inputs if x in descriptions] for output, d in descriptions.items()}
    )
    try:
        return [descriptions[output] for output in order.static_order()]
    except CycleError as error:
        layer = descriptions[error.args[1][0]].name
        raise InputError(f"{_place(path, layer)}: it reads what depends on its output.") from error


def _dag_parameters(params: MatValue, path: Path) -> dict[str, np.ndarray]:
    values = {}
    for record in params.reshape(-1):
        fields = _Fields(np.asarray(record), f"{path}, params")
        name = fields.text("name")
        values[name] = _numbers(fields["value"], f"{path}, params", name)
    return values


def _dag_layer(fields: _Fields, values: dict[str, np.ndarray]) -> _LayerDescription:
    type_ = _known(fields.text("type"), {f"dagnn.{known}": known for known in _BUILDERS}, fields)
    outputs = _texts(fields["outputs"], fields.place, "outputs")
    inputs = _texts(fields["inputs"], fields.place, "inputs")
    if len(outputs) != 1 or not inputs:
        raise fields.error(
            f"it has the inputs {inputs} and outputs {outputs}; it must have one output"
        )
    parameters = []
    for name in _texts(fields["params"], fields.place, "params"):
        if name not in values:
            raise fields.error(f"its parameter '{name}' is not among the file's 'params'")
        parameters.append(values[name])
    block = fields["block"]
    options = (
        _Fields(block, fields.place)
        if block.dtype.names and block.size
        else _Fields.of_mapping({}, fields.place)  # a block without properties
    )
    return _LayerDescription(
        fields.text("name"), type_, options, parameters, tuple(inputs), outputs[0]
    )


def _known(type_: str, types: dict[str, str], fields: _Fields) -> str:
    if type_ not in types:
        raise fields.error(
            f"its type is '{type_}', which is not known; known are {', '.join(types)}"
        )
    return types[type_]


def _without_final_softmax(
    path: Path, descriptions: Sequence[_LayerDescription]
) -> tuple[list[Step], str]:
    """Steps of the graph that end in the logits, and the name of the logits."""
    descriptions = _without_side_branches(descriptions)
    written = {d.output for d in descriptions}
    read = {name for d in descriptions for name in d.inputs}
    ends, beginnings = sorted(written - read), sorted(read - written)
    if len(ends) != 1 or len(beginnings) != 1:
        raise InputError(
            f"{path}: the layers read {beginnings or 'nothing'} and end in {ends or 'nothing'}; a "
            "network must have one input and one output."
        )
    output = ends[0]
    last = next(d for d in descriptions if d.output == output)
    if last.type == "SoftMax" and last.inputs[0] in written:
        output = last.inputs[0]
        descriptions = [d for d in descriptions if d is not last]
    renamed = {beginnings[0]: _IMAGE}
    steps = [
        Step(d.name, d.build(), tuple(renamed.get(x, x) for x in d.inputs), d.output)
        for d in descriptions
    ]
    return steps, output


def _without_side_branches(
    descriptions: Sequence[_LayerDescription],
) -> Sequence[_LayerDescription]:
    """Layers that the output "prob" depends on, in a network that has further outputs.

    GoogLeNet's further classifiers serve its training only.
    """
    written = {d.output: d for d in descriptions}
    ends = set(written) - {name for d in descriptions for name in d.inputs}
    if len(ends) == 1 or _MAIN_OUTPUT not in ends:
        return descriptions
    needed = {_MAIN_OUTPUT}
    for description in reversed(descriptions):  # each is written before it is read
        if description.output in needed:
            needed.update(description.inputs)
    return [d for d in descriptions if d.output in needed]


def _checked_shapes(path: Path, steps: Sequence[Step], image: Shape, output: str) -> Shape:
    """Shape of the output, after checking that each layer fits what it reads."""
    shapes = {_IMAGE: image}
    for step in steps:
        inputs = [shapes[name] for name in step.inputs]
        try:
            shape = step.layer.output_shape(*inputs)
        except ValueError as error:
            raise InputError(f"{_place(path, step.name)}: {error}.") from error
        padding = getattr(step.layer, "padding", NO_PADDING)
        padded = (inputs[0].height + padding.top + padding.bottom) * (
            inputs[0].width + padding.left + padding.right
        )
        if max(prod(shape), inputs[0].channels * padded) > _LARGEST_FEATURE_MAP:
            raise InputError(
                f"{_place(path, step.name)}: it makes feature maps of more than "
                f"{_LARGEST_FEATURE_MAP:,} numbers."
            )
        shapes[step.output] = shape
    return shapes[output]


def _convolution(options: _Fields, parameters: list[np.ndarray]) -> Layer:
    if len(parameters) not in (1, 2):
        raise options.error(f"it has {len(parameters)} parameters; filters and biases are needed")
    filters = parameters[0]
    if filters.ndim > 4 or filters.size == 0:
        raise options.error(f"its filters have the shape {list(filters.shape)}; 4 sizes are needed")
    # MATLAB drops sizes of one at the end.
    filters = filters.reshape([*filters.shape, 1, 1, 1, 1][:4])
    biases = parameters[1] if len(parameters) == 2 and parameters[1].size else None
    if biases is not None and biases.size != filters.shape[3]:
        raise options.error(f"it has {biases.size} biases for {filters.shape[3]} filters")
    return Convolution(
        _tensor(filters.transpose(3, 2, 0, 1)),
        None if biases is None else _tensor(biases.reshape(-1)),
        _pair(options, ["stride"], 1),
        _padding(options),
        _pair(options, ["dilate"], 1),
    )


def _pooling(options: _Fields, parameters: list[np.ndarray]) -> Layer:
    method = options.text("method") if "method" in options else "max"
    size = _pair(options, ["pool", "poolSize"])
    stride, padding = _pair(options, ["stride"], 1), _padding(options)
    if method == "max":
        return Pooling("max", size, stride, padding)
    if method == "avg":
        return Pooling("avg", size, stride, padding)
    raise options.error(f"its pooling method is '{method}'; known are max, avg")


def _cross_channel_normalization(options: _Fields, parameters: list[np.ndarray]) -> Layer:
    values = options.numbers("param")
    if len(values) != 4 or not values[0].is_integer() or not 1 <= values[0] <= _LARGEST_SIDE:
        raise options.error(f"'param' is {values[:8]}; it must be [N kappa alpha beta]")
    return CrossChannelNormalization(int(values[0]), *values[1:])


def _batch_normalization(options: _Fields, parameters: list[np.ndarray]) -> Layer:
    if len(parameters) != 3:
        raise options.error(
            f"it has {len(parameters)} parameters; scale, shift and moments are needed"
        )
    scale, shift, moments = parameters
    channels = scale.size
    if shift.size != channels or moments.shape != (channels, 2):
        raise options.error(
            f"it has {channels} scales, {shift.size} shifts and moments of the shape "
            f"{list(moments.shape)}, which do not fit together"
        )
    if not (moments[:, 1] > 0).all():
        raise options.error("its moments have standard deviations that are not positive")
    return BatchNormalization(
        _tensor(scale.reshape(-1)),
        _tensor(shift.reshape(-1)),
        _tensor(moments[:, 0]),
        _tensor(moments[:, 1]),
    )


def _rectifier(options: _Fields, parameters: list[np.ndarray]) -> Layer:
    leak = options.numbers("leak") if "leak" in options else [0.0]
    if len(leak) != 1:
        raise options.error(f"'leak' is {leak[:8]}; it must be one number")
    return Rectifier(leak[0])


def _concatenation(options: _Fields, parameters: list[np.ndarray]) -> Layer:
    if "dim" in options and options.numbers("dim") != [3.0]:
        raise options.error(
            f"it joins along dimension {options.numbers('dim')[:8]}; only 3 is known"
        )
    return Concatenation()


_BUILDERS: dict[str, Callable[[_Fields, list[np.ndarray]], Layer]] = {
    "Conv": _convolution,
    "ReLU": _rectifier,
    "Pooling": _pooling,
    "LRN": _cross_channel_normalization,
    "BatchNorm": _batch_normalization,
    "DropOut": lambda options, parameters: Identity(),
    "SoftMax": lambda options, parameters: Softmax(),
    "Sum": lambda options, parameters: Sum(),
    "Concat": _concatenation,
}


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _pair(options: _Fields, names: Sequence[str], default: int | None = None) -> tuple[int, int]:
    numbers = options.whole_numbers(names, (1, 2), 1, default)
    return numbers[0], numbers[-1]


def _padding(options: _Fields) -> Padding:
    numbers = options.whole_numbers(["pad"], (1, 4), 0, 0)
    return Padding(*(numbers * 4 if len(numbers) == 1 else numbers))


def _average_image(normalization: _Fields) -> Float[Tensor, "channels height width"]:
    """Average image in 0-255 pixels, of the network's input size."""
    size = normalization.whole_numbers(["imageSize"], (2, 3, 4), 1)
    height, width, channels = size[0], size[1], size[2] if len(size) > 2 else 3
    image = _numbers(normalization["averageImage"], normalization.place, "averageImage")
    if image.size == channels:
        colour = _tensor(image.reshape(-1))
        return colour[:, None, None].expand(channels, height, width).contiguous()
    if image.ndim == 2:
        image = image[:, :, None]
    if image.shape != (height, width, channels):
        raise normalization.error(
            f"'averageImage' has the shape {list(image.shape)}; it must be [{height}, {width}, "
            f"{channels}] or {channels} numbers"
        )
    return _tensor(image.transpose(2, 0, 1))


def _class_names(top: _Fields, path: Path) -> tuple[str, ...]:
    if "classes" not in top or not top["classes"].dtype.names:
        return ()
    classes = _Fields(top["classes"], f"{path}, classes")
    name = "description" if "description" in classes else "name"
    return tuple(_texts(classes[name], classes.place, name))
