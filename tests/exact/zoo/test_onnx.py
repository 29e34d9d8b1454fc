"""ONNX files: layouts, outputs, precisions; and what cannot be read, in one sentence."""

import builtins
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper

from maxgain.data.pictures import read_photograph
from maxgain.errors import InputError
from maxgain.zoo.loading import load_network
from maxgain.zoo.measurement import measure_network
from maxgain.zoo.network import GivenInput
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


@pytest.fixture
def plain(tmp_path: Path) -> np.ndarray:
    """Logits of the plain classifier, by onnxruntime."""
    return runtime(files.save(files.classifier(), tmp_path / "plain.onnx"), IMAGE)


def test_logits_are_onnxruntimes(plain: np.ndarray, tmp_path: Path) -> None:
    np.testing.assert_allclose(logits(tmp_path / "plain.onnx"), plain, rtol=1e-5, atol=1e-6)


def softmax_decomposed() -> list[onnx.NodeProto]:
    return [
        node("ReduceMax", ["logits"], ["m"], axes=[1]),
        node("Sub", ["logits", "m"], ["s"]),
        node("Exp", ["s"], ["e"]),
        node("ReduceSum", ["e", "one"], ["t"]),
        node("Div", ["e", "t"], ["scores"], "quotient"),
    ]


def with_axes(model: ModelProto) -> ModelProto:
    model.graph.initializer.append(numpy_helper.from_array(np.array([1]), "one"))
    return model


@pytest.mark.parametrize(
    "model",
    [
        files.classifier(after=[node("Softmax", ["logits"], ["p"], "prob")], output="p"),
        files.classifier(after=[node("LogSoftmax", ["logits"], ["p"], "prob")], output="p"),
        files.classifier(
            after=[node("Softmax", ["logits"], ["s"], "prob"), node("Identity", ["s"], ["p"])],
            output="p",
        ),
        files.classifier(after=[node("Softmax", ["logits"], ["p"], "prob")], output="p", opset=11),
        with_axes(files.classifier(after=softmax_decomposed(), output="scores")),
    ],
    ids=["softmax", "log", "identity", "old", "decomposed"],
)
def test_a_final_softmax_is_left_out_and_that_is_said(
    model: ModelProto, plain: np.ndarray, tmp_path: Path
) -> None:
    path = files.save(model, tmp_path / "softmax.onnx")
    np.testing.assert_allclose(logits(path), plain, rtol=1e-5, atol=1e-6)
    assert any("softmax" in note for note in read_onnx(path)[2])


def test_channels_last_and_free_sizes(plain: np.ndarray, tmp_path: Path) -> None:
    before = [node("Transpose", ["x"], ["nchw"], perm=[0, 3, 1, 2])]
    for sizes in ((1, files.SIDE, files.SIDE, 3), ("n", "h", "w", 3), ("n", "h", "w", "c")):
        model = files.classifier(before=before, first="nchw", sizes=sizes)
        path = files.save(model, tmp_path / "last.onnx")
        shape = (3, files.SIDE, files.SIDE)
        np.testing.assert_allclose(logits(path, shape), plain, rtol=1e-5, atol=1e-6)
    free = files.save(files.classifier(sizes=("n", 3, "h", "w")), tmp_path / "free.onnx")
    network, shape, notes = read_onnx(free)
    assert shape == (3, 224, 224)
    assert "leaves its input's size free" in notes[0]
    assert network(torch.zeros(4, 3, 9, 17)).shape == (4, files.CLASSES)


def test_a_fixed_batch_is_filled(plain: np.ndarray, tmp_path: Path) -> None:
    shape = numpy_helper.from_array(np.array([4, 8]), "sizes")
    model = files.classifier(sizes=(4, 3, files.SIDE, files.SIDE))
    model.graph.initializer.append(shape)
    flat = next(n for n in model.graph.node if n.op_type == "Flatten")
    flat.op_type, flat.input[:] = "Reshape", ["g", "sizes"]
    path = files.save(model, tmp_path / "batch.onnx")
    np.testing.assert_allclose(logits(path), plain, rtol=1e-5, atol=1e-6)


def test_half_precision_is_measured_in_float32(plain: np.ndarray, tmp_path: Path) -> None:
    half = files.classifier(element=TensorProto.FLOAT16, dtype=np.float16)
    path = files.save(half, tmp_path / "half.onnx")
    network, _, notes = read_onnx(path)
    assert {buffer.dtype for buffer in network.buffers()} <= {torch.float32, torch.int64}
    np.testing.assert_allclose(logits(path), plain, rtol=5e-3, atol=5e-3)
    assert "float32" in notes[0]


