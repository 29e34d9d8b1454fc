"""Broken files of MNIST and CIFAR-10: one clear sentence, no code run, no memory taken."""

import gzip
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxgain.data.formats import cifar_binary as cifar
from maxgain.data.formats import idx
from maxgain.data.sources.local import read_local
from maxgain.errors import InputError
from tests.exact.data.hostile_files import (
    CIFAR10_FILES,
    SHARED_FOLDER,
    WriteFolder,
    WriteTar,
    memory_below,
    refuses,
)

# IDX


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has 0 bytes"),
        (b"\0\0\x08", "has 3 bytes"),
        (b"\0\0\x08\x03" + bytes(11), "has 15 bytes"),
        (struct.pack(">4B3I", 0, 0, 0x0D, 3, 1, 2, 2) + bytes(4), "starts with the bytes 00 00 0d"),
        (struct.pack(">4B3I", 0, 0, 0x08, 1, 1, 2, 2) + bytes(4), "starts with the bytes"),
        (struct.pack(">4B3I", 1, 0, 0x08, 3, 1, 2, 2) + bytes(4), "starts with the bytes 01"),
        (struct.pack("<4B3I", 0, 0, 0x08, 3, 1, 2, 2) + bytes(4), "which make"),
        (struct.pack(">4B3I", 0, 0, 0x08, 3, 1, 2, 2) + bytes(3), "has 19 bytes"),
        (struct.pack(">4B3I", 0, 0, 0x08, 3, 1, 2, 2) + bytes(5), "has 21 bytes"),
        (struct.pack(">4B3I", 0, 0, 0x08, 3, 0, 28, 28), "none may be 0"),
        (struct.pack(">4B3I", 0, 0, 0x08, 3, *[2**32 - 1] * 3) + bytes(4), "which make"),
        (pickle.dumps([1, 2, 3]), "starts with the bytes"),
    ],
)
def test_broken_idx_images_are_refused(content: bytes, said: str) -> None:
    with memory_below(10**6), pytest.raises(InputError, match=said):
        idx.parse_images(content, "images")


@given(st.binary(max_size=64))
def test_any_bytes_are_idx_or_refused(content: bytes) -> None:
    for parse, dimensions in ((idx.parse_images, 3), (idx.parse_labels, 1)):
        try:
            parsed = parse(content, "file")
        except InputError:
            continue
        assert parsed.numel() == len(content) - idx.header_length(dimensions)


def test_counts_and_labels_must_agree(idx_bytes: Callable[[np.ndarray], bytes]) -> None:
    images = idx_bytes(np.zeros((3, 2, 2)))
    with pytest.raises(InputError, match="3 images but 2 labels"):
        idx.parse_pair(images, idx_bytes(np.zeros(2)), None, "data")
    with pytest.raises(InputError, match="range from 0 to 2"):
        idx.parse_pair(images, idx_bytes(np.array([0, 2, 1])), ("a", "b"), "data")


def _damage_truncate(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _damage_append(content: bytes) -> bytes:
    return content + b"\0"


def _damage_empty(_: bytes) -> bytes:
    return b""


def _damage_pickle(_: bytes) -> bytes:
    return pickle.dumps({"data": 1})


def _damage_other_gzip(content: bytes) -> bytes:
    return gzip.compress(content)[:-9]


def _damage_gzip_checksum(content: bytes) -> bytes:
    compressed = bytearray(gzip.compress(content))
    compressed[-6] ^= 1
    return bytes(compressed)


def _damage_declares_more(content: bytes) -> bytes:
    return content[:4] + b"\xff\xff\xff\xff" + content[8:]


def _damage_bomb(content: bytes) -> bytes:
    """Compress 200 MB of zeros behind a header that declares what it did."""
    return gzip.compress(content[: idx.header_length(content[3])] + bytes(200 * 10**6), 1)


DAMAGES = [
    _damage_truncate,
    _damage_append,
    _damage_empty,
    _damage_pickle,
    _damage_other_gzip,
    _damage_gzip_checksum,
    _damage_declares_more,
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_damaged_mnist_files_are_refused(
    tmp_path: Path, write_idx_folder: WriteFolder, damage: Callable[[bytes], bytes], name: str
) -> None:
    write_idx_folder(tmp_path)
    path = tmp_path / name
    path.write_bytes(damage(path.read_bytes()))
    refuses(tmp_path, name.partition("-")[0])


def test_a_gzip_bomb_takes_no_memory(tmp_path: Path, write_idx_folder: WriteFolder) -> None:
    write_idx_folder(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(_damage_bomb(path.read_bytes()))
    with memory_below(10 * 10**6):
        refuses(tmp_path, "its header declares")


@SHARED_FOLDER
@given(data=st.data())
def test_flipped_bits_are_refused_or_lose_nothing_but_the_pixel(
    tmp_path: Path, write_idx_folder: WriteFolder, data: st.DataObject
) -> None:
    arrays = write_idx_folder(tmp_path)
    path = tmp_path / data.draw(st.sampled_from(sorted(arrays)))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    try:
        read = read_local(tmp_path)
    except InputError:
        return
    assert place >= 8, "a changed header was accepted"
    assert "not the official files" in read.label


def test_missing_and_doubled_files_are_named(tmp_path: Path, write_idx_folder: WriteFolder) -> None:
    write_idx_folder(tmp_path)
    path = tmp_path / "t10k-labels-idx1-ubyte"
    other = path.read_bytes()[:-1] + b"\0"
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(other))
    refuses(tmp_path, "labels-idx1-ubyte and .*labels-idx1-ubyte.gz differ in content; only one")
    path.unlink()
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    refuses(tmp_path, "lacks t10k-labels-idx1-ubyte")


# CIFAR-10


@pytest.mark.parametrize(
    "content",
    [b"", bytes(3072), bytes(3074), b"\x0a" + bytes(3072), bytes(3073 * 10_001)],
    ids=["empty", "short", "long", "label 10", "too many"],
)
def test_broken_cifar_batches_are_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=r"^batch has"):
        cifar.parse_batch(content, "batch")


@given(st.binary(max_size=40), st.integers(1, 2))
def test_any_bytes_are_a_cifar_batch_or_refused(head: bytes, count: int) -> None:
    content = (head + bytes(3073 * count))[: 3073 * count]
    try:
        batch = cifar.parse_batch(content, "batch")
    except InputError:
        assert content[0] > 9
        return
    assert int(batch.labels.max()) <= 9


class _Bomb:
    """Unpickling this makes the folder that tells."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("name", ["data_batch_1", "data_batch_1.bin", "train-images-idx3-ubyte"])
def test_pickles_are_never_run(
    tmp_path: Path, write_tar: WriteTar, write_idx_folder: WriteFolder, name: str
) -> None:
    told = tmp_path / "told"
    code = pickle.dumps(_Bomb(str(told)))
    assert pickle.loads(code) is None
    assert told.is_dir(), "the pickle is meant to work"
    told.rmdir()
    contents = {f"cifar-10-batches-bin/{batch}": bytes(3073) for batch in CIFAR10_FILES}
    archive = write_tar(tmp_path / "cifar.tar.gz", contents | {f"x/{name}": code}, "w:gz")
    refuses(archive)
    write_idx_folder(tmp_path / "digits")
    (tmp_path / "digits" / name).write_bytes(code)
    refuses(tmp_path / "digits")
    assert not told.exists()
