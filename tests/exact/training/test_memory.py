"""The settings of the C library that keep freed memory, in huge pages, in a training process."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

_COUNT_PAGE_FAULTS = """
import resource, sys
if sys.argv[1] == "keep":
    from maxgain.training.memory import keep_freed_memory
    if not keep_freed_memory():
        sys.exit(3)
for step in range(40):  # The heap finds its shape within ten.
    if step == 30:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(40_000_000)  # More than glibc ever keeps by itself
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 10)
"""


def _page_faults(mode: str) -> int:
    """How many pages each of many equal steps got from the system."""
    command = [sys.executable, "-c", _COUNT_PAGE_FAULTS, mode]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip("the C library is not glibc")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


_COUNT_HUGE_PAGES = """
import sys
from maxgain.training.memory import keep_freed_memory
if not keep_freed_memory():
    sys.exit(3)
blocks = [bytearray(b"1") * 20_000_000 for _ in range(10)]
with open("/proc/self/smaps_rollup") as file:
    print(next(line for line in file if line.startswith("AnonHugePages")).split()[1])
"""


def test_memory_comes_in_huge_pages_where_the_system_has_them() -> None:
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not setting.is_file() or "[never]" in setting.read_text():
        pytest.skip("the system has no transparent huge pages")
    done = subprocess.run([sys.executable, "-c", _COUNT_HUGE_PAGES], capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip("the C library is not glibc")
    assert done.returncode == 0, done.stderr
    if int(done.stdout) == 0:
        pytest.skip("the system had no huge page free")
    assert int(done.stdout) > 100_000


def test_a_limit_on_the_address_space_does_no_harm() -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
    command = [sys.executable, "-c", limit + _COUNT_PAGE_FAULTS, "keep"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip("the C library is not glibc")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 40_000_000 // resource.getpagesize() / 100


def test_steps_ask_the_system_for_no_memory_again() -> None:
    pages = 40_000_000 // resource.getpagesize()
    assert _page_faults("default") > pages / 2
    assert _page_faults("keep") < pages / 100
