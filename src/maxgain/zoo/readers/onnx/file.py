"""Reads an ONNX file with the data outside of it; nothing outside of its folder is read."""

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, TensorProto, helper

from maxgain.errors import InputError

LARGEST_FILE = (1 << 31) - 1
"""Most bytes of a protobuf; larger networks keep their weights in files beside it."""

_LARGEST_EXTERNAL = 1 << 33
"""Most bytes of external data (8 GiB)."""

_DEEPEST_GRAPHS = 16

_PACKED = {
    number
    for name, number in TensorProto.DataType.items()
    if name in ("INT4", "UINT4", "FLOAT4E2M1", "INT2", "UINT2")
}
"""Types of less than a byte, several of which share one."""


def read_model(path: Path) -> ModelProto:
    """Model of a file, with its external data inside.

    Raises
    ------
    InputError
        The file is missing, too large, truncated or no ONNX model; a tensor is not what it
        declares; or external data is missing or outside of the model's folder.
    """
    content = _read(path)
    model = ModelProto()
    try:
        model.ParseFromString(content)
    except (DecodeError, ValueError, RuntimeError, MemoryError) as error:
        raise InputError(
            f"{path} is not a readable ONNX file: it is damaged or cut off."
        ) from error
    if not model.graph.node or not model.opset_import:
        raise InputError(f"{path} is not an ONNX network: it has no graph or no operator set.")
    room = _LARGEST_EXTERNAL
    for graph in _graphs(model.graph, path):
        for tensor, owner in _tensors(graph):
            if tensor.data_location == TensorProto.EXTERNAL:
                room -= _read_external(tensor, path)
                if room < 0:
                    raise InputError(f"{path} has more than {_LARGEST_EXTERNAL} bytes of data.")
            _check_size(tensor, f"{path}, {owner}")
    return model


def node_name(node: object) -> str:
    """Name of a node, or what identifies it."""
    name = getattr(node, "name", "")
    outputs = list(getattr(node, "output", ()))
    return str(name or (outputs[0] if outputs else "without a name"))


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise InputError(f"{path} does not exist.")
        if path.stat().st_size > LARGEST_FILE:
            raise InputError(
                f"{path} has {path.stat().st_size} bytes; an ONNX file has at most {LARGEST_FILE}."
            )
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _graphs(graph: GraphProto, path: Path, depth: int = 0) -> Iterator[GraphProto]:
    if depth > _DEEPEST_GRAPHS:
        raise InputError(f"{path} has graphs inside of one another, deeper than allowed.")
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _graphs(inner, path, depth + 1)


def _tensors(graph: GraphProto) -> Iterator[tuple[TensorProto, str]]:
    for tensor in graph.initializer:
        yield tensor, f"tensor '{tensor.name}'"
    for sparse in graph.sparse_initializer:
        yield sparse.values, f"tensor '{sparse.values.name}'"
        yield sparse.indices, f"tensor '{sparse.values.name}'"
    for node in graph.node:
        for attribute in node.attribute:
            for tensor in (attribute.t, *attribute.tensors):
                if tensor.data_type:
                    yield tensor, f"node '{node_name(node)}'"


def _read_external(tensor: TensorProto, path: Path) -> int:
    """Put external data into its tensor; the number of bytes."""
    said = {entry.key: entry.value for entry in tensor.external_data}
    place = f"{path}, tensor '{tensor.name}'"
    location = PurePosixPath(said.get("location", "").replace("\\", "/"))
    if (
        location.is_absolute()
        or not location.parts
        or ".." in location.parts
        or "\0" in str(location)
    ):
        raise InputError(
            f"{place}: its data lies at '{said.get('location', '')}'; it must be a path below the "
            "model's folder."
        )
    folder = path.resolve().parent
    file = path.parent / location
    try:
        if not file.resolve().is_relative_to(folder):
            raise InputError(f"{place}: its data '{location}' is a link out of the model's folder.")
        if not file.is_file():
            raise InputError(f"{place}: its data '{location}' does not exist.")
        offset, length = (int(said.get(key) or 0) for key in ("offset", "length"))
        size = file.stat().st_size
        length = length or size - offset
        if not (0 <= offset <= size and 0 <= length <= size - offset):
            raise InputError(
                f"{place}: its data is {length} bytes at {offset} of '{location}', which has "
                f"{size}."
            )
        with file.open("rb") as data:
            data.seek(offset)
            tensor.raw_data = data.read(length)
    except (OSError, ValueError) as error:
        raise InputError(f"{place}: its data '{location}' cannot be read: {error}.") from error
    tensor.data_location = TensorProto.DEFAULT
    del tensor.external_data[:]
    return length


def _check_size(tensor: TensorProto, place: str) -> None:
    """Refuse a tensor that declares more or less than it holds, before memory is taken for it."""
    if any(size < 0 for size in tensor.dims):
        raise InputError(f"{place} has a negative size, {list(tensor.dims)}.")
    count = math.prod(tensor.dims)
    if tensor.data_type == TensorProto.STRING:
        return
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        field = helper.tensor_dtype_to_field(tensor.data_type)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{place} holds numbers of the unknown type {tensor.data_type}."
        ) from error
    packed = tensor.data_type in _PACKED
    if tensor.HasField("raw_data"):
        held = len(tensor.raw_data) // dtype.itemsize if not packed else count
    else:
        held = len(getattr(tensor, field)) // (2 if "complex" in dtype.name else 1)
        held = count if packed and held else held
    if held != count:
        raise InputError(f"{place} declares {count} numbers and holds {held}.")
