"""The graph of a step, with CUDA replaced by what it promises."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import nn

from maxgain.data.augmentation import flip_and_crop
from maxgain.networks.recipes import initial_network
from maxgain.training import engine
from maxgain.training.batches import Batches
from maxgain.training.cuda_graph import StepGraph
from maxgain.training.engine import Score, Trainer
from maxgain.training.optimisers import AdamW, MomentumSGD, Optimiser
from tests.exact.training.training_cases import (
    BATCH,
    COUNT,
    small_images,
    small_trainer,
    some_batches,
)


class _FakeGraph:
    """Replays on the CPU what was called while it captured."""

    capturing: "_FakeGraph | None" = None

    def __init__(self) -> None:
        self.call: Callable[[], None] = lambda: pytest.fail("nothing was captured")

    def replay(self) -> None:
        self.call()


@pytest.fixture
def fake_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        def __init__(self, *_: object) -> None: ...
        def wait_stream(self, _: object) -> None: ...

    @contextmanager
    def capture(graph: _FakeGraph) -> Iterator[None]:
        _FakeGraph.capturing = graph
        yield
        _FakeGraph.capturing = None

    @contextmanager
    def stream(_: object) -> Iterator[None]:
        yield

    step, fork = StepGraph._advance, torch.random.fork_rng

    def recorded_step(self: StepGraph) -> None:
        if _FakeGraph.capturing:  # As in CUDA, capturing computes nothing.
            _FakeGraph.capturing.call = lambda: step(self)
        else:
            step(self)

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", _FakeGraph)
    monkeypatch.setattr(torch.cuda, "graph", capture)
    monkeypatch.setattr(StepGraph, "_advance", recorded_step)
    monkeypatch.setattr(torch.random, "fork_rng", lambda _: fork([]))


def _replayed_epoch(trainer: Trainer, batches: Batches, rate: float) -> Score:
    """What `Trainer.train_epoch` does on a CUDA device."""
    trainer._network.train()
    trainer._totals.zero_()
    done = trainer._replay(batches.indices, batches.numbers, rate)
    for first in range(done, len(batches.indices), BATCH):
        part = slice(first, first + BATCH)
        trainer._step(batches.indices[part], batches.numbers[part], rate)
    return engine._score(trainer._totals, len(batches.indices))


@pytest.mark.usefixtures("fake_cuda")
@pytest.mark.parametrize("count", [COUNT, 20, 12, BATCH, 3])
def test_replayed_steps_are_those_of_the_loop(count: int) -> None:
    plain, replayed = small_trainer("lenet-cifar"), small_trainer("lenet-cifar")
    for epoch, rate in enumerate((0.02, 0.02, 0.002)):
        whole = some_batches(epoch)
        batches = Batches(whole.indices[:count], whole.numbers[:count])
        assert _replayed_epoch(replayed, batches, rate) == plain.train_epoch(batches, rate)
    for a, b in zip(replayed._network.parameters(), plain._network.parameters(), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(
        replayed._optimiser.state["momentum"].values(),
        plain._optimiser.state["momentum"].values(),
        strict=True,
    ):
        assert torch.equal(a, b)


@pytest.mark.usefixtures("fake_cuda")
def test_a_resumed_run_captures_anew_and_goes_on_the_same() -> None:
    """A partial last batch, a change of the rate, and a process that begins in between."""
    whole, before, after = (small_trainer("lenet-cifar") for _ in range(3))
    rates = (0.02, 0.02, 0.002)
    scores = [_replayed_epoch(whole, some_batches(n), rate) for n, rate in enumerate(rates)]
    assert _replayed_epoch(before, some_batches(0), rates[0]) == scores[0]
    with torch.no_grad():
        for source, target in zip(before._state(), after._state(), strict=True):
            target.copy_(source)
    for number in (1, 2):
        assert _replayed_epoch(after, some_batches(number), rates[number]) == scores[number]
    for a, b in zip(whole._state(), after._state(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.usefixtures("fake_cuda")
def test_capturing_leaves_dropout_where_it_was() -> None:
    """A run that resumes captures later than one that was never interrupted."""
    early, late = small_trainer("nin"), small_trainer("nin")
    for trainer, epochs in ((early, 2), (late, 1)):
        for _ in range(epochs):
            torch.manual_seed(11)
            _replayed_epoch(trainer, some_batches(), 0.0)
    first, second = (trainer._totals.tolist() for trainer in (early, late))
    assert first == second


class _Counting(nn.Module):
    """Counts its training steps in a buffer of integers."""

    steps: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.steps += 1
        return values


def _momentum(network: nn.Module) -> Optimiser:
    return MomentumSGD({1.0: list(network.parameters())}, 0.9, 1e-4, nesterov=True)


def _adamw(network: nn.Module) -> Optimiser:
    return AdamW({1.0: list(network.parameters())}, 0.01)


@pytest.mark.usefixtures("fake_cuda")
@pytest.mark.parametrize("optimiser", [_momentum, _adamw])
def test_capturing_leaves_buffers_and_optimiser_as_they_were(
    optimiser: Callable[[nn.Module], Optimiser],
) -> None:
    """Batch normalisation, integer buffers, Nesterov's momentum and AdamW, flip and crop."""
    first = initial_network("resnet20", (3, 9, 8), 7, 0.25, "recipe", 0)
    first.append(_Counting())
    second = copy.deepcopy(first)
    augmentation = flip_and_crop()
    plain, replayed = (
        Trainer(
            network, optimiser(network), small_images("lenet-cifar"), BATCH, "fp32", augmentation
        )
        for network in (first, second)
    )
    for epoch in range(2):
        generator = torch.Generator().manual_seed(epoch)
        order = torch.randperm(COUNT, generator=generator)
        batches = Batches(order, augmentation.draw(COUNT, BATCH, generator))
        assert _replayed_epoch(replayed, batches, 0.01) == plain.train_epoch(batches, 0.01)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    assert int(second[-1].steps) == 10
    for kind, tensors in plain._optimiser.state.items():
        for one, other in zip(
            tensors.values(), replayed._optimiser.state[kind].values(), strict=True
        ):
            assert torch.equal(one, other)
