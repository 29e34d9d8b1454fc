"""Hostile ONNX files: one sentence that names file and node, nothing read outside the folder."""

import builtins
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, StringStringEntryProto, TensorProto, helper, numpy_helper

from maxgain.errors import InputError
from maxgain.zoo.readers.onnx.loading import read_onnx
from tests.exact.zoo import onnx_files as files

node = helper.make_node


def refusal(path: Path) -> str:
    """The one sentence by which a file is refused."""
    with pytest.raises(InputError) as caught:
        read_onnx(path)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(str(path))
    assert said.endswith(".")
    assert len(said) < 600
    return said


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that are opened while a model is read."""
    read_onnx_once()
    found: list[Path] = []
    for module in (io, builtins):
        real = module.open

        def watched(
            file: object, *rest: object, real: Callable = real, **further: object
        ) -> object:
            if isinstance(file, str | Path):
                found.append(Path(file).resolve())
            return real(file, *rest, **further)

        monkeypatch.setattr(module, "open", watched)
    return found


def read_onnx_once() -> None:
    """Imports what reading needs, so that only a model's own files are seen to be opened."""
    with pytest.raises(InputError):
        read_onnx(Path("nowhere.onnx"))


def external(tensor: TensorProto, **entries: str) -> None:
    """Make a tensor's data lie outside of the file."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in entries.items():
        tensor.external_data.append(StringStringEntryProto(key=key, value=value))


PLACES: dict[str, Callable[[ModelProto], TensorProto]] = {}
"""Where a tensor may stand in a model."""


def place(function: Callable[[ModelProto], TensorProto]) -> Callable[[ModelProto], TensorProto]:
    PLACES[function.__name__] = function
    return function


@place
def a_weight(model: ModelProto) -> TensorProto:
    return model.graph.initializer[0]


@place
def a_constant_of_a_node(model: ModelProto) -> TensorProto:
    value = numpy_helper.from_array(np.ones(3, np.float32), "held")
    model.graph.node.append(node("Constant", [], ["three"], "holder", value=value))
    return model.graph.node[-1].attribute[0].t


@place
def a_weight_of_a_branch(model: ModelProto) -> TensorProto:
    value = numpy_helper.from_array(np.ones(3, np.float32), "inside")
    copy = helper.make_tensor_value_info("copy", TensorProto.FLOAT, [3])
    branch = helper.make_graph([node("Identity", ["inside"], ["copy"])], "b", [], [copy], [value])
    model.graph.node.append(
        node("If", ["x"], ["three"], "choice", then_branch=branch, else_branch=branch)
    )
    return model.graph.node[-1].attribute[0].g.initializer[0]


@place
def values_of_a_sparse_weight(model: ModelProto) -> TensorProto:
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(numpy_helper.from_array(np.ones(3, np.float32), "sparse"))
    sparse.indices.CopyFrom(numpy_helper.from_array(np.arange(3), "places"))
    sparse.dims[:] = [8]
    return sparse.values


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("../secret.bin", "must be a path below"),
        ("below/../../secret.bin", "must be a path below"),
        ("/etc/hostname", "must be a path below"),
        ("C:\\secret.bin", "does not exist"),
        ("..\\secret.bin", "must be a path below"),
        ("link.bin", "link out of the model's folder"),
        ("nul\0.bin", "must be a path below"),
        (".", "must be a path below"),
    ],
)
def test_data_outside_of_the_folder_is_never_opened(
    where: str, location: str, words: str, opened: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(b"\0" * 4096)
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    model = files.classifier()
    external(PLACES[where](model), location=location)
    path = folder / "hostile.onnx"
    path.write_bytes(model.SerializeToString())
    opened.clear()
    assert words in refusal(path)
    assert opened
    assert [file for file in opened if not file.is_relative_to(folder)] == []


@pytest.mark.parametrize(
    ("offset", "length"),
    [
        ("0", str(1 << 31)),
        (str(1 << 62), "4"),
        ("-1", "4"),
        ("0", "-4"),
        ("1e3", "4"),
        ("9" * 5000, "4"),
        ("0", "900"),
    ],
)
def test_lengths_of_data_are_held_against_the_file(
    offset: str, length: str, tmp_path: Path
) -> None:
    model = files.classifier()
    (tmp_path / "weights.bin").write_bytes(b"\0" * 1000)
    external(model.graph.initializer[0], location="weights.bin", offset=offset, length=length)
    path = tmp_path / "lengths.onnx"
    path.write_bytes(model.SerializeToString())
    assert "tensor 'filters'" in refusal(path)


LENGTH_OF_2_GIB = b"\xff\xff\xff\xff\x07"
"""The varint of 2^31 - 1."""


def test_fields_of_two_gibibytes_are_refused(tmp_path: Path) -> None:
    """At every depth: the model's graph, a graph's tensor, a tensor's bytes, text."""
    content = files.classifier().SerializeToString()
    path = tmp_path / "long.onnx"
    for tag in (b"\x3a", b"\x3a\x20\x2a", b"\x3a\x20\x2a\x10\x4a", b"\x12", b"\xa2\x06"):
        path.write_bytes(content + tag + LENGTH_OF_2_GIB)
        assert "damaged or cut off" in refusal(path)
        path.write_bytes(tag + LENGTH_OF_2_GIB + content)
        assert "damaged or cut off" in refusal(path)


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    content = files.classifier().SerializeToString()
    path = tmp_path / "cut.onnx"
    for end in range(0, len(content), 37):
        path.write_bytes(content[:end])
        refusal(path)


