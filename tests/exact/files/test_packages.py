"""Files that installed packages carry."""

import subprocess
import sys

import pytest

from maxgain.errors import InputError
from maxgain.files.packages import packaged_file


def test_a_file_is_found_without_importing_its_package() -> None:
    program = """
import sys
from maxgain.files.packages import packaged_file
path = packaged_file("sklearn", "datasets/images/china.jpg")
assert path.stat().st_size > 100_000
print(sorted({"sklearn", "numpy"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(InputError, match=r"a.csv comes with the package no_such, which is not in"):
        packaged_file("no_such", "a.csv")
    with pytest.raises(InputError, match=r"no.csv does not exist; this version of json does not"):
        packaged_file("json", "no.csv")
