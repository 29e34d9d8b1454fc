"""Reads MATLAB version 5 files, after checking that no size they declare exceeds what they hold.

`scipy.io.loadmat` allocates what a header declares before it reads on. A few hostile bytes could
so ask for all memory of the machine, hence `_check_sizes` walks the file's elements first, with
constant memory.
"""

import struct
import zlib
from io import BufferedReader
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from maxgain.errors import InputError

_HEADER_BYTES = 128


_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


_MATRIX, _COMPRESSED = 14, 15


_NUMBER_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
"""Bytes of one number of each numeric element type."""


_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FIRST_NUMERIC, _LAST_NUMERIC = 1, 2, 3, 4, 5, 6, 15


_FUNCTION, _OPAQUE = 16, 17


_DEEPEST_NESTING = 32


_LARGEST_EXPANSION = 64
"""Weights hardly compress; text and zeros do. Beyond this factor a file is taken for a bomb."""


_MOST_DIMENSIONS = 32


_LONGEST_DIMENSIONS_BYTES = 4 * _MOST_DIMENSIONS


_LONGEST_FIELD_NAMES_BYTES = 1 << 16


MatValue = np.ndarray
"""What loadmat makes of an element: cells and structs are arrays of dtype object or with fields."""


class _DamagedError(Exception):
    """What is wrong with the bytes of a file."""


def read_mat_file(path: Path) -> dict[str, MatValue]:
    """Variables of a MATLAB version 5 file by name.

    Nothing in the file is executed or unpickled, and memory stays proportional to its size.

    Raises
    ------
    InputError
        The file is missing, of another format, truncated or damaged, or declares sizes that it
        does not hold.
    """
    try:
        with path.open("rb") as file:
            _check_sizes(file, path.stat().st_size)
        variables = loadmat(path, struct_as_record=True, squeeze_me=False, chars_as_strings=True)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except _DamagedError as error:
        raise InputError(f"{path} is not a readable MATLAB version 5 file: {error}.") from error
    except Exception as error:  # scipy raises a dozen types on damaged bytes
        raise InputError(
            f"{path} is not a readable MATLAB version 5 file: {type(error).__name__}, "
            f"{str(error).rstrip('.').splitlines()[0] if str(error) else 'no reason given'}."
        ) from error
    return {name: value for name, value in variables.items() if not name.startswith("__")}


class _Inflated:
    """Bytes of a compressed element, inflated in small pieces, never all at once."""

    def __init__(self, file: BufferedReader, compressed_bytes: int) -> None:
        self._file, self._left = file, compressed_bytes
        self._inflate = zlib.decompressobj()
        self._ready = bytearray()

    def read(self, count: int, /) -> bytes:
        while len(self._ready) < count and not self._inflate.eof:
            piece = self._inflate.unconsumed_tail or self._next_piece()
            try:
                inflated = self._inflate.decompress(piece, 1 << 16)
            except zlib.error as error:
                raise _DamagedError(f"its compressed data are damaged ({error})") from error
            if not inflated and not piece:
                break
            self._ready += inflated
        taken = bytes(self._ready[:count])
        del self._ready[:count]
        return taken

    def _next_piece(self) -> bytes:
        piece = self._file.read(min(self._left, 1 << 16))
        self._left -= len(piece)
        return piece


