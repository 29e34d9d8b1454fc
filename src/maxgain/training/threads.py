"""How many threads a process computes with, in every library."""

import numpy as np  # noqa: F401  (its BLAS must be loaded to be limited)
import torch
from threadpoolctl import threadpool_limits


def use_threads(count: int) -> None:
    """Give torch and the BLAS of NumPy, which fast layers multiply with, so many threads.

    NumPy's BLAS else takes all cores in every process: two trainings side by side then wait for
    each other's threads, and sums over threads differ in the last bit with their number. It
    concerns the whole process, so a program calls it; the library does not.
    """
    torch.set_num_threads(count)
    threadpool_limits(count)