def test_a_file_with_any_byte_changed_is_read_or_refused(tmp_path: Path) -> None:
    """Nothing but a network or one sentence comes of a damaged file."""
    content = files.classifier().SerializeToString()
    random = np.random.default_rng(7)
    path = tmp_path / "changed.onnx"
    refused = 0
    # Names, types and sizes stand at the ends; weights, which may be anything, between.
    places = [*range(0, 500), *range(len(content) - 120, len(content))]
    for position in random.choice(places, 150, replace=False):
        damaged = bytearray(content)
        damaged[position] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged)
        said = ""
        try:
            read_onnx(path)
        except InputError as error:
            said = str(error)
            refused += 1
        assert "\n" not in said
        assert said.startswith(str(path) if said else "")
    assert refused > 20


def quantised_in_the_middle() -> ModelProto:
    model = files.classifier(
        before=[
            node("QuantizeLinear", ["x", "scale"], ["q"], "to_bytes"),
            node("DequantizeLinear", ["q", "scale"], ["y"], "from_bytes"),
        ],
        first="y",
    )
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0.1), "scale"))
    return model


def integer_products() -> ModelProto:
    return files.classifier(after=[node("MatMulInteger", ["logits", "w"], ["p"], "bytes_only")])


def two_images() -> ModelProto:
    model = files.classifier()
    model.graph.input.append(
        helper.make_tensor_value_info("second", TensorProto.FLOAT, [1, 3, 12, 12])
    )
    return model


def sequence_input() -> ModelProto:
    model = files.classifier()
    del model.graph.input[:]
    model.graph.input.append(helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None))
    return model


def no_input() -> ModelProto:
    model = files.classifier()
    del model.graph.input[:]
    return model


def optional_output() -> ModelProto:
    model = files.classifier(after=[node("Optional", ["logits"], ["perhaps"], "wrapping")])
    del model.graph.output[:]
    kind = helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    model.graph.output.append(helper.make_value_info("perhaps", kind))
    return model


def a_graph_that_reads_itself() -> ModelProto:
    model = files.classifier()
    model.graph.node[0].input[0] = "r"
    return model


def a_function_that_calls_itself() -> ModelProto:
    model = files.classifier(
        before=[node("Again", ["x"], ["y"], "caller", domain="own")], first="y"
    )
    model.functions.append(
        helper.make_function(
            "own", "Again", ["a"], ["b"], [node("Again", ["a"], ["b"], domain="own")],
            [helper.make_opsetid("", 13), helper.make_opsetid("own", 1)],
        )
    )  # fmt: skip
    model.opset_import.append(helper.make_opsetid("own", 1))
    return model


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (quantised_in_the_middle, "node 'to_bytes': it is QuantizeLinear"),
        (integer_products, "node 'bytes_only': it is MatMulInteger"),
        (two_images, "it has 2 inputs ('x', 'second')"),
        (sequence_input, "its input 'x' is a sequence_type"),
        (no_input, "it has 0 inputs (none)"),
        (optional_output, "node 'wrapping': its output 'perhaps' is a optional_type"),
        (a_graph_that_reads_itself, ""),
        (a_function_that_calls_itself, ""),
    ],
)
def test_graphs_that_are_no_classifier_are_refused(
    make: Callable[[], ModelProto], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "graph.onnx"
    path.write_bytes(make().SerializeToString())
    assert words in refusal(path)
