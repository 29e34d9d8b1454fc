"""How long each quantity of a snapshot takes, its pass and what is made of it.

OMP_NUM_THREADS=1 python -m benchmarks.quantities    writes benchmarks/results/quantities.csv

LeNet at its initial weights on random images of MNIST's size, in the training's faster layers, one
thread. Processor time and not the clock, and the least of some turns: so a machine that does other
things beside it slows it little.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from benchmarks.processor import processor_name
from benchmarks.turns import Row
from maxgain.files.csv import write_table
from maxgain.kernels.accelerate import accelerate
from maxgain.networks.recipes import initial_network
from maxgain.quantities.costs import BATCH_SIZE
from maxgain.quantities.images import measure_images
from maxgain.quantities.passes import compute_passes
from maxgain.quantities.registry import QUANTITIES, Quantity, snapshot_cost
from maxgain.quantities.snapshot import Past, Snapshot, TrainingImages
from maxgain.response.probes import impulse_image, impulse_set
from maxgain.training.threads import use_threads

COLUMNS = (
    "processor",
    "training_images",
    "impulses",
    "quantity",
    "pass",
    "pass_seconds",
    "quantity_seconds",
    "images_measured",
    "images_charged",
)
"""impulses: beside the centred one; pass_seconds: of the pass made alone, with the one that it goes
on from; quantity_seconds: of what is made of it; images_measured: both together, in forward and
backward passes of one image in a batch of 100; images_charged: what the study counts. The second
training that the pass "pair" needs is charged and not timed."""

SHAPE, CLASSES, IMPULSES = (1, 28, 28), 10, 16
SIZES = 1000, 4000


def made_snapshot(images: int) -> Snapshot:
    """A snapshot with everything that a quantity may ask for."""
    network = initial_network("lenet-mnist", SHAPE, CLASSES, 1.0, "recipe", 0)
    generator = torch.Generator().manual_seed(0)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    pixels = 60 * torch.randn(images, *SHAPE, generator=generator)
    labels = torch.randint(0, CLASSES, (images,), generator=generator)
    impulses = torch.stack([impulse_image(*SHAPE), *impulse_set(*SHAPE, IMPULSES, seed=0)])
    training = TrainingImages(pixels, labels)
    # Weights a little off, so that no difference from the snapshot before is zero.
    before = {name: 1.01 * value for name, value in state.items()}
    snapshot = Snapshot(network, state, training, impulses, 1e-3, before, momentum=0.9)
    snapshot = replace(snapshot, twin=accelerate(network), partner=before)
    known = measure_images(snapshot)
    past = Past(before, known.predictions, (known.losses,) * 4)
    return replace(snapshot, past=past)


def seconds(work: Callable[[], object], turns: int) -> float:
    """Least processor time of a piece of work, after one turn that is not counted."""
    work()
    taken = []
    for _ in range(turns):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def rows_of(images: int, turns: int) -> list[Row]:
    """Rows of `COLUMNS`; those of the impulses twice, with the set and of the centred one alone."""
    snapshot = made_snapshot(images)
    places = snapshot.training.shuffled()[:BATCH_SIZE]
    an_image = seconds(lambda: snapshot.loss_gradient(places), 10 * turns) / BATCH_SIZE
    centred = replace(snapshot, impulses=snapshot.impulses[:1])
    passes: dict[tuple[int, str], tuple[float, Any]] = {}
    rows: list[Row] = []
    for row in QUANTITIES.rows():
        for each in (snapshot, centred) if row.needs == "impulses" else (snapshot,):
            impulses = len(each.impulses) - 1
            key = impulses, row.needs
            if key not in passes:
                typer.echo(f"{images} images, {row.needs}", err=True)
                passes[key] = _timed_pass(each, row.needs, turns)
            rows.append(_row(row, (images, impulses), passes[key], an_image, turns))
    return rows


def _timed_pass(snapshot: Snapshot, name: str, turns: int) -> tuple[float, Any]:
    taken = seconds(lambda: compute_passes(snapshot, [name]), turns)
    return taken, compute_passes(snapshot, [name])[name]


def _row(
    row: Quantity,
    sizes: tuple[int, int],
    timed: tuple[float, Any],
    an_image: float,
    turns: int,
) -> Row:
    (images, impulses), (of_pass, made) = sizes, timed
    function = QUANTITIES.load(row.name)
    own = seconds(lambda: function(made), turns)
    columns = [name for name in row.columns if impulses or "_mean" not in name]
    return {
        "processor": processor_name(),
        "training_images": images,
        "impulses": impulses,
        "quantity": row.name,
        "pass": row.needs,
        "pass_seconds": round(of_pass, 6),
        "quantity_seconds": round(own, 6),
        "images_measured": float(f"{(of_pass + own) / an_image:.3g}"),
        "images_charged": round(snapshot_cost(columns, images, impulses, CLASSES), 1),
    }


def measure_quantities(
    output: Annotated[Path, typer.Option(help="Table to write.")] = Path(
        "benchmarks/results/quantities.csv"
    ),
    turns: Annotated[int, typer.Option(min=1, help="Turns, of which the least counts.")] = 5,
) -> None:
    """Time every quantity of a snapshot, with its pass."""
    use_threads(1)
    rows = [row for images in SIZES for row in rows_of(images, turns)]
    write_table(output, COLUMNS, rows)
    for row in rows:
        typer.echo(
            f"{row['training_images']:>6} {row['quantity']:26} {row['pass']:16} "
            f"{row['pass_seconds']:9.4f} s {row['quantity_seconds']:9.4f} s "
            f"{row['images_measured']:9.0f} {row['images_charged']:9.0f}"
        )


if __name__ == "__main__":
    typer.run(measure_quantities)
