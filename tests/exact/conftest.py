"""Fixtures of the exact tests."""

import io
import os
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """A folder with ``mnist/*.gz`` and ``cifar10-jpeg.tar.xz``; without it the test is skipped."""
    default = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("MAXGAIN_SHARED_DATA", default))
    if not (folder / "mnist").is_dir():
        pytest.skip(
            f"REAL DATA NOT TESTED: {folder} has no mnist folder; set MAXGAIN_SHARED_DATA to a "
            "folder with mnist/*.gz and cifar10-jpeg.tar.xz"
        )
    return folder


@pytest.fixture(scope="session")
def idx_bytes() -> Callable[[np.ndarray], bytes]:
    """A function that writes bytes in the IDX format, independently of the library."""

    def write(array: np.ndarray) -> bytes:
        sizes = struct.pack(f">{array.ndim}I", *array.shape)
        return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()

    return write


@pytest.fixture(scope="session")
def write_idx_folder(
    idx_bytes: Callable[[np.ndarray], bytes],
) -> Callable[[Path], dict[str, np.ndarray]]:
    """A function that writes a small data set of 28 x 28 images in MNIST's four files."""

    def write(folder: Path) -> dict[str, np.ndarray]:
        random = np.random.default_rng(1)
        arrays = {
            "train-images-idx3-ubyte": random.integers(0, 256, (30, 28, 28)),
            "train-labels-idx1-ubyte": np.arange(30) % 10,
            "t10k-images-idx3-ubyte": random.integers(0, 256, (20, 28, 28)),
            "t10k-labels-idx1-ubyte": np.arange(20) % 10,
        }
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            (folder / name).write_bytes(idx_bytes(array))
        return arrays

    return write


@pytest.fixture(scope="session")
def image_members() -> dict[str, bytes]:
    """Names and contents of a small image folder: 2 classes, 3 and 2 PNGs of 6 x 5 in colour."""
    random = np.random.default_rng(2)
    members = {}
    for split, count in (("train", 3), ("test", 2)):
        for name in ("cat", "dog"):
            for number in range(count):
                pixels = random.integers(0, 256, (6, 5, 3), dtype=np.uint8)
                buffer = io.BytesIO()
                Image.fromarray(pixels).save(buffer, "PNG")
                members[f"{split}/{name}/{number}.png"] = buffer.getvalue()
    return members


@pytest.fixture(scope="session")
def write_tar() -> Callable[..., Path]:
    """A function that writes a tar archive of named contents."""

    def write(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
        with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
            for name, content in members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        return path

    return write
