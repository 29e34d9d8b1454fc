"""Measure in processes of their own, several at once, and leave them idle in between."""

import multiprocessing
import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import fmean
from types import TracebackType
from typing import Any

from benchmarks.cases import Case

LOADERS = 2
"""Processes that load images for the plain loops, all of them together."""


class Group(AbstractContextManager["Group"]):
    """Equal processes that train one case one way, all at the same time.

    Parameters
    ----------
    case
        What is trained.
    precision
        Of the engine; None is the plain loop.
    device
        "cpu" or "cuda".
    processes
        How many.
    """

    def __init__(self, case: Case, precision: str | None, device: str, processes: int) -> None:
        context = multiprocessing.get_context("spawn")
        workers = max(1, LOADERS // processes)
        self._connections: list[Connection] = []
        self._processes = []
        for _ in range(processes):
            ours, theirs = context.Pipe()
            arguments = (theirs, case, precision, device, workers)
            process = context.Process(target=_serve, args=arguments)
            process.start()
            theirs.close()
            self._connections.append(ours)
            self._processes.append(process)

    def train(self, seconds: float, threads: int) -> tuple[float, float]:
        """Images a second, sum over the processes, and the share of a core that a thread got."""
        answers = self._ask("train", seconds, threads)
        return sum(rate for rate, _ in answers), fmean(share for _, share in answers)

    def matrix_product_rate(self, seconds: float, threads: int) -> float:
        """GFLOP/s of a large matrix product in this precision; sum over the processes."""
        return float(sum(self._ask("ceiling", seconds, threads)))

    def other_library_rate(self, seconds: float) -> float:
        """GFLOP/s of the same product by NumPy's library in fp32; sum over the processes."""
        return float(sum(self._ask("other ceiling", seconds)))

    def memory(self) -> float:
        """Peak memory in MB, of the GPU where one trains, else of the processes and loaders."""
        return float(sum(self._ask("memory"))) / 1e6

    def gain_seconds(self, count: int, impulses: int = 0) -> float:
        """Seconds for the gains of some snapshots, in one process while the others idle.

        With impulses, of their sensitivity and saturation at so many places too.
        """
        self._connections[0].send(("gains", (count, impulses)))
        seconds: float = self._answer(self._connections[0])
        return seconds

    def _ask(self, question: str, *arguments: object) -> list[Any]:
        for connection in self._connections:
            connection.send((question, arguments))
        return [self._answer(connection) for connection in self._connections]

    def _answer(self, connection: Connection) -> Any:
        try:
            return connection.recv()
        except EOFError:
            raise SystemExit("error: a measuring process ended early; see its message.") from None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.join()


def _serve(
    connection: Connection, case: Case, precision: str | None, device: str, workers: int
) -> None:
    """Answer a group's questions until it closes the connection."""
    import torch

    from benchmarks.ceiling import matrix_product_rate, other_library_rate
    from benchmarks.engine_loop import EngineLoop
    from benchmarks.plain_loop import PlainLoop
    from maxgain.training.threads import use_threads

    use_threads(1)
    loop = (
        PlainLoop(case, device, workers)
        if precision is None
        else EngineLoop(case, device, precision)
    )

    def train(seconds: float, threads: int) -> tuple[float, float]:
        use_threads(threads)
        wall, core = time.perf_counter(), time.process_time()
        rate = loop.measure(seconds)
        share = (time.process_time() - core) / (time.perf_counter() - wall) / threads
        return rate, share

    def ceiling(seconds: float, threads: int) -> float:
        use_threads(threads)
        return matrix_product_rate(device, precision or "fp32", seconds)

    def memory() -> float:
        return torch.cuda.max_memory_allocated() if device == "cuda" else _resident_memory()

    answers: dict[str, Callable[..., object]] = {
        "train": train,
        "ceiling": ceiling,
        "other ceiling": other_library_rate,
        "memory": memory,
        "gains": getattr(loop, "measure_gains", lambda *_: float("nan")),
    }
    while True:
        try:
            question, arguments = connection.recv()
        except EOFError:
            return
        connection.send(answers[question](*arguments))


def _resident_memory() -> float:
    """Peak bytes of this process, and the loaders' own share, which excludes what they share."""
    own = _status_bytes(Path("/proc/self/status"), "VmHWM")
    loaders = multiprocessing.active_children()
    rollups = [Path(f"/proc/{loader.pid}/smaps_rollup") for loader in loaders]
    return own + sum(_status_bytes(rollup, "Pss") for rollup in rollups)


def _status_bytes(path: Path, key: str) -> float:
    found = re.search(rf"^{key}:\s+(\d+) kB", path.read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else float("nan")


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
