"""Keep freed memory in the process: training asks for the same large blocks every step."""

import ctypes

# From glibc's malloc.h.
_TRIM_THRESHOLD = -1
_MAXIMUM_MMAPS = -4


def keep_freed_memory() -> bool:
    """Tell the C library not to return freed memory to the system; False where it cannot.

    By default it returns large blocks, and the next step has the system zero them again page by
    page: a fifth of the time of Network in Network in float32. The process keeps the most memory
    that it has needed. It concerns the whole process, so a program calls it, not the library.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # Not glibc, so not its habit either.
        return False
    largest = 2**31 - 1
    return bool(set_option(_MAXIMUM_MMAPS, 0) and set_option(_TRIM_THRESHOLD, largest))
