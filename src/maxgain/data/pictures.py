"""The one reader of pictures: a file becomes 0-255 grey or colour pixels, or one clear sentence."""

import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import Num, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from maxgain.errors import InputError
from maxgain.files.packages import packaged_file

GRACE_HOPPER = "grace_hopper.jpg (matplotlib)"
"""Label of the photograph that is used where no other is given."""

FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
"""Formats that are read. Not all of Pillow's: for PostScript it would start another program."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
"""Endings of names of pictures, in small letters."""

_BROKEN = (
    OSError,
    SyntaxError,  # Pillow: a broken PNG.
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    AttributeError,  # Pillow: broken EXIF data.
    ZeroDivisionError,
    RuntimeError,
    struct.error,
    zlib.error,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises on damaged or oversized pictures, the warning made an error."""

_PLAIN = {
    "1": "L",
    "L": "L",
    "P": "RGB",
    "RGB": "RGB",
    "RGBX": "RGB",
    "CMYK": "RGB",
    "YCbCr": "RGB",
}
"""Modes of eight bits and fewer without transparency, and what they are converted to."""

_TRANSPARENT = {"LA": "L", "La": "L", "PA": "RGB", "RGBA": "RGB", "RGBa": "RGB"}
"""Modes with transparency, and what they are without it."""

_BITS_PER_SAMPLE = 258

_PHOTOMETRIC = 262
_WHITE_IS_ZERO = 0


