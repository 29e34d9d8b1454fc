"""Every kind of picture is measured as it is seen, or refused in one sentence."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from maxgain.data.pictures import GRACE_HOPPER, read_photograph, read_picture, sample_photograph
from maxgain.errors import InputError

GREY = (np.arange(12, dtype=np.uint8) * 20).reshape(3, 4)
WIDE = GREY.astype(np.uint16) * 257
SHARES = GREY.astype(np.float32) / 255


def encoded(image: Image.Image, kind: str, **options: object) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    buffer.seek(0)
    return buffer


def photometric(value: int) -> TiffImagePlugin.ImageFileDirectory_v2:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = value
    return tags


def grey_pixels(picture: Image.Image) -> np.ndarray:
    pixels = np.asarray(picture)
    if pixels.ndim == 3:
        assert (pixels == pixels[:, :, :1]).all()
        pixels = pixels[:, :, 0]
    return pixels


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (Image.fromarray(GREY), "PNG"),
        (Image.fromarray(GREY), "TIFF"),
        (Image.fromarray(GREY), "BMP"),
        (Image.fromarray(WIDE), "PNG"),
        (Image.fromarray(WIDE), "TIFF"),
        (Image.fromarray(WIDE.astype(">u2")), "TIFF"),
        (Image.fromarray(SHARES), "TIFF"),
        (Image.fromarray(GREY.astype(np.int32)), "TIFF"),
        (Image.fromarray(GREY).convert("LA"), "PNG"),
        (Image.fromarray(GREY).convert("LA"), "TIFF"),
        (Image.fromarray(GREY).convert("RGB"), "PNG"),
        (Image.fromarray(GREY).convert("RGBA"), "PNG"),
        (Image.fromarray(GREY).convert("RGBA"), "TIFF"),
        (Image.fromarray(GREY).convert("CMYK"), "TIFF"),
        (Image.fromarray(GREY).convert("RGB").quantize(256), "PNG"),
        (Image.fromarray(GREY).convert("RGB").quantize(256), "BMP"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.mode,
)
def test_all_modes_give_the_same_pixels(image: Image.Image, kind: str) -> None:
    picture = read_picture(encoded(image, kind), "picture")
    assert picture.mode in ("L", "RGB")
    assert np.array_equal(grey_pixels(picture), GREY)


def test_the_sample_is_found_whatever_backend_is_named() -> None:
    """Matplotlib refuses to be imported with a backend that it does not know."""
    program = "from maxgain.data.pictures import sample_photograph; print(sample_photograph().size)"
    words = [sys.executable, "-c", program]
    variables = {**os.environ, "MPLBACKEND": "nonsense"}
    done = subprocess.run(words, env=variables, capture_output=True, text=True)
    assert done.stdout == "(512, 600)\n", done.stderr


def test_lossy_pictures_are_near() -> None:
    photograph = sample_photograph()
    small = photograph.resize((64, 75))
    for image, kind in ((small, "JPEG"), (small.convert("CMYK"), "JPEG"), (small, "WEBP")):
        picture = read_picture(encoded(image, kind, quality=95), "picture")
        assert picture.mode == "RGB"
        error = np.abs(np.asarray(picture).astype(int) - np.asarray(small).astype(int))
        assert error.mean() < 8  # Inverted or clipped it would be 50 and more.


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(GREY),
        Image.fromarray(WIDE),
        Image.fromarray(SHARES),
        Image.fromarray(GREY).convert("RGB"),
        Image.fromarray(GREY).convert("LA"),
        Image.fromarray(GREY).convert("CMYK"),
        Image.fromarray(GREY).convert("RGB").quantize(256),
    ],
    ids=lambda image: image.mode,
)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda pixels: pixels),
        (2, np.fliplr),
        (3, lambda pixels: np.rot90(pixels, 2)),
        (4, np.flipud),
        (5, np.transpose),
        (6, lambda pixels: np.rot90(pixels, -1)),
        (7, lambda pixels: np.rot90(pixels, 2).T),
        (8, np.rot90),
    ],
)
def test_pictures_are_turned_as_exif_says(
    image: Image.Image, kind: str, orientation: int, turn: object
) -> None:
    if kind == "PNG" and image.mode in ("F", "CMYK"):
        pytest.skip("PNG has no such mode")
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(encoded(image, kind, exif=exif), "picture")
    assert np.array_equal(grey_pixels(picture), turn(GREY))  # type: ignore[operator]


def test_wide_tiff_files_that_count_from_white_are_inverted() -> None:
    for image in (Image.fromarray(WIDE), Image.fromarray(SHARES)):
        picture = read_picture(encoded(image, "TIFF", tiffinfo=photometric(0)), "picture")
        assert np.array_equal(grey_pixels(picture), 255 - GREY)


def test_twelve_bits_are_scaled_by_what_twelve_bits_hold() -> None:
    # Two pixels of twelve bits in three bytes: 0x000 (black) and 0xfff (white).
    content = bytearray(encoded(Image.fromarray(np.zeros((1, 2), np.uint16)), "TIFF").getvalue())
    offset = int.from_bytes(content[4:8], "little")
    for entry in range(int.from_bytes(content[offset : offset + 2], "little")):
        place = offset + 2 + 12 * entry
        tag = int.from_bytes(content[place : place + 2], "little")
        if tag == 258:
            content[place + 8 : place + 10] = (12).to_bytes(2, "little")
        if tag == 273:
            strip = int.from_bytes(content[place + 8 : place + 12], "little")
        if tag == 279:
            content[place + 8 : place + 12] = (3).to_bytes(4, "little")
    content[strip : strip + 3] = b"\x00\x0f\xff"
    picture = read_picture(io.BytesIO(bytes(content)), "picture")
    assert np.asarray(picture).tolist() == [[0, 255]]


def test_one_bit_is_black_and_white() -> None:
    image = Image.fromarray(GREY > 100)
    for kind in ("PNG", "TIFF", "BMP"):
        picture = read_picture(encoded(image, kind), "picture")
        assert np.array_equal(grey_pixels(picture), np.where(GREY > 100, 255, 0))


def test_a_cameras_previews_are_passed_over() -> None:
    image = sample_photograph().resize((64, 75))
    previews = [Image.new("RGB", (8, 8))]
    content = encoded(image, "MPO", save_all=True, append_images=previews)
    picture = read_picture(content, "picture")
    assert picture.size == (64, 75)
    assert np.abs(np.asarray(picture).astype(int) - np.asarray(image)).mean() < 8


def _with_hole(mode: str) -> Image.Image:
    image = Image.fromarray(GREY).convert("RGBA")
    image.putpixel((1, 1), (9, 9, 9, 200))
    return image.convert(mode)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (encoded(_with_hole("RGBA"), "PNG"), "transparent pixels"),
        (encoded(_with_hole("RGBA"), "TIFF"), "transparent pixels"),
        (encoded(_with_hole("RGBA"), "WEBP"), "transparent pixels"),
        (encoded(_with_hole("LA"), "PNG"), "transparent pixels"),
        (encoded(Image.fromarray(GREY), "PNG", transparency=20), "transparent pixels"),
        (encoded(Image.fromarray(WIDE), "PNG", transparency=20 * 257), "transparent pixels"),
        (
            encoded(Image.fromarray(GREY).convert("RGB"), "PNG", transparency=(20, 20, 20)),
            "transparent pixels",
        ),
        (
            encoded(Image.fromarray(GREY).quantize(8), "PNG", transparency=0),
            "transparent pixels",
        ),
        (encoded(Image.fromarray(SHARES * 255), "TIFF"), "floats from 0 to 220; allowed are 0"),
        (encoded(Image.fromarray(SHARES - 0.1), "TIFF"), "floats from -0.1 to"),
        (encoded(Image.fromarray(SHARES * np.nan), "TIFF"), "floats from nan to nan"),
        (encoded(Image.fromarray(SHARES + np.float32("inf")), "TIFF"), "floats from"),
        (encoded(Image.fromarray(WIDE.astype(np.int32)), "TIFF"), "integers of 32 .* to 56540"),
        (encoded(Image.fromarray(-GREY.astype(np.int32)), "TIFF"), "integers of 32 .* from -220"),
        (encoded(Image.fromarray(GREY).convert("RGB").convert("LAB"), "TIFF"), "of mode LAB"),
        *(
            (
                encoded(
                    Image.fromarray(GREY).convert("RGB"),
                    kind,
                    save_all=True,
                    append_images=[Image.new("RGB", (4, 3))],
                ),
                "2 frames or pages; allowed is one",
            )
            for kind in ("PNG", "WEBP", "TIFF")
        ),
        (encoded(Image.fromarray(GREY), "GIF"), "none of the formats BMP, JPEG, PNG, TIFF, WEBP"),
        (io.BytesIO(b""), "none of the formats"),
    ],
)
def test_what_has_no_sure_pixels_is_refused(content: io.BytesIO, said: str) -> None:
    with pytest.raises(InputError, match=f"^picture .*{said}") as caught:
        read_picture(content, "picture")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert ".." not in str(caught.value)


def test_numbers_that_mark_transparency_but_are_not_used_do_no_harm() -> None:
    for image, unused in ((Image.fromarray(GREY), 21), (Image.fromarray(WIDE), 21)):
        picture = read_picture(encoded(image, "PNG", transparency=unused), "picture")
        assert np.array_equal(grey_pixels(picture), GREY)


def test_photographs_are_coloured_and_named(tmp_path: Path) -> None:
    Image.fromarray(WIDE).save(tmp_path / "wide.png")
    photograph, label = read_photograph(tmp_path / "wide.png")
    assert (photograph.mode, label) == ("RGB", "wide.png")
    assert np.array_equal(grey_pixels(photograph), GREY)
    photograph, label = read_photograph(None)
    assert (photograph.size, label) == ((512, 600), GRACE_HOPPER)
    with pytest.raises(InputError, match=r"none.png does not exist"):
        read_photograph(tmp_path / "none.png")
    with pytest.raises(InputError, match="is not a readable image"):
        read_photograph(tmp_path)
