"""Damaged pictures and SVHN files: read, or refused in one sentence, and nothing else."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maxgain.data.formats import svhn_mat
from maxgain.data.pictures import read_picture
from maxgain.errors import InputError

_NOISE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)


def _wholes() -> dict[str, bytes]:
    colour = Image.fromarray(_NOISE)
    grey = _NOISE[:, :, 0]
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds: dict[str, tuple[Image.Image, str, dict[str, object]]] = {
        "bmp": (colour, "BMP", {}),
        "jpeg": (colour, "JPEG", {"exif": exif}),
        "cmyk": (colour.convert("CMYK"), "JPEG", {}),
        "mpo": (colour, "MPO", {"save_all": True, "append_images": [Image.new("RGB", (8, 8))]}),
        "png": (colour, "PNG", {"exif": exif}),
        "palette": (colour.quantize(16), "PNG", {"transparency": 3}),
        "wide": (Image.fromarray(grey.astype(np.uint16) * 257), "PNG", {"exif": exif}),
        "tiff": (colour, "TIFF", {"compression": "tiff_deflate"}),
        "wide-tiff": (Image.fromarray(grey.astype(np.uint16) * 257), "TIFF", {"exif": exif}),
        "float": (Image.fromarray(grey.astype(np.float32) / 255), "TIFF", {"exif": exif}),
        "alpha": (colour.convert("RGBA"), "WEBP", {"lossless": True}),
    }
    wholes = {}
    for name, (image, kind, options) in kinds.items():
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        wholes[name] = buffer.getvalue()
    return wholes


WHOLE = _wholes()


def _damaged(content: bytes, data: st.DataObject) -> bytes:
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(changed[: data.draw(st.integers(1, len(changed)))])


@pytest.mark.filterwarnings("error")  # As a user may ask for: only errors of ours may come.
@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_pictures_are_read_or_refused(kind: str, data: st.DataObject) -> None:
    content = _damaged(WHOLE[kind], data)
    try:
        picture = read_picture(io.BytesIO(content), "picture")
    except InputError as error:
        assert str(error).startswith("picture ")  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
        return
    assert picture.mode in ("L", "RGB")
    assert np.asarray(picture).dtype == np.uint8


def _svhn(compressed: bool) -> bytes:
    buffer = io.BytesIO()
    arrays = {"X": np.tile(_NOISE[:8, :8, :, None], (4, 4, 1, 6)), "y": np.arange(1, 7)[:, None]}
    scipy.io.savemat(buffer, arrays, do_compression=compressed)
    return buffer.getvalue()


@pytest.mark.parametrize("compressed", [True, False])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_damaged_svhn_files_are_read_or_refused(compressed: bool, data: st.DataObject) -> None:
    parse: Callable[..., object] = svhn_mat.parse_file
    content = bytearray(_svhn(compressed))
    # Most of the file is pixels: the headers are what matters.
    place = data.draw(st.one_of(st.integers(0, 400), st.integers(0, len(content) - 1)))
    content[place % len(content)] ^= 1 << data.draw(st.integers(0, 7))
    try:
        parse(bytes(content), tuple("0123456789"), "file")
    except InputError as error:
        assert str(error).startswith("file ")  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017


def test_svhn_numbers_of_an_unknown_type_are_refused() -> None:
    """What scipy 1.17 does with them ends the process."""
    content = bytearray(_svhn(compressed=False))
    place = content.index(b"X") + 4  # The tag of its numbers follows the padded name.
    assert content[place] == 2
    content[place] = 8
    with pytest.raises(InputError, match=r"file is not a MAT file .* unknown type 8"):
        svhn_mat.parse_file(bytes(content), tuple("0123456789"), "file")