def test_external_data_is_read_below_the_folder_alone(plain: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "model" / "external.onnx"
    path.parent.mkdir()
    onnx.save_model(
        files.classifier(), str(path), save_as_external_data=True, location="weights.bin",
        size_threshold=0,
    )  # fmt: skip
    np.testing.assert_allclose(logits(path), plain, rtol=1e-5, atol=1e-6)
    model = onnx.load(str(path), load_external_data=False)
    secret = tmp_path / "secret.bin"
    secret.write_bytes((path.parent / "weights.bin").read_bytes())
    for location in ("../secret.bin", str(secret), "a/../../secret.bin", "..\\secret.bin", ""):
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = location
        path.write_bytes(model.SerializeToString())
        with pytest.raises(InputError, match=r"filters'.*must be a path below the model's folder"):
            read_onnx(path)
    (path.parent / "link.bin").symlink_to(secret)
    (path.parent / "folder").symlink_to(tmp_path)
    for location in ("link.bin", "folder/secret.bin"):
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = location
        path.write_bytes(model.SerializeToString())
        with pytest.raises(InputError, match="link out of the model's folder"):
            read_onnx(path)


def test_external_data_that_is_short_or_missing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "external.onnx"
    onnx.save_model(
        files.classifier(), str(path), save_as_external_data=True, location="weights.bin",
        size_threshold=0,
    )  # fmt: skip
    (tmp_path / "weights.bin").write_bytes(b"short")
    with pytest.raises(InputError, match=r"filters'.*which has 5"):
        read_onnx(path)
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(InputError, match=r"filters'.*does not exist"):
        read_onnx(path)


def test_truncated_and_hostile_files_are_one_sentence(tmp_path: Path) -> None:
    content = files.classifier().SerializeToString()
    path = tmp_path / "bad.onnx"
    huge = b"\x3a\xff\xff\xff\xff\x07" + content  # a graph of 2 GiB
    for bad in (content[:-20], content[: len(content) // 2], b"", b"\0" * 50, b"<html>", huge):
        path.write_bytes(bad)
        with pytest.raises(InputError, match=r"bad\.onnx"):
            read_onnx(path)
    with pytest.raises(InputError, match="does not exist"):
        read_onnx(tmp_path / "none.onnx")
    model = files.classifier()
    model.graph.initializer[0].dims[0] = 1 << 40
    with pytest.raises(InputError, match="numbers and holds"):
        read_onnx(files.save(model, path))


def quantised() -> ModelProto:
    model = files.classifier()
    model.graph.node[1].op_type, model.graph.node[1].name = "QLinearConv", "quantised_layer"
    return model


def two_inputs() -> ModelProto:
    model = files.classifier()
    model.graph.input.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, [1]))
    return model


def sequence_output() -> ModelProto:
    model = files.classifier(after=[node("SequenceConstruct", ["logits"], ["list"], "listing")])
    del model.graph.output[:]
    value = helper.make_tensor_sequence_value_info("list", TensorProto.FLOAT, None)
    model.graph.output.append(value)
    return model


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (quantised, "node 'quantised_layer': it is QLinearConv: the network is quantised"),
        (two_inputs, "it has 2 inputs"),
        (sequence_output, "node 'listing'.*sequence"),
        (
            lambda: files.classifier(before=[node("Det", ["x"], ["y"], "strange")], first="y"),
            "node 'strange': its operator Det",
        ),
        (
            lambda: files.classifier(
                before=[node("Fancy", ["x"], ["y"], "odd", domain="com.example")], first="y"
            ),
            "node 'odd': its operator Fancy of com.example",
        ),
        (lambda: files.classifier(sizes=(1, 3)), "has the sizes"),
        (lambda: files.classifier(element=TensorProto.INT64), "must hold float numbers"),
        (lambda: files.classifier(classes=1), "one score for each"),
        (
            lambda: files.classifier(
                before=[node("MatMul", ["x", "matrix"], ["y"], "misfit")], first="y"
            ),
            "shapes do not fit|does not run",
        ),
    ],
    ids=[
        "quantised",
        "inputs",
        "sequence",
        "operator",
        "domain",
        "rank",
        "integers",
        "one",
        "misfit",
    ],
)
def test_what_cannot_be_measured_names_file_and_node(
    make: Callable[[], ModelProto], words: str, tmp_path: Path
) -> None:
    path = files.save(make(), tmp_path / "odd.onnx")
    with pytest.raises(InputError, match=words) as caught:
        load_network(str(path), tmp_path)
    assert str(path) in str(caught.value)


def test_1001_classes_have_a_background(tmp_path: Path) -> None:
    path = files.save(files.classifier(classes=1001), tmp_path / "background.onnx")
    network = load_network(str(path), tmp_path, GivenInput(mean=(0.5,), std=(0.5,)))
    assert network.class_names[:2] == ("background", "tench")
    assert "background" in " ".join(network.notes)
    results = measure_network(network, read_photograph(None)[0])
    assert all(math.isfinite(m.result.gain[0]) for m in results if m.projection == "inverse-score")


def test_without_the_packages_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files.save(files.classifier(), tmp_path / "x.onnx")
    real = builtins.__import__

    def without(name: str, *rest: object, **further: object) -> object:
        if name.partition(".")[0] == "onnx2torch":
            raise ModuleNotFoundError("No module named 'onnx2torch'", name="onnx2torch")
        return real(name, *rest, **further)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"this needs pip install maxgain\[onnx\]"):
        load_network(str(path), tmp_path)
