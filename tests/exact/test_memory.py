"""The setting of the C library that keeps freed memory in a training process."""

import resource
import subprocess
import sys

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


def test_steps_ask_the_system_for_no_memory_again() -> None:
    pages = 40_000_000 // resource.getpagesize()
    assert _page_faults("default") > pages / 2
    assert _page_faults("keep") < pages / 100
