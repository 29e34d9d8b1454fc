"""Undo the Content-Encoding that a server put on a file, within a limit."""

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from maxgain.errors import InputError

_PIECE = 2**16

_GZIP = 16 + zlib.MAX_WBITS


class EncodingError(Exception):
    """A body is not encoded as its server says, or in a way that is not known; says why."""


def encodings_of(header: str | None) -> tuple[str, ...]:
    """Encodings of a Content-Encoding header that change the body, in the order of application."""
    names = [name.strip().lower() for name in (header or "").split(",")]
    return tuple(name for name in names if name not in ("", "identity", "none"))


def keep_right_form(
    part: Path,
    url: str,
    encodings: tuple[str, ...],
    verify: Callable[[Path], None],
    maximum_bytes: int,
) -> None:
    """Find whether the body as it came or without its Content-Encoding is right, and keep that.

    Raises
    ------
    InputError
        Neither is.
    EncodingError
        The body as it came is not right, and cannot be decoded.
    """
    if not encodings:
        verify(part)
        return
    decoded = part.with_name(f"{part.name}.decoded.part")
    # The mark on a .gz file tells what the file is; on any other what the server did to it.
    as_it_came_first = urlsplit(url).path.lower().endswith((".gz", ".tgz"))
    try:
        if as_it_came_first and _is_right(part, verify):
            return
        try:
            decode_file(part, decoded, encodings, maximum_bytes)
        except EncodingError:
            if not as_it_came_first and _is_right(part, verify):
                return
            raise
        try:
            verify(decoded)
        except InputError:
            if not as_it_came_first and _is_right(part, verify):
                return
            raise
        os.replace(decoded, part)
    finally:
        decoded.unlink(missing_ok=True)


def _is_right(file: Path, verify: Callable[[Path], None]) -> bool:
    try:
        verify(file)
    except InputError:
        return False
    return True


def decode_file(source: Path, target: Path, encodings: tuple[str, ...], maximum_bytes: int) -> None:
    """Write to `target` the content of `source` without its encodings.

    `requests` decodes while it reads, whether or not the encoding is the file's own: a ``.gz`` file
    that is marked as encoded would be unpacked. Hence it is done here, after the transfer.

    Raises
    ------
    EncodingError
        An encoding is not gzip, x-gzip or deflate, the body is broken, or more than
        `maximum_bytes` come of it.
    """
    stages = [_decoder(name) for name in reversed(encodings)]
    with source.open("rb") as file, target.open("wb") as output:
        pieces = _pieces(file)
        for stage in stages:
            pieces = stage(pieces)
        size = 0
        try:
            for piece in pieces:
                size += len(piece)
                if size > maximum_bytes:
                    raise EncodingError(f"it has more than the {maximum_bytes} bytes allowed")
                output.write(piece)
        except zlib.error as error:
            raise EncodingError(
                f"its Content-Encoding is {', '.join(encodings)} but {error}"
            ) from error


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _decoder(name: str) -> Callable[[Iterator[bytes]], Iterator[bytes]]:
    if name in ("gzip", "x-gzip"):
        return _inflate_gzip
    if name == "deflate":
        return _inflate
    raise EncodingError(f"its Content-Encoding '{name}' is not gzip, x-gzip or deflate")


def _inflate_gzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Content of one or several gzip members one after the other."""
    decoder = zlib.decompressobj(_GZIP)
    for piece in pieces:
        while piece:
            if decoder.eof:
                decoder = zlib.decompressobj(_GZIP)
            yield from _bounded(decoder, piece)
            piece = decoder.unused_data if decoder.eof else b""
    if not decoder.eof:
        raise zlib.error("it is cut off")


def _inflate(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Content of a zlib stream, or of the bare one that some servers send as deflate."""
    decoder = None
    for piece in pieces:
        if decoder is None:
            bare = piece[0] & 0x0F != zlib.DEFLATED or int.from_bytes(piece[:2], "big") % 31
            decoder = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS)
        yield from _bounded(decoder, piece)
    if decoder is None or not decoder.eof:
        raise zlib.error("it is cut off")


def _bounded(decoder: "zlib._Decompress", piece: bytes) -> Iterator[bytes]:
    """What comes of a piece, a bounded part at a time: a small piece may hold much."""
    while piece:
        yield decoder.decompress(piece, _PIECE)
        piece = decoder.unconsumed_tail
