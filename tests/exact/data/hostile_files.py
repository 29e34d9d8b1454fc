"""What the tests of hostile data share: limits on memory, refusals, odd members of archives."""

import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from maxgain.data.registry import OFFICIAL
from maxgain.data.sources.local import read_local
from maxgain.errors import InputError

# What is imported at the first use: no test is to count that as its file's memory.
Image.init()

CIFAR10_FILES = OFFICIAL.find("cifar10").file_names

WriteFolder = Callable[[Path], dict[str, np.ndarray]]
WriteTar = Callable[..., Path]
SHARED_FOLDER = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    """Fail when the block takes more than `limit` bytes."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak} bytes were taken"


def refuses(location: Path, said: str | None = None) -> None:
    """Check that reading ends in an InputError of one sentence."""
    with pytest.raises(InputError, match=said) as caught:
        read_local(location)
    assert "\n" not in str(caught.value)


def tar_entry(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0
) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, link, size
    return entry
