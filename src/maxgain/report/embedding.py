"""What a page carries inside itself: data for its scripts, tables to download, pictures."""

import base64
import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from maxgain.errors import InputError

LARGEST_PAGE = 5_700_000
"""Bytes of the whole page; tables for download take what all else leaves, the smallest first."""


@dataclass(frozen=True)
class Room:
    """What pictures may take: bytes of all together once they were made smaller, and pixels."""

    most_bytes: int
    width: int


FIGURES = Room(1_200_000, 1400)
"""The figures of the results."""


NETWORKS = Room(700_000, 1100)
"""The pictures of single networks."""


@dataclass(frozen=True)
class Picture:
    """A picture as an address that holds it, and what its file says of it."""

    address: str
    caption: str


def script_json(content: object) -> Markup:
    """JSON that may stand inside a script element whatever text it holds.

    No "<", ">", "&" and no letter beyond ASCII is left in it, hence no end of the element and no
    line separator (U+2028). Numbers that JSON has no word for are null.
    """
    return htmlsafe_json_dumps(_finite(content), allow_nan=False, separators=(",", ":"))


def _finite(content: object) -> object:
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, Mapping):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, str | bytes):
        return [_finite(value) for value in content]
    return content


def guarded_csv(text: str) -> str:
    """A table whose cells no spreadsheet takes for a formula; numbers are left as they are.

    The guard is an apostrophe before the cell, as OWASP recommends (CSV injection).
    """
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    for row in csv.reader(io.StringIO(text, newline="")):
        writer.writerow([_guarded(cell) for cell in row])
    return output.getvalue()


_FORMULA = re.compile(r"\s*[=+\-@|%]|[\t\r\n]")


def _guarded(cell: str) -> str:
    if not _FORMULA.match(cell):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def data_uri(content: bytes, kind: str) -> str:
    """Address that holds its content itself, of a media type such as "text/csv"."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def read_downloads(
    folder: Path, tables: Sequence[Path], most_bytes: int
) -> tuple[list[dict[str, str]], list[str]]:
    """Tables of a results folder as links that hold them, and the names of those left out.

    Parameters
    ----------
    tables
        Paths below the folder.
    most_bytes
        Of all tables together; those that do not fit are left out, the largest first.

    Raises
    ------
    InputError
        A table cannot be read.
    """
    links, left_out, free = [], [], most_bytes
    for path in sorted(tables, key=lambda table: (table.stat().st_size, table)):
        name = path.relative_to(folder).as_posix()
        if path.stat().st_size > free:
            left_out.append(name)
            continue
        try:
            guarded = guarded_csv(path.read_text(encoding="utf-8")).encode("utf-8")
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise InputError(f"{path} is not a table: {error}.") from error
        free -= len(guarded)
        address = data_uri(guarded, "text/csv;charset=utf-8")
        links.append({"name": name, "file": name.replace("/", "-"), "address": address})
    return sorted(links, key=lambda link: link["name"]), sorted(left_out)


def read_pictures(
    files: Mapping[str, Path], room: Room = FIGURES
) -> tuple[dict[str, Picture], list[str]]:
    """PNG files by name as addresses that hold them, and the names of those left out.

    They are scaled to the room's width at most and stored as WebP.

    Raises
    ------
    InputError
        A PNG file is none.
    """
    pictures: dict[str, Picture] = {}
    left_out = []
    free = room.most_bytes
    for name, path in files.items():
        picture = _small_picture(path, room.width)
        if len(picture.address) > free:
            left_out.append(name)
        else:
            free -= len(picture.address)
            pictures[name] = picture
    return pictures, left_out


def _small_picture(path: Path, width: int) -> Picture:
    from PIL import Image

    output = io.BytesIO()
    try:
        with Image.open(path, formats=["PNG"]) as image:
            caption = str(image.info.get("Description", ""))
            picture: Any = image.convert("RGB")
            height = round(picture.height * width / picture.width)
            if picture.width > width:
                picture = picture.resize((width, height), Image.Resampling.LANCZOS)
            picture.save(output, "WEBP", quality=70)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} is not a PNG picture: {error}.") from error
    return Picture(data_uri(output.getvalue(), "image/webp"), caption)