def sample_photograph() -> Image.Image:
    """Matplotlib's sample photograph of Grace Hopper in colour, 512 wide and 600 high.

    It is found without importing matplotlib, which refuses where MPLBACKEND names a backend that is
    not installed.

    Raises
    ------
    InputError
        matplotlib is not installed, or without its sample data.
    """
    path = packaged_file("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    return read_picture(path, f"image {path}").convert("RGB")


def read_photograph(path: Path | None) -> tuple[Image.Image, str]:
    """Photograph in colour, and its label; matplotlib's sample photograph if None.

    Raises
    ------
    InputError
        The file is missing, or not a picture whose 0-255 pixels are known; see `read_picture`.
    """
    if path is None:
        return sample_photograph(), GRACE_HOPPER
    if not path.exists():
        raise InputError(f"image {path} does not exist.")
    return read_picture(path, str(path)).convert("RGB"), path.name


def read_picture(
    file: Path | BytesIO, place: str, check: Callable[[int, int], None] | None = None
) -> Image.Image:
    """Picture as it is meant to be seen, in mode L (grey) or RGB, 0-255.

    It is turned as its EXIF data says. Integers of 9 to 16 bits are scaled so that the brightest
    value that they can hold is 255, floats so that 1 is 255. Of a camera's JPEG with previews
    (MPO) the picture itself is taken.

    Pillow's own `convert` was weighed: it clips integers and floats at 255, shows what is behind
    transparent pixels, and knows nothing of EXIF.

    Parameters
    ----------
    file
        The file's path, or its content.
    place
        What to call it in messages.
    check
        Called with width and height before any pixel is decoded; may raise an InputError.

    Raises
    ------
    InputError
        It is no picture in one of `FORMATS` or a damaged one; has several frames or transparent
        pixels; or holds numbers whose white is not known: integers of 32 bits outside of 0 to 255,
        or floats outside of 0 to 1.
    """
    try:
        with _bombs_alone_warned(), Image.open(file, formats=FORMATS) as image:
            if check is not None:
                check(*image.size)
            frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
            if frames != 1:
                raise InputError(f"{place} has {frames} frames or pages; allowed is one.")
            image.load()
            return ImageOps.exif_transpose(_to_eight_bits(image, place))
    except _BROKEN as error:
        # Pillow's sentence on an unknown format holds the file object's address.
        unknown = isinstance(error, UnidentifiedImageError)
        said = f"it is in none of the formats {', '.join(FORMATS)}" if unknown else str(error)
        said = " ".join(said.split()) or type(error).__name__
        raise InputError(f"{place} is not a readable image: {said.rstrip('.')}.") from error


@contextmanager
def _bombs_alone_warned() -> Iterator[None]:
    """Make Pillow's warning of an oversized picture an error, and no other, whatever is asked for.

    A small file may declare what fills the memory; the warning comes before decoding. The others
    are of metadata, and would end a run under PYTHONWARNINGS=error.
    """
    with warnings.catch_warnings(action="ignore"):
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _to_eight_bits(image: Image.Image, place: str) -> Image.Image:
    """Picture in mode L or RGB, still with the EXIF data of `image`."""
    transparent = image.info.get("transparency")
    if image.mode in _TRANSPARENT or (transparent is not None and image.mode in _PLAIN):
        coloured = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        if coloured.getchannel("A").getextrema() != (255, 255):
            raise _transparency_error(place)
        return coloured.convert(_TRANSPARENT.get(image.mode) or _PLAIN[image.mode])
    if image.mode in _PLAIN:
        return image.convert(_PLAIN[image.mode])
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        raise InputError(
            f"{place} is an image of mode {image.mode}, which has no rule for 0-255 pixels; allowed"
            " are grey, colour (RGB, CMYK) and palettes."
        )
    numbers = np.asarray(image)
    if transparent is not None and np.any(numbers == transparent):
        raise _transparency_error(place)
    if image.mode == "I":
        pixels = _wide_integers(numbers, place)
    elif image.mode == "F":
        pixels = _floats(numbers, place)
    else:
        pixels = _scaled(numbers.astype(np.float64) / _white(image, numbers, place))
    picture = Image.fromarray(255 - pixels if _white_is_zero(image) else pixels)
    picture.info["exif"] = image.getexif().tobytes()
    return picture


def _transparency_error(place: str) -> InputError:
    return InputError(
        f"{place} has transparent pixels, behind which any colour may stand; save it without "
        "transparency."
    )


def _white(image: Image.Image, numbers: Num[np.ndarray, "height width"], place: str) -> int:
    """Brightest value of a picture of 16-bit integers: a TIFF file may declare fewer bits."""
    declared = _tiff_tag(image, _BITS_PER_SAMPLE)
    bits = int(declared[0]) if isinstance(declared, tuple) and declared else 16
    white: int = 2**bits - 1
    if not 8 < bits <= 16 or numbers.max() > white:
        raise InputError(f"{place} declares {bits} bits but has the value {numbers.max()}.")
    return white


def _wide_integers(
    numbers: Num[np.ndarray, "height width"], place: str
) -> UInt8[np.ndarray, "height width"]:
    lowest, highest = int(numbers.min()), int(numbers.max())
    if lowest < 0 or highest > 255:
        raise InputError(
            f"{place} has integers of 32 or signed 16 bits from {lowest} to {highest}; allowed are "
            "0 to 255, as no white is known for others: save it with 8 or 16 unsigned bits."
        )
    return numbers.astype(np.uint8)


def _floats(
    numbers: Num[np.ndarray, "height width"], place: str
) -> UInt8[np.ndarray, "height width"]:
    lowest, highest = float(numbers.min()), float(numbers.max())  # NaN where any pixel is.
    if not (lowest >= 0 and highest <= 1):
        raise InputError(
            f"{place} has floats from {lowest:.6g} to {highest:.6g}; allowed are 0 (black) to 1 "
            "(white), as no white is known for others."
        )
    return _scaled(numbers.astype(np.float64))


def _scaled(
    shares: Num[np.ndarray, "height width"],
) -> UInt8[np.ndarray, "height width"]:
    return np.round(255 * shares).astype(np.uint8)


def _white_is_zero(image: Image.Image) -> bool:
    """Whether a TIFF file of wide numbers counts from white; for eight bits Pillow sees to it."""
    return _tiff_tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO


def _tiff_tag(image: Image.Image, number: int) -> object:
    return getattr(image, "tag_v2", {}).get(number)