class _Elements:
    """Reads elements one after the other from a stream of bytes."""

    def __init__(self, stream: BufferedReader | _Inflated, order: str) -> None:
        self.stream, self.order = stream, order

    def take(self, count: int) -> bytes:
        data = self.stream.read(count)
        if len(data) != count:
            raise _DamagedError("it ends in the middle of an element (truncated?)")
        return data

    def skip(self, count: int) -> None:
        while count > 0:
            count -= len(self.take(min(count, 1 << 16)))

    def tag(self, room: int) -> tuple[int, int, int, bytes]:
        """Type of the next element, its bytes, the bytes to its end, and its data if inline."""
        if room < 8:
            raise _DamagedError("an element has no room for its header")
        head = self.take(8)
        (first,) = struct.unpack(self.order + "I", head[:4])
        if first >> 16:
            kind, size = first & 0xFFFF, first >> 16
            if size > 4:
                raise _DamagedError(f"a small element declares {size} bytes")
            return kind, size, 0, head[4 : 4 + size]
        (size,) = struct.unpack(self.order + "I", head[4:])
        padded = size if first in (_MATRIX, _COMPRESSED) else -(-size // 8) * 8
        if padded > room - 8:
            raise _DamagedError(
                f"an element declares {size:,} bytes where only {room - 8:,} are left"
            )
        return first, size, padded, b""


def _check_sizes(file: BufferedReader, file_bytes: int) -> None:
    """Walk all elements of a file and check the sizes they declare."""
    header = file.read(_HEADER_BYTES)
    hdf5 = (b"\x00\x02IM", b"\x02\x00MI")  # version 2 in the header's last bytes
    if header.startswith(_HDF5_SIGNATURE) or header[124:] in hdf5:
        raise _DamagedError(
            "it is a MATLAB version 7.3 (HDF5) file, which must be saved again with '-v7'"
        )
    if len(header) < _HEADER_BYTES:
        raise _DamagedError(f"it has only {file_bytes} bytes (truncated?)")
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if order is None or struct.unpack(order + "H", header[124:126])[0] != 0x0100:
        raise _DamagedError("it does not begin with the header of that format")
    elements = _Elements(file, order)
    left = file_bytes - _HEADER_BYTES
    # Of all compressed elements together.
    budget = _LARGEST_EXPANSION * file_bytes + (1 << 20)
    while left > 0:
        kind, size, _, _ = elements.tag(left)
        left -= 8 + size
        if kind == _MATRIX:
            _check_matrix(elements, size, 0)
        elif kind == _COMPRESSED:
            inflated = _Elements(_Inflated(file, size), order)
            end = file.tell() + size
            kind, size, _, _ = inflated.tag(budget)
            if kind != _MATRIX:
                raise _DamagedError(f"a compressed element is of the unknown type {kind}")
            budget -= size
            _check_matrix(inflated, size, 0)
            file.seek(end)
        else:
            raise _DamagedError(f"a variable is of the unknown type {kind}")


def _check_matrix(elements: _Elements, room: int, depth: int) -> None:
    """Check an array's declared shape against the bytes it has, and the arrays inside it."""
    if depth > _DEEPEST_NESTING:
        raise _DamagedError(f"its structures are nested more than {_DEEPEST_NESTING} deep")
    if room == 0:
        return
    flags, room = _small_data(elements, room, 8)
    if len(flags) != 8:
        raise _DamagedError("an array has no flags")
    kind = struct.unpack(elements.order + "I", flags[:4])[0] & 0xFF
    if kind in (_SPARSE, _OBJECT):
        raise _DamagedError("it holds a sparse array or a MATLAB object, which networks do not")
    if kind in (_FUNCTION, _OPAQUE):
        _check_parts(elements, room, depth)
        return
    dimensions, room = _small_data(elements, room, _LONGEST_DIMENSIONS_BYTES)
    shape = np.frombuffer(dimensions, elements.order + "i4").astype(object)
    if len(shape) < 2 or any(size < 0 for size in shape):
        raise _DamagedError(f"an array declares the shape {list(shape)}")
    count = int(np.prod(shape))
    _, room = _small_data(elements, room, 64)  # its name
    if kind in (_CELL, _STRUCT):
        fields = 1
        if kind == _STRUCT:
            length, room = _small_data(elements, room, 4)
            names, room = _small_data(elements, room, _LONGEST_FIELD_NAMES_BYTES)
            longest = struct.unpack(elements.order + "i", length)[0] if len(length) == 4 else 0
            if longest < 1:
                raise _DamagedError("a struct declares no length of its field names")
            fields = max(len(names) // longest, 1)
        # Each part takes at least the 8 bytes of its header; a struct without fields takes none.
        if count * fields * 8 > max(room, 8):
            raise _DamagedError(f"an array declares the shape {list(shape)} and holds less")
        _check_parts(elements, room, depth)
    elif kind == _CHAR or _FIRST_NUMERIC <= kind <= _LAST_NUMERIC:
        _check_numbers(elements, room, count, shape)
    else:
        raise _DamagedError(f"an array is of the unknown class {kind}")


def _check_numbers(elements: _Elements, room: int, count: int, shape: np.ndarray) -> None:
    if room == 0:
        if count:
            raise _DamagedError(f"an array declares the shape {list(shape)} and holds nothing")
        return
    kind, size, padded, _ = elements.tag(room)
    if kind not in _NUMBER_BYTES:
        raise _DamagedError(f"an array holds numbers of the unknown type {kind}")
    if size // _NUMBER_BYTES[kind] < count:
        raise _DamagedError(f"an array declares the shape {list(shape)} and holds less")
    elements.skip(padded)
    elements.skip(room - 8 - padded)  # an imaginary part


def _check_parts(elements: _Elements, room: int, depth: int) -> None:
    while room > 0:
        kind, size, padded, _ = elements.tag(room)
        room -= 8 + padded
        if kind == _MATRIX:
            _check_matrix(elements, size, depth + 1)
        else:
            elements.skip(padded)


def _small_data(elements: _Elements, room: int, most: int) -> tuple[bytes, int]:
    """Data of the next element, which must be at most `most` bytes, and the room left."""
    kind, size, padded, inline = elements.tag(room)
    if kind == _MATRIX or size > most:
        raise _DamagedError("an array's header is damaged")
    if padded:
        inline = elements.take(padded)[:size]
    return inline, room - 8 - padded
