"""All quantities of all snapshots of a training, row by row."""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.quantities.estimate import Estimate
from maxgain.quantities.images import ImagePass
from maxgain.quantities.passes import PASSES, compute_passes
from maxgain.quantities.registry import QUANTITIES, Quantity
from maxgain.quantities.snapshot import Past, Snapshot

_LOSSES_KEPT = 4
"""Epochs whose losses are kept for quantities that look back."""


@dataclass(frozen=True)
class Measured:
    """One number of one snapshot: a row of quantities.csv without its run."""

    epoch: int
    quantity: str
    value: float
    standard_error: float


def measure_run(
    frame: Snapshot,
    snapshots: Mapping[str, Shaped[Tensor, "epochs *parameter"]],
    quantities: Sequence[str],
    partner: Mapping[str, Shaped[Tensor, "others *parameter"]] | None = None,
) -> Iterator[Measured]:
    """Measure every snapshot of a training; each pass is made once a snapshot.

    A snapshot with a weight that is not finite has NaN in every column. A quantity whose function
    raises has NaN at that epoch, and a warning says why: the others are measured all the same.

    Parameters
    ----------
    frame
        What all snapshots share; its state and its past are not used.
    snapshots
        For each name of the network's state dict, the values of all epochs stacked.
    quantities
        Names of `maxgain.quantities.registry.QUANTITIES`.
    partner
        The snapshots of a second training that differs in its seed.

    Yields
    ------
    Measured
        By epoch, then in the order of the quantities and of their columns. A quantity of the first
        epochs has no rows at the later ones.

    Raises
    ------
    InputError
        A quantity, its pass or its function is not known, two give the same column, the snapshots
        are not the network's, or there is no impulse.
    """
    rows = _checked_rows(quantities)
    functions = [QUANTITIES.load(row.name) for row in rows]
    epochs = _checked_epochs(frame.network, snapshots)
    if partner is not None and _checked_epochs(frame.network, partner) < epochs:
        raise InputError(f"the second training has fewer than {epochs} snapshots.")
    if len(frame.impulses) == 0:
        raise InputError("there is no impulse; at least one is needed.")
    return _measure(list(zip(rows, functions, strict=True)), epochs, frame, snapshots, partner)


def _checked_rows(names: Sequence[str]) -> list[Quantity]:
    rows = [QUANTITIES.find(name) for name in names]
    givers: dict[str, str] = {}
    for row in rows:
        if row.needs not in PASSES:
            raise InputError(
                f"the quantity '{row.name}' needs the pass '{row.needs}'; allowed are "
                f"{', '.join(PASSES)}."
            )
        for column in row.columns:
            if column in givers:
                raise InputError(
                    f"the quantities '{givers[column]}' and '{row.name}' both give the column "
                    f"'{column}'; columns must differ."
                )
            givers[column] = row.name
    return rows


def _checked_epochs(network: nn.Module, snapshots: Mapping[str, Tensor]) -> int:
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    found = {name: values.shape[1:] for name, values in snapshots.items()}
    counts = {len(values) for values in snapshots.values()}
    if shapes != found or len(counts) != 1:
        wrong = next((n for n in (*shapes, *found) if shapes.get(n) != found.get(n)), "")
        raise InputError(
            f"the snapshots are not the network's: '{wrong}' differs."
            if wrong
            else f"the snapshots' numbers of epochs are {sorted(counts)}; they must be one."
        )
    return counts.pop()


def _measure(
    rows: list[tuple[Quantity, Any]],
    epochs: int,
    frame: Snapshot,
    snapshots: Mapping[str, Tensor],
    partner: Mapping[str, Tensor] | None,
) -> Iterator[Measured]:
    past: Past | None = None
    for epoch in range(1, epochs + 1):
        due = [(row, function) for row, function in rows if epoch <= (row.epochs or epoch)]
        snapshot = replace(
            frame,
            state=_state(snapshots, epoch),
            past=past,
            partner=None if partner is None else _state(partner, epoch),
        )
        if not snapshot.finite:
            yield from (_nan(epoch, column) for row, _ in due for column in row.columns)
            past = None
            continue
        passes = compute_passes(snapshot, {row.needs for row, _ in due})
        for row, function in due:
            yield from _apply(row, function, passes[row.needs], epoch)
        past = _remembered(snapshot, passes.get("images"))


def _state(snapshots: Mapping[str, Tensor], epoch: int) -> dict[str, Tensor]:
    return {name: _in_full(values[epoch - 1]) for name, values in snapshots.items()}


def _apply(row: Quantity, function: Any, given: Any, epoch: int) -> Iterator[Measured]:
    try:
        values = function(given)
        if not isinstance(values, Mapping):
            values = {row.columns[0]: float(values)}
        estimates = {column: _estimate(values[column]) for column in row.columns}
    except Exception as error:  # A user's function may raise anything; the other columns stand.
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        warnings.warn(
            f"the quantity '{row.name}' has no value at epoch {epoch}: {type(error).__name__}: "
            f"{said}",
            RuntimeWarning,
            stacklevel=2,
        )
        estimates = dict.fromkeys(row.columns, Estimate(math.nan))
    for column, estimate in estimates.items():
        yield Measured(epoch, column, estimate.value, estimate.standard_error)


def _estimate(value: float | Estimate) -> Estimate:
    return value if isinstance(value, Estimate) else Estimate(float(value))


def _nan(epoch: int, column: str) -> Measured:
    return Measured(epoch, column, math.nan, math.nan)


def _in_full(value: Tensor) -> Tensor:
    """Half precision in float32; integers, as counters of batches, as they are."""
    if not value.is_floating_point():
        return value.detach()
    return value.detach().to(torch.promote_types(value.dtype, torch.float32))


def _remembered(snapshot: Snapshot, images: ImagePass | None) -> Past:
    if images is None:
        return Past(snapshot.state, None, ())
    losses = (*images.previous_losses, images.losses)[-_LOSSES_KEPT:]
    return Past(snapshot.state, images.predictions, losses)
