"""The Maximum Gain of every snapshot of a run, as a table."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from maxgain.files.csv import write_table
from maxgain.networks.building import build_network
from maxgain.pipeline.jobs import QuantitiesJob
from maxgain.response.probes import impulse_image, impulse_set, raw_impulse_image
from maxgain.response.projections import ClassProjection
from maxgain.response.snapshots import (
    SnapshotResponses,
    mean_over_impulses,
    snapshot_gains,
    snapshot_responses,
)
from maxgain.training.snapshots import read_snapshots

PARTS = ("gain", "sensitivity", "saturation")
"""What the gain is, and what it is the sum of."""


IMPULSE_COLUMNS = (
    "sensitivity_db",
    "saturation_db",
    *(f"{part}_{number}_db" for part in PARTS for number in ("mean", "error")),
)
"""Columns that a set of impulses adds: sensitivity and saturation at the centred impulse, then
means over the set and their standard errors, all in dB, channels averaged."""


def write_gains(
    snapshots: Path,
    output: Path,
    impulse: str,
    impulse_value: float,
    projection: ClassProjection,
    impulses: int = 0,
    seed: int = 0,
) -> None:
    """Measure each snapshot and write epoch, gain_db and one column a channel.

    `gain_db` is the mean of the channels' gains in dB (the paper's choice for CIFAR-10).

    Parameters
    ----------
    snapshots
        File that a training wrote.
    output
        Table to write.
    impulse
        "centred", or "raw": the mean image is subtracted from every impulse.
    impulse_value
        In 0-255 pixel units.
    projection
        Of the gain.
    impulses
        How many impulses at random places are measured besides; above 0 the table has
        `IMPULSE_COLUMNS` too.
    seed
        Of their places.

    Raises
    ------
    InputError
        The file of snapshots is missing or damaged, or the images have no room for the impulses.
    """
    content = read_snapshots(snapshots)
    made = content.architecture
    image = impulse_image(*made.shape, value=impulse_value)
    if impulse == "raw":
        image = raw_impulse_image(content.mean_image, value=impulse_value)
    network = build_network(made.name, made.shape, made.classes, made.capacity)
    gains = snapshot_gains(network, content.parameters, image, projection, window=True)
    channels = [f"gain_db_channel{channel}" for channel in range(made.shape[0])]
    rows: Iterator[dict[str, object]] = (
        {"epoch": epoch, "gain_db": float(gain.mean())}
        | dict(zip(channels, gain.tolist(), strict=True))
        for epoch, gain in enumerate(gains, start=1)
    )
    columns = ["epoch", "gain_db", *channels]
    if impulses:
        places = impulse_set(*made.shape, impulses, seed=seed, value=impulse_value)
        places = places - content.mean_image if impulse == "raw" else places
        images = torch.cat([image[None], places])
        responses = snapshot_responses(network, content.parameters, images, projection)
        rows = (a | b for a, b in zip(rows, _impulse_rows(responses), strict=True))
        columns += IMPULSE_COLUMNS
    write_table(output, columns, rows)


def _impulse_rows(responses: SnapshotResponses) -> Iterator[dict[str, object]]:
    """Values of `IMPULSE_COLUMNS`; the first image is the centred impulse."""
    parts: dict[str, Tensor] = {name: getattr(responses, name) for name in PARTS}
    columns = [parts["sensitivity"][:, 0].mean(1), parts["saturation"][:, 0]]
    for name in PARTS:
        columns += mean_over_impulses(parts[name][:, 1:])
    for values in zip(*(column.tolist() for column in columns), strict=True):
        yield dict(zip(IMPULSE_COLUMNS, values, strict=True))


def measure_snapshots(job: QuantitiesJob, snapshots: Path, output: Path) -> None:
    """Measure every snapshot of a run and write gains.csv."""
    torch.set_num_threads(1)
    gain = job.gain
    write_gains(snapshots, output, gain.impulse, gain.impulse_value, gain.projection)
