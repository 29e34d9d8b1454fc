"""Layers of a MatConvNet file as descriptions, SimpleNN and DagNN alike."""

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import numpy as np

from maxgain.errors import InputError
from maxgain.files.mat_file import MatValue
from maxgain.zoo.readers.matconvnet.builders import BUILDERS
from maxgain.zoo.readers.matconvnet.fields import Fields, numbers_of, texts
from maxgain.zoo.readers.matconvnet.layers import Layer

IMAGE = "the image"

LOSS = "Loss"
"""Type of the layers that serve training alone: losses, and errors that are counted."""


@dataclass(frozen=True)
class LayerDescription:
    """One layer as a file describes it, SimpleNN or DagNN.

    `type` is the DagNN name without "dagnn.".
    """

    name: str
    type: str
    options: Fields
    parameters: list[np.ndarray]
    inputs: tuple[str, ...]
    output: str

    def build(self) -> Layer:
        """The layer as a torch module."""
        return BUILDERS[self.type](self.options, self.parameters)


def place_of(path: Path, layer: str) -> str:
    """File and layer, as error messages name them."""
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
    # vl_simplenn's losses; training saves them with the network.
    "softmaxloss": LOSS,
    "loss": LOSS,
    "logloss": LOSS,
    "pdist": LOSS,
}


def simple_layers(variables: dict[str, MatValue], path: Path) -> list[LayerDescription]:
    """Layers of a SimpleNN: a chain, in the order of the cell array `layers`."""
    cells = variables["layers"]
    if cells.dtype.kind != "O" or cells.size == 0:
        raise InputError(f"{path}: 'layers' is not a list of layers.")
    descriptions = []
    for number, cell in enumerate(cells.reshape(-1), start=1):
        fields = Fields(np.asarray(cell), place_of(path, f"{number}"))
        name = fields.text("name") if "name" in fields else ""
        fields.place = place_of(path, name or f"{number}")
        type_ = _known(fields.text("type"), _SIMPLE_TYPES, fields)
        parameters = _simple_parameters(fields) if type_ in ("Conv", "BatchNorm") else []
        source = IMAGE if number == 1 else f"x{number - 1}"
        descriptions.append(
            LayerDescription(
                name or f"{number}", type_, fields, parameters, (source,), f"x{number}"
            )
        )
    return descriptions


def _simple_parameters(fields: Fields) -> list[np.ndarray]:
    """Parameters of a layer: `weights`, or `filters` and `biases` in older files."""
    if "weights" not in fields and "filters" in fields:
        return [numbers_of(fields[name], fields.place, name) for name in ("filters", "biases")]
    weights = fields["weights"]
    if weights.dtype.kind != "O":
        raise fields.error("'weights' is not a list of arrays")
    return [numbers_of(np.asarray(part), fields.place, "weights") for part in weights.reshape(-1)]


_DAG_TYPES = {
    **{f"dagnn.{known}": known for known in BUILDERS},
    "dagnn.Loss": LOSS,
    "dagnn.PDist": LOSS,
}


def dag_layers(variables: dict[str, MatValue], path: Path) -> list[LayerDescription]:
    """Layers of a DagNN, ordered so that each variable is written before it is read."""
    if "params" not in variables:
        raise InputError(f"{path} has no variable 'params', which a DagNN needs.")
    values = _dag_parameters(variables["params"], path)
    descriptions: dict[str, LayerDescription] = {}
    for number, record in enumerate(variables["layers"].reshape(-1), start=1):
        fields = Fields(np.asarray(record), place_of(path, f"{number}"))
        fields.place = place_of(path, fields.text("name"))
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
        raise InputError(
            f"{place_of(path, layer)}: it reads what depends on its output."
        ) from error


def _dag_parameters(params: MatValue, path: Path) -> dict[str, np.ndarray]:
    values = {}
    for record in params.reshape(-1):
        fields = Fields(np.asarray(record), f"{path}, params")
        name = fields.text("name")
        values[name] = numbers_of(fields["value"], f"{path}, params", name)
    return values


def _dag_layer(fields: Fields, values: dict[str, np.ndarray]) -> LayerDescription:
    type_ = _known(fields.text("type"), _DAG_TYPES, fields)
    outputs = texts(fields["outputs"], fields.place, "outputs")
    inputs = texts(fields["inputs"], fields.place, "inputs")
    if len(outputs) != 1 or not inputs:
        raise fields.error(
            f"it has the inputs {inputs} and outputs {outputs}; it must have one output"
        )
    parameters = []
    for name in texts(fields["params"], fields.place, "params"):
        if name not in values:
            raise fields.error(f"its parameter '{name}' is not among the file's 'params'")
        parameters.append(values[name])
    block = fields["block"]
    options = (
        Fields(block, fields.place)
        if block.dtype.names and block.size
        else Fields.of_mapping({}, fields.place)  # a block without properties
    )
    return LayerDescription(
        fields.text("name"), type_, options, parameters, tuple(inputs), outputs[0]
    )


def _known(type_: str, types: dict[str, str], fields: Fields) -> str:
    if type_ not in types:
        raise fields.error(
            f"its type is '{type_}', which is not known; known are {', '.join(types)}"
        )
    return types[type_]
