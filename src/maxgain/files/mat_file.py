"""Reads MATLAB version 5 files, after checking that they hold exactly what they declare.

`scipy.io.loadmat` allocates what a header declares before it reads on, and a number of an unknown
type ends the process without a word (scipy 1.17). A few hostile bytes could so ask for all memory
of the machine, or kill it, hence `check_mat_file` walks the file's elements first, with constant
memory, in the very steps in which scipy will read them.
"""

import struct
import zlib
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from maxgain.errors import InputError

_HEADER_BYTES = 128
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MATRIX, _COMPRESSED = 14, 15

_NUMBER_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
"""Bytes of one number of each numeric element type."""

_COMPLEX = 1 << 11
"""Flag of an array whose numbers have an imaginary part."""

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


class DamagedMatError(ValueError):
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
            check_mat_file(file, path.stat().st_size)
        variables = loadmat(path, struct_as_record=True, squeeze_me=False, chars_as_strings=True)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except DamagedMatError as error:
        raise InputError(f"{path} is not a readable MATLAB version 5 file: {error}.") from error
    except Exception as error:  # scipy raises a dozen types on damaged bytes
        raise InputError(
            f"{path} is not a readable MATLAB version 5 file: {type(error).__name__}, "
            f"{str(error).rstrip('.').splitlines()[0] if str(error) else 'no reason given'}."
        ) from error
    return {name: value for name, value in variables.items() if not name.startswith("__")}


