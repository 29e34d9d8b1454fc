"""Broken pictures in image folders: one clear sentence, no memory taken."""

import io
import pickle
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maxgain.data.formats import image_folder
from maxgain.data.sources.local import read_local
from maxgain.errors import InputError
from tests.exact.data.hostile_files import (
    SHARED_FOLDER,
    WriteTar,
    memory_below,
    refuses,
)


def _png(mode: str = "RGB", size: tuple[int, int] = (5, 6)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "PNG")
    return buffer.getvalue()


def _encoded(image_format: str, mode: str = "RGB", colour: float = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (5, 6), colour).save(buffer, image_format)
    return buffer.getvalue()


def _png_bomb() -> bytes:
    """A PNG of 145 bytes or so that declares 60,000 x 60,000 pixels."""
    content = bytearray(_png())
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    content[29:33] = struct.pack(">I", _crc(bytes(content[12:29])))
    return bytes(content)


def _crc(content: bytes) -> int:
    import zlib

    return zlib.crc32(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a readable image"),
        (b"GIF89a", "is not a readable image"),
        (_encoded("GIF"), "is not a readable image"),
        (pickle.dumps([1]), "is not a readable image"),
        (_png()[:45], "is not a readable image"),
        (_png()[:-20] + bytes(20), "is not a readable image"),
        (_encoded("JPEG")[:-40], "is not a readable image"),
        (_png_bomb(), "is not a readable image|allowed are at most"),
        (_png(size=(1025, 1024)), "1024 x 1025; allowed are at most 1048576"),
        (_png(size=(6, 6)), "all images must have one size"),
        (_png("L"), "all images must have one size and be all grey or all colour"),
        (_png("RGBA"), "has transparent pixels"),
        (_png("1"), "all images must have one size and be all grey or all colour"),
        (_png("I;16"), "all images must have one size and be all grey or all colour"),
        (_encoded("TIFF", "F", 2.0), "floats from 2 to 2; allowed are 0"),
        (_encoded("TIFF", "F", float("nan")), "floats from nan to nan; allowed are 0"),
        (_encoded("TIFF", "I", 256), "integers of 32 or signed 16 bits from 256 to 256"),
        (_encoded("TIFF", "LAB"), "of mode LAB"),
    ],
)
def test_broken_and_unequal_images_are_named(
    tmp_path: Path,
    image_members: dict[str, bytes],
    write_tar: WriteTar,
    content: bytes,
    said: str,
) -> None:
    archive = write_tar(tmp_path / "images.tar", image_members | {"train/cat/9.png": content})
    with memory_below(5 * 10**6):
        refuses(archive, f"train/cat/9.png.*({said})")


@SHARED_FOLDER
@given(data=st.data())
def test_damaged_pngs_are_refused_or_the_same(
    tmp_path: Path, image_members: dict[str, bytes], write_tar: WriteTar, data: st.DataObject
) -> None:
    content = bytearray(image_members["train/cat/0.png"])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    whole = read_local(write_tar(tmp_path / "whole.tar", image_members))
    damaged = image_members | {"train/cat/0.png": bytes(content)}
    archive = write_tar(tmp_path / "damaged.tar", damaged)
    try:
        read = read_local(archive)
    except InputError:
        return
    # What PNG's own checksums do not cover must not matter.
    assert torch.equal(read.training.images, whole.training.images)


def test_the_sum_of_all_pixels_is_limited(
    tmp_path: Path,
    image_members: dict[str, bytes],
    write_tar: WriteTar,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(image_folder, "MAXIMUM_PIXEL_BYTES", 9 * 90)
    refuses(write_tar(tmp_path / "many.tar", image_members), "more than 810 bytes of pixels")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["train/cat/1.png"], "cat in train and none in test"),
        (["train/cat/1.png", "test/cat/1.png"], "the same two or more"),
        (["train/a/1.png", "train/b/1.png", "test/a/1.png"], "a, b in train and a in test"),
        (["x/train/a/1.png", "y/test/a/1.png"], "in x, y; they must be in one place"),
        (["train/a/1.png", "train-images-idx3-ubyte"], "train-images-idx3-ubyte|several"),
        (["readme.txt"], "no data set"),
        (
            [f"{split}/{label}/1.png" for split in ("train", "test") for label in ("a", "\x1b[1m")],
            "must be printable",
        ),
    ],
)
def test_incomplete_image_folders_are_refused(
    tmp_path: Path, write_tar: WriteTar, names: list[str], said: str
) -> None:
    refuses(write_tar(tmp_path / "x.tar", dict.fromkeys(names, _png())), said)
