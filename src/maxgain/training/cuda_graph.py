"""One training step as a CUDA graph that advances by itself through an epoch's batches."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Int64
from torch import Tensor

Step = Callable[[Int64[Tensor, "batch"], Int64[Tensor, "batch numbers"]], None]
"""One training step on the images of some indices, each augmented by its numbers."""


class StepGraph:
    """One training step, captured once and replayed for every full batch of an epoch.

    Parameters
    ----------
    step
        What is captured: it reads only tensors on the device and never waits for the host.
    state
        Every tensor that the step changes; warm-up and capture leave them as they were.
    steps
        Batches of an epoch.
    batch_size
        Images of a batch.
    numbers
        How many numbers augment an image.
    """

    def __init__(
        self,
        step: Step,
        state: Sequence[Tensor],
        steps: int,
        batch_size: int,
        numbers: int,
        device: torch.device,
    ) -> None:
        self._step = step
        self._indices = torch.zeros(steps, batch_size, dtype=torch.int64, device=device)
        self._numbers = torch.zeros(steps, batch_size, numbers, dtype=torch.int64, device=device)
        self._place = torch.zeros(1, dtype=torch.int64, device=device)
        copies = [tensor.detach().clone() for tensor in state]
        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(device))
        # A run resumed in this epoch must draw the dropout of one that captured in an earlier.
        with torch.random.fork_rng([device]):
            with torch.cuda.stream(stream):
                for _ in range(3):  # Libraries choose and set up their kernels before the capture.
                    self._place.zero_()  # There may be fewer batches than warm-up steps.
                    self._advance()
            torch.cuda.current_stream(device).wait_stream(stream)
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._advance()
        with torch.no_grad():
            for tensor, value in zip(state, copies, strict=True):
                tensor.copy_(value)

    def _advance(self) -> None:
        self._step(
            self._indices.index_select(0, self._place)[0],
            self._numbers.index_select(0, self._place)[0],
        )
        self._place += 1

    def replay(
        self, indices: Int64[Tensor, "steps batch"], numbers: Int64[Tensor, "steps batch numbers"]
    ) -> None:
        """Run one step for each batch of indices."""
        self._indices.copy_(indices)
        self._numbers.copy_(numbers)
        self._place.zero_()
        for _ in range(len(indices)):
            self._graph.replay()
