"""The passes that quantities share, each made once for a snapshot."""

from collections.abc import Callable, Collection
from typing import Any

from maxgain.errors import InputError
from maxgain.quantities.batches import (
    measure_batch_gradients,
    measure_five_batches,
    measure_single_gradients,
    measure_steps,
)
from maxgain.quantities.images import measure_images
from maxgain.quantities.impulses import measure_impulses
from maxgain.quantities.jacobian import measure_jacobians
from maxgain.quantities.snapshot import Snapshot

PASSES: dict[str, Callable[[Snapshot], Any]] = {
    "snapshot": lambda snapshot: snapshot,
    "impulses": measure_impulses,
    "images": measure_images,
    "batch-gradients": measure_batch_gradients,
    "five-batches": measure_five_batches,
    "single-gradients": measure_single_gradients,
    "steps": measure_steps,
    "jacobians": measure_jacobians,
}
"""A pass's name, as a quantity's row says it, and how it is made. "snapshot" is the snapshot
itself: for quantities of the weights alone, or whose pass no other one shares."""


def compute_passes(snapshot: Snapshot, needed: Collection[str]) -> dict[str, Any]:
    """The passes that are needed, each made once.

    Raises
    ------
    InputError
        There is no pass of a name.
    """
    for name in needed:
        if name not in PASSES:
            raise InputError(
                f"the pass '{name}' of a quantity is not known; allowed are {', '.join(PASSES)}."
            )
    return {name: PASSES[name](snapshot) for name in dict.fromkeys(needed)}
