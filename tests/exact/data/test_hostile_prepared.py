"""Broken prepared files: one clear sentence, and an earlier file stays."""

import json
import pickle
import resource
import signal
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from maxgain.data.images import DataSet
from maxgain.data.prepared import load_prepared, prepare_data, write_prepared
from maxgain.data.sources.local import read_local
from maxgain.errors import InputError
from tests.exact.data.hostile_files import (
    SHARED_FOLDER,
    WriteFolder,
    memory_below,
)


@pytest.fixture
def prepared_path(tmp_path: Path, write_idx_folder: WriteFolder) -> Path:
    write_idx_folder(tmp_path / "digits")
    data: DataSet = read_local(tmp_path / "digits")
    path = tmp_path / "prepared.safetensors"
    write_prepared(path, prepare_data(data, "mean-image", dataset="mnist", source="local"))
    return path


def _about(path: Path) -> dict[str, object]:
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    about: dict[str, object] = json.loads(header["__metadata__"]["maxgain"])
    return about


def _rewrite(
    path: Path,
    change: Callable[[dict[str, torch.Tensor]], object] = lambda tensors: None,
    **about: object,
) -> None:
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    metadata = {"maxgain": json.dumps(_about(path) | about)}
    change(tensors)
    save_file(tensors, path, metadata)


def _set(name: str, value: Callable[[torch.Tensor], torch.Tensor]) -> Callable[..., None]:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        tensors[name] = value(tensors[name]).contiguous()

    return change


def _fill(name: str, place: int, value: float) -> Callable[..., None]:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        tensors[name].view(-1)[place] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_fill("training_images", 7, float("nan")), "training_images .* not finite"),
        (_fill("validation_images", -1, float("inf")), "validation_images .* not finite"),
        (_fill("mean_image", 0, float("nan")), "mean_image .* not finite"),
        (_fill("training_labels", 0, 10), "training_labels range from 0 to 10; allowed are 0 to 9"),
        (_fill("validation_labels", 0, -1), "validation_labels range from -1"),
        (_set("training_images", lambda t: t.half()), "training_images is torch.float16"),
        (_set("training_labels", lambda t: t.int()), "training_labels is torch.int32"),
        (_set("training_labels", lambda t: t[1:]), "one torch.int64 label for each of 30"),
        (_set("validation_images", lambda t: t[..., 1:]), "validation_images has the shape"),
        (_set("training_images", lambda t: t[:0]), "training_images has the shape"),
        (_set("training_images", lambda t: t[0]), "training_images has the shape"),
        (_set("mean_image", lambda t: t[None]), "mean_image has the shape .* metadata say"),
        (lambda tensors: tensors.update(pixel_scale=torch.zeros(1)), "pixel_scale is"),
        (lambda tensors: tensors.update(pixel_scale=torch.ones(3)), "pixel_scale is"),
        (lambda tensors: tensors.pop("mean_image"), "has the tensors training_images"),
        (lambda tensors: tensors.update(more=torch.zeros(1)), "has the tensors mean_image, more"),
    ],
)
def test_prepared_files_of_wrong_content_are_refused(
    prepared_path: Path, change: Callable[..., object], said: str
) -> None:
    _rewrite(prepared_path, change)
    with pytest.raises(InputError, match=said):
        load_prepared(prepared_path)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"version": 2}, "version: .* make it again with `maxgain pipeline prepare`"),
        ({"version": 4}, "version"),
        ({"shape": [3, 28, 28]}, r"mean_image has the shape \(1, 28, 28\); the metadata say"),
        ({"label_noise": {"rate": 1.0, "seed": 0}}, "label_noise.rate is 1.0"),
        ({"label_noise": {"rate": "x", "seed": 0}}, "label_noise"),
        ({"label": 3}, "label"),
        ({"stand_in": "no"}, "stand_in"),
        ({"classes": "0123456789"}, "classes"),
        ({"classes": []}, "allowed are 0 to -1"),
        ({"code": "import os"}, "code"),
    ],
)
def test_prepared_files_of_wrong_metadata_are_refused(
    prepared_path: Path, about: dict[str, object], said: str
) -> None:
    _rewrite(prepared_path, **about)
    with pytest.raises(InputError, match=said):
        load_prepared(prepared_path)


def test_a_file_that_cannot_grow_leaves_the_earlier_one(prepared_path: Path) -> None:
    # A limit on file sizes stands for a full disk, which needs a file system of its own.
    earlier = prepared_path.read_bytes()
    data = load_prepared(prepared_path)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(InputError, match=r"prepared.safetensors cannot be written"):
            write_prepared(prepared_path, data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert prepared_path.read_bytes() == earlier
    assert sorted(path.name for path in prepared_path.parent.iterdir()) == [
        "digits",
        prepared_path.name,
    ]


def test_other_files_are_no_prepared_data(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(InputError, match="does not exist; make it with `maxgain pipeline prepare`"):
        load_prepared(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="no metadata named maxgain"):
        load_prepared(path)
    for content in (b"", b"{}", pickle.dumps([1]), struct.pack("<Q", 2**60) + b"{"):
        path.write_bytes(content)
        with memory_below(10**6), pytest.raises(InputError, match="is no prepared data set"):
            load_prepared(path)


@SHARED_FOLDER
@given(data=st.data())
def test_damaged_prepared_files_never_end_in_another_error(
    prepared_path: Path, data: st.DataObject
) -> None:
    content = bytearray(prepared_path.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
        path = prepared_path.with_name("cut.safetensors")
        path.write_bytes(content)
        with pytest.raises(InputError):
            load_prepared(path)
        return
    (length,) = struct.unpack_from("<Q", content)
    place = data.draw(st.integers(0, 8 + length - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    assume(bytes([content[place] ^ bit]) != b" ")
    content[place] ^= bit
    path = prepared_path.with_name("flipped.safetensors")
    path.write_bytes(content)
    try:
        loaded = load_prepared(path)
    except InputError:
        return
    assert loaded.training_images[0].permute(2, 0, 1).shape == loaded.mean_image.shape
