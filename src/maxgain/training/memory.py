"""Keep freed memory in the process: training asks for the same large blocks every step.

glibc's environment variables (`MALLOC_TRIM_THRESHOLD_`, `GLIBC_TUNABLES`) say the same, but only to
a process that has not started yet.
"""

import ctypes
from mmap import PAGESIZE

# From glibc's malloc.h and Linux's mman.h.
_TRIM_THRESHOLD = -1
_MAXIMUM_MMAPS = -4
_HUGE_PAGES = 14

_HEAP = 3 * 1024**3 // 2
"""Bytes to start the heap with: below the trim threshold, or they would be given back at once."""


def keep_freed_memory() -> bool:
    """Tell the C library not to return freed memory to the system; False where it cannot.

    By default it returns large blocks, and the next step has the system zero them again page by
    page: a fifth of the time of Network in Network in float32. The process keeps the most memory
    that it has needed, in huge pages where the system has them: another 1 to 2 % of a step of
    CIFAR-10's LeNet. It concerns the whole process, so a program calls it, before it needs much
    memory; the library does not.
    """
    try:
        library = ctypes.CDLL(None)
        set_option = library.mallopt
    except (AttributeError, OSError):  # Not glibc, so not its habit either.
        return False
    largest = 2**31 - 1
    kept = bool(set_option(_MAXIMUM_MMAPS, 0) and set_option(_TRIM_THRESHOLD, largest))
    _advise_huge_pages(library)
    return kept


def _advise_huge_pages(library: ctypes.CDLL) -> None:
    """Grow the heap by addresses alone; what is later put there gets huge pages."""
    library.malloc.argtypes, library.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    library.free.argtypes, library.free.restype = [ctypes.c_void_p], None
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    start = library.malloc(_HEAP)
    if start is None:  # A limit on the address space, and no harm done.
        return
    first_page = -(-start // PAGESIZE) * PAGESIZE
    library.madvise(first_page, _HEAP - PAGESIZE, _HUGE_PAGES)
    library.free(start)
