"""What the machine can do: the rate of a large matrix product in a precision, and a step's work."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.cases import Case
from maxgain.networks.building import build_network
from maxgain.training.device import use_reproducible_kernels

_SIZE = {"cpu": 2048, "cuda": 8192}


def matrix_product_rate(device: str, precision: str, seconds: float) -> float:
    """GFLOP/s of a large square matrix product by torch, the median over some seconds.

    What a training can reach: another library may have faster products (`other_library_rate`).
    """
    use_reproducible_kernels(torch.device(device), precision)
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    size = _SIZE[device]
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    product = a @ b

    def multiply() -> None:
        torch.mm(a, b, out=product)
        if device == "cuda":
            torch.cuda.synchronize()

    return _rate(multiply, size, seconds)


def other_library_rate(seconds: float) -> float:
    """GFLOP/s of the same product in float32 by NumPy's library, on one thread."""
    size = _SIZE["cpu"]
    a, b = (np.ones((size, size), np.float32) for _ in range(2))
    product = a @ b
    with threadpool_limits(1):
        return _rate(lambda: np.matmul(a, b, out=product), size, seconds)


def _rate(multiply: Callable[[], object], size: int, seconds: float) -> float:
    """GFLOP/s of a product of square matrices, by the median duration over some seconds."""
    durations, start = [], time.perf_counter()
    while True:
        before = time.perf_counter()
        multiply()
        now = time.perf_counter()
        durations.append(now - before)
        if now - start >= seconds:
            return 2 * size**3 / statistics.median(durations) / 1e9


def training_work(case: Case) -> float:
    """GFLOP to train on one image: its convolutions and matrix products, forward and backward."""
    network = build_network(case.network, case.shape, 10, case.capacity)
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(2, *case.shape)).sum().backward()
    return float(counter.get_total_flops()) / 2 / 1e9
