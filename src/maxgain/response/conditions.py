"""The conditions that a measurement holds: evaluation mode, float32, gradients on, no compiler."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import chain
from typing import Any

import torch
from torch import nn

from maxgain.response.batch_norm import contiguous_gradients


@contextmanager
def measurement_conditions(network: nn.Module, device: torch.device) -> Iterator[None]:
    """All that a measurement asks for, whatever the caller's own contexts are.

    They hold on all devices that the network lies on, and on the image's.
    """
    values = chain(network.parameters(), network.buffers())
    devices = {device, *(value.device for value in values)}
    with ExitStack() as conditions:
        conditions.enter_context(torch.inference_mode(False))
        conditions.enter_context(torch.enable_grad())
        conditions.enter_context(full_precision(*sorted({place.type for place in devices})))
        conditions.enter_context(_no_compiler())
        conditions.enter_context(_random_numbers_kept(devices))
        conditions.enter_context(_buffers_kept(network))
        conditions.enter_context(evaluation_mode(network))
        conditions.enter_context(contiguous_gradients(network))
        yield


def _random_numbers_kept(devices: set[torch.device]) -> Any:  # torch's own context manager
    """A forward pass that draws random numbers leaves the training's sequences as they were."""
    return torch.random.fork_rng([device for device in devices if device.type == "cuda"])


@contextmanager
def _buffers_kept(network: nn.Module) -> Iterator[None]:
    """Buffers that a forward pass changes in evaluation mode too, as counters, are put back."""
    before = [(buffer, buffer.detach().clone()) for buffer in network.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in before:
                # Writing all of them would invalidate a graph that the caller still holds.
                if not torch.equal(buffer.nan_to_num(), value.nan_to_num()):
                    buffer.copy_(value)


@contextmanager
def evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Dropout off and batch statistics frozen, for the time of a measurement."""
    # Frozen TorchScript has lost the attribute: it is in evaluation mode for good.
    modes = {module: module.training for module in network.modules() if hasattr(module, "training")}
    try:
        try:
            network.eval()
        except (NotImplementedError, AttributeError, RuntimeError):
            # Exported programs and frozen TorchScript refuse; their graph is as it was exported.
            for module in modes:
                module.training = False
        yield
    finally:
        for module, training in modes.items():
            module.training = training


_plain_enter = torch.autocast.__enter__

_measuring: Counter[int] = Counter()
"""Threads that measure, with the number of measurements within each other."""

_lock = threading.Lock()


def _enter_disabled(context: torch.autocast) -> Any:  # as torch types it
    if not _measuring[threading.get_ident()]:
        return _plain_enter(context)  # type: ignore[no-untyped-call]
    enabled, context._enabled = context._enabled, False
    try:
        return _plain_enter(context)  # type: ignore[no-untyped-call]
    finally:
        context._enabled = enabled


@contextmanager
def full_precision(*kinds: str) -> Iterator[None]:
    """Full precision on kinds of device inside a caller's autocast and those of the forward pass.

    torch has no switch that a nested autocast respects: entering one sets the state that all
    others share. So autocast is entered disabled meanwhile, in the measuring thread alone.
    """
    thread = threading.get_ident()
    with _lock:
        _measuring[thread] += 1
        torch.autocast.__enter__ = _enter_disabled  # type: ignore[method-assign]
    try:
        with ExitStack() as disabled:
            for kind in kinds:
                if torch.amp.is_autocast_available(kind):
                    disabled.enter_context(torch.autocast(kind, enabled=False))
            yield
    finally:
        with _lock:
            _measuring[thread] -= 1
            if not _measuring[thread]:
                del _measuring[thread]
            if not _measuring:
                torch.autocast.__enter__ = _plain_enter  # type: ignore[method-assign]


def _no_compiler() -> Any:  # a context manager of torch's own type
    """Compiled networks run as they were written: no recompilation for a batch of one.

    Only where the compiler is loaded already: loading it takes seconds.
    """
    if "torch._dynamo" not in sys.modules:
        return nullcontext()
    return torch.compiler.set_stance("force_eager")  # type: ignore[no-untyped-call]
