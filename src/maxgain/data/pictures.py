"""The one reader of photographs: bytes or a path become 0-255 pixels, or one clear sentence."""

import struct
import warnings
import zlib
from pathlib import Path

from PIL import Image

from maxgain.errors import InputError

BROKEN_IMAGE = (
    OSError,
    SyntaxError,  # Pillow: a broken PNG.
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    struct.error,
    zlib.error,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises on damaged or oversized images, the warning made an error."""


GRACE_HOPPER = "grace_hopper.jpg (matplotlib)"
"""Label of the photograph that is used where no other is given."""


# Not all that Pillow reads: for PostScript it would start another program.
_FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")


def read_photograph(path: Path | None) -> tuple[Image.Image, str]:
    """Photograph in colour, and its label; matplotlib's sample photograph if None.

    Raises
    ------
    InputError
        The file is missing or not an image.
    """
    label = path.name if path else GRACE_HOPPER
    if path is None:
        import matplotlib

        path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    try:
        # A small file may declare what fills the memory; Pillow's warning comes before decoding.
        with (
            warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning),
            Image.open(path, formats=_FORMATS) as image,
        ):
            return image.convert("RGB"), label
    except FileNotFoundError as error:
        raise InputError(f"image {path} does not exist.") from error
    except BROKEN_IMAGE as error:
        raise InputError(f"{path} is not a readable image: {error}.") from error
