"""Named arrays in safetensors files, read with one sentence on what is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from maxgain.errors import InputError

if TYPE_CHECKING:
    from numpy import ndarray


NETWORK = "network"
"""Key of a file's metadata that names the network it is of."""


def read_arrays(path: Path) -> "dict[str, ndarray]":
    """Arrays of a safetensors file by name.

    Raises
    ------
    InputError
        The file is missing or not in that format.
    """
    from safetensors.numpy import load_file

    with reading_safetensors(path):
        arrays = dict(load_file(path))
    for name, array in arrays.items():
        # Once ml_dtypes is imported, as onnx does, NumPy reads bfloat16 and cannot compute with it.
        if array.dtype.kind not in "biuf":
            raise InputError(f"{path}: '{name}' is of the type {array.dtype}, which NumPy lacks.")
    return arrays


def read_network_name(path: Path) -> str:
    """Name of the network that a file of arrays is of: its own word for it, or the file's name.

    Raises
    ------
    InputError
        The file is missing or not in that format.
    """
    from safetensors import safe_open

    with reading_safetensors(path), safe_open(path, "numpy") as file:
        return str((file.metadata() or {}).get(NETWORK, path.stem))


@contextmanager
def reading_safetensors(path: Path) -> Iterator[None]:
    """One sentence that names the file, whatever safetensors raises on it."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        # A type of numbers that NumPy has not, such as bfloat16, is a KeyError or a TypeError.
        raise InputError(f"{path} cannot be read as safetensors: {error}.") from error
