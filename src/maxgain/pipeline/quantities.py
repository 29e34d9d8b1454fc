"""The Maximum Gain of every snapshot of a run, as a table."""

from pathlib import Path

import torch

from maxgain.files.csv import write_table
from maxgain.networks.recipes import build_network
from maxgain.pipeline.jobs import QuantitiesJob
from maxgain.response.probes import impulse_image, raw_impulse_image
from maxgain.response.projections import ClassProjection
from maxgain.response.snapshots import snapshot_gains
from maxgain.training.snapshots import read_snapshots


def write_gains(
    snapshots: Path,
    output: Path,
    impulse: str,
    impulse_value: float,
    projection: ClassProjection,
) -> None:
    """Measure each snapshot on the impulse image and write epoch, gain_db and one column a channel.

    `gain_db` is the mean of the channels' gains in dB (the paper's choice for CIFAR-10).

    Raises
    ------
    InputError
        The file of snapshots is missing or damaged.
    """
    content = read_snapshots(snapshots)
    made = content.architecture
    image = impulse_image(*made.shape, value=impulse_value)
    if impulse == "raw":
        image = raw_impulse_image(content.mean_image, value=impulse_value)
    network = build_network(made.name, made.shape, made.classes, made.capacity)
    gains = snapshot_gains(network, content.parameters, image, projection, window=True)
    channels = [f"gain_db_channel{channel}" for channel in range(made.shape[0])]
    rows = (
        {"epoch": epoch, "gain_db": float(gain.mean())}
        | dict(zip(channels, gain.tolist(), strict=True))
        for epoch, gain in enumerate(gains, start=1)
    )
    write_table(output, ["epoch", "gain_db", *channels], rows)


def measure_snapshots(job: QuantitiesJob, snapshots: Path, output: Path) -> None:
    """Measure every snapshot of a run and write gains.csv."""
    torch.set_num_threads(1)
    gain = job.gain
    write_gains(snapshots, output, gain.impulse, gain.impulse_value, gain.projection)
