"""The passes that quantities share, each made once for a snapshot."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from maxgain.errors import InputError
from maxgain.quantities.batches import (
    measure_batch_gradients,
    measure_five_batches,
    measure_plain_batches,
    measure_single_gradients,
    measure_steps,
)
from maxgain.quantities.costs import with_bases
from maxgain.quantities.curvature import measure_curvature
from maxgain.quantities.images import measure_images
from maxgain.quantities.impulses import measure_impulses
from maxgain.quantities.jacobian import measure_jacobians
from maxgain.quantities.pair import measure_pair
from maxgain.quantities.range_test import measure_range
from maxgain.quantities.snapshot import Snapshot
from maxgain.quantities.steps_in_turn import measure_steps_in_turn

Pass = Callable[[Snapshot, Mapping[str, Any]], Any]
"""Of a snapshot and of the passes made of it before, by name: one may use what another computed."""

PASSES: dict[str, Pass] = {
    "snapshot": lambda snapshot, made: snapshot,
    "impulses": lambda snapshot, made: measure_impulses(snapshot),
    "batch-gradients": lambda snapshot, made: measure_batch_gradients(snapshot),
    "images": lambda snapshot, made: measure_images(
        snapshot, made["batch-gradients"].outputs if "batch-gradients" in made else None
    ),
    "five-batches": lambda snapshot, made: measure_five_batches(snapshot),
    "single-gradients": lambda snapshot, made: measure_single_gradients(snapshot),
    "plain-batches": lambda snapshot, made: measure_plain_batches(snapshot),
    "steps": lambda snapshot, made: measure_steps(snapshot, made.get("plain-batches")),
    "jacobians": lambda snapshot, made: measure_jacobians(snapshot),
    "pair": lambda snapshot, made: measure_pair(snapshot, made.get("images")),
    "curvature": lambda snapshot, made: measure_curvature(snapshot, made["batch-gradients"]),
    "steps-in-turn": lambda snapshot, made: measure_steps_in_turn(snapshot, made["plain-batches"]),
    "range-test": lambda snapshot, made: measure_range(snapshot),
}
"""A pass's name, as a quantity's row says it, and how it is made, in the order in which they are.
"snapshot" is the snapshot itself: for quantities of the weights alone, or whose pass no other one
shares."""


def compute_passes(snapshot: Snapshot, needed: Collection[str]) -> dict[str, Any]:
    """The passes that are needed and those that they go on from, each made once.

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
    made: dict[str, Any] = {}
    wanted = with_bases(needed)
    for name, make in PASSES.items():
        if name in wanted:
            made[name] = make(snapshot, made)
    return made