class _Inflated:
    """Bytes of a compressed element, inflated in small pieces, never all at once."""

    def __init__(self, file: BufferedIOBase, compressed_bytes: int) -> None:
        self._file, self._left = file, compressed_bytes
        self._inflate = zlib.decompressobj()
        self._ready = bytearray()

    def read(self, count: int, /) -> bytes:
        while len(self._ready) < count and not self._inflate.eof:
            piece = self._inflate.unconsumed_tail or self._next_piece()
            try:
                inflated = self._inflate.decompress(piece, 1 << 16)
            except zlib.error as error:
                raise DamagedMatError(f"its compressed data are damaged ({error})") from error
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

    def __init__(self, stream: BufferedIOBase | _Inflated, order: str) -> None:
        self.stream, self.order = stream, order

    def take(self, count: int) -> bytes:
        data = self.stream.read(count)
        if len(data) != count:
            raise DamagedMatError("it ends in the middle of an element (truncated?)")
        return data

    def skip(self, count: int) -> None:
        while count > 0:
            count -= len(self.take(min(count, 1 << 16)))

    def tag(self, room: int) -> tuple[int, int, int, bytes]:
        """Type of the next element, its bytes, the bytes to its end, and its data if inline."""
        if room < 8:
            raise DamagedMatError("an element has no room for its header")
        head = self.take(8)
        (first,) = struct.unpack(self.order + "I", head[:4])
        if first >> 16:
            kind, size = first & 0xFFFF, first >> 16
            if size > 4:
                raise DamagedMatError(f"a small element declares {size} bytes")
            return kind, size, 0, head[4 : 4 + size]
        (size,) = struct.unpack(self.order + "I", head[4:])
        padded = size if first in (_MATRIX, _COMPRESSED) else -(-size // 8) * 8
        if padded > room - 8:
            raise DamagedMatError(
                f"an element declares {size:,} bytes where only {room - 8:,} are left"
            )
        return first, size, padded, b""


def check_mat_file(file: BufferedIOBase, file_bytes: int) -> None:
    """Walk all elements of a file of so many bytes and check what they declare.

    Raises
    ------
    DamagedMatError
        The file is of another format, truncated or damaged, or declares what it does not hold.
    """
    header = file.read(_HEADER_BYTES)
    hdf5 = (b"\x00\x02IM", b"\x02\x00MI")  # version 2 in the header's last bytes
    if header.startswith(_HDF5_SIGNATURE) or header[124:] in hdf5:
        raise DamagedMatError(
            "it is a MATLAB version 7.3 (HDF5) file, which must be saved again with '-v7'"
        )
    if len(header) < _HEADER_BYTES:
        raise DamagedMatError(f"it has only {file_bytes} bytes (truncated?)")
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if order is None or struct.unpack(order + "H", header[124:126])[0] != 0x0100:
        raise DamagedMatError("it does not begin with the header of that format")
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
                raise DamagedMatError(f"a compressed element is of the unknown type {kind}")
            budget -= size
            _check_matrix(inflated, size, 0)
            file.seek(end)
        else:
            raise DamagedMatError(f"a variable is of the unknown type {kind}")


def _check_matrix(elements: _Elements, room: int, depth: int) -> None:
    """Check an array's declared shape against the bytes it has, and the arrays inside it."""
    if depth > _DEEPEST_NESTING:
        raise DamagedMatError(f"its structures are nested more than {_DEEPEST_NESTING} deep")
    if room == 0:
        return
    flags, room = _small_data(elements, room, 8)
    if len(flags) != 8:
        raise DamagedMatError("an array has no flags")
    word = struct.unpack(elements.order + "I", flags[:4])[0]
    kind = word & 0xFF
    if kind in (_SPARSE, _OBJECT):
        raise DamagedMatError(
            "it holds a sparse array or a MATLAB object; allowed are numbers, text, cells, structs"
        )
    if kind == _OPAQUE:
        for _ in range(3):  # its name and what it is, in place of a shape and a name
            _, room = _small_data(elements, room, _LONGEST_FIELD_NAMES_BYTES)
        _check_parts(elements, room, depth, 1)
        return
    shape, room = _read_shape(elements, room)
    count = int(np.prod(shape))
    _, room = _small_data(elements, room, 64)  # its name
    if kind == _FUNCTION:
        _check_parts(elements, room, depth, 1)
    elif kind in (_CELL, _STRUCT):
        if kind == _STRUCT:
            fields, room = _count_fields(elements, room)
            count *= fields
        # Each part takes at least the 8 bytes of its header.
        if count * 8 > room:
            raise DamagedMatError(f"an array declares the shape {list(shape)} and holds less")
        _check_parts(elements, room, depth, count)
    elif kind == _CHAR or _FIRST_NUMERIC <= kind <= _LAST_NUMERIC:
        for _ in range(2 if word & _COMPLEX and kind != _CHAR else 1):
            room = _check_numbers(elements, room, count, shape)
        _check_filled(room)
    else:
        raise DamagedMatError(f"an array is of the unknown class {kind}")


def _read_shape(elements: _Elements, room: int) -> tuple[np.ndarray, int]:
    """Shape of an array in Python's integers, which no product overflows, and the room left."""
    dimensions, room = _small_data(elements, room, _LONGEST_DIMENSIONS_BYTES)
    shape = np.frombuffer(dimensions, elements.order + "i4").astype(object)
    if len(shape) < 2 or any(size < 0 for size in shape):
        raise DamagedMatError(f"an array declares the shape {list(shape)}")
    return shape, room


def _count_fields(elements: _Elements, room: int) -> tuple[int, int]:
    """Number of a struct's fields, and the room left."""
    length, room = _small_data(elements, room, 4)
    names, room = _small_data(elements, room, _LONGEST_FIELD_NAMES_BYTES)
    longest = struct.unpack(elements.order + "i", length)[0] if len(length) == 4 else 0
    if longest < 1:
        raise DamagedMatError("a struct declares no length of its field names")
    return len(names) // longest, room


def _check_numbers(elements: _Elements, room: int, count: int, shape: np.ndarray) -> int:
    """Check the numbers of an array of some shape; the room left."""
    if room == 0:
        raise DamagedMatError(f"an array declares the shape {list(shape)} and holds nothing")
    kind, size, padded, _ = elements.tag(room)
    if kind not in _NUMBER_BYTES:
        raise DamagedMatError(f"an array holds numbers of the unknown type {kind}")
    if size // _NUMBER_BYTES[kind] < count:
        raise DamagedMatError(f"an array declares the shape {list(shape)} and holds less")
    elements.skip(padded)
    return room - 8 - padded


def _check_parts(elements: _Elements, room: int, depth: int, count: int) -> None:
    """Check the arrays inside an array, which must be so many and fill the room."""
    for _ in range(count):
        kind, size, _, _ = elements.tag(room)
        if kind != _MATRIX:
            raise DamagedMatError(f"a part of an array is of the unknown type {kind}")
        room -= 8 + size
        _check_matrix(elements, size, depth + 1)
    _check_filled(room)


def _check_filled(room: int) -> None:
    if room:
        raise DamagedMatError(f"an array has {room:,} bytes too many")


def _small_data(elements: _Elements, room: int, most: int) -> tuple[bytes, int]:
    """Data of the next element, which must be at most `most` bytes, and the room left."""
    kind, size, padded, inline = elements.tag(room)
    if kind == _MATRIX or size > most:
        raise DamagedMatError("an array's header is damaged")
    if padded:
        inline = elements.take(padded)[:size]
    return inline, room - 8 - padded
