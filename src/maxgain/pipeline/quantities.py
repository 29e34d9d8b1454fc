"""Gain, sensitivity and saturation of every snapshot of a run, as a table."""

from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn, stack

from maxgain.config.outputs import Gain
from maxgain.errors import InputError
from maxgain.files.csv import write_table
from maxgain.networks.building import build_network
from maxgain.pipeline.jobs import QuantitiesJob
from maxgain.response.probes import impulse_image, impulse_set, raw_impulse_image
from maxgain.response.snapshots import (
    GAINS_AT_ONCE,
    SnapshotResponses,
    mean_over_impulses,
    snapshot_gains,
    snapshot_responses,
)
from maxgain.tables.curves import RESPONSE_COLUMNS
from maxgain.training.snapshots import Architecture, Snapshots, read_snapshots


def measure_snapshots(job: QuantitiesJob, snapshots: Path, output: Path) -> None:
    """Measure each snapshot of a run and write epoch, gain_db and one column a channel.

    `gain_db` is the mean of the channels' gains in dB (the paper's choice for CIFAR-10). Where
    the job asks for impulses at random places, `RESPONSE_COLUMNS` follow. A division of the pixels
    in preprocessing counts as a part of the network: all are per 0-255 pixel unit.

    Parameters
    ----------
    snapshots
        File that a training wrote.

    Raises
    ------
    InputError
        The file of snapshots is missing or damaged, or the images have no room for the impulses.
    """
    torch.set_num_threads(1)
    content, gain = read_snapshots(snapshots), job.gain
    made = content.architecture
    network = _network_of(snapshots, made)
    probes = _probes(gain, content)
    shift = torch.zeros(made.shape[0])
    if content.pixel_scale is not None:
        probes = probes / content.pixel_scale[:, None, None]
        shift = -20 * content.pixel_scale.log10()
    gains = snapshot_gains(network, content.parameters, probes[0], gain.projection, window=True)
    gains = gains + shift
    channels = [f"gain_db_channel{channel}" for channel in range(made.shape[0])]
    rows: Iterator[dict[str, object]] = (
        {"epoch": epoch, "gain_db": float(values.mean())}
        | dict(zip(channels, values.tolist(), strict=True))
        for epoch, values in enumerate(gains, start=1)
    )
    columns = ["epoch", "gain_db", *channels]
    if gain.impulses:
        centre = snapshot_responses(
            network,
            content.parameters,
            probes[:1],
            gain.projection,
            # As for the gain: the same sums to the bit, so that a tie of classes has one winner.
            snapshots_at_once=GAINS_AT_ONCE,
        )
        places = snapshot_responses(network, content.parameters, probes[1:], gain.projection)
        rows = (a | b for a, b in zip(rows, _impulse_rows(centre, places, shift), strict=True))
        columns += RESPONSE_COLUMNS
    write_table(output, columns, rows)


def _network_of(snapshots: Path, made: Architecture) -> nn.Module:
    try:
        return build_network(made.name, made.shape, made.classes, made.capacity)
    except InputError as error:
        raise InputError(f"{snapshots}: {error}") from error


def _probes(gain: Gain, content: Snapshots) -> Float[Tensor, "probes channels height width"]:
    """The impulse at the centre, then those at random places, in 0-255 pixel units."""
    shape, value = content.architecture.shape, gain.impulse_value
    image = impulse_image(*shape, value=value)
    if gain.impulse == "raw":
        image = raw_impulse_image(content.mean_image, value=value)
    if not gain.impulses:
        return image[None]
    places = impulse_set(*shape, gain.impulses, seed=gain.seed, value=value)
    return stack([image, *(places - content.mean_image if gain.impulse == "raw" else places)])


def _impulse_rows(
    centre: SnapshotResponses, places: SnapshotResponses, shift: Float[Tensor, "channels"]
) -> Iterator[dict[str, object]]:
    """Values of `RESPONSE_COLUMNS`."""
    columns = [(centre.sensitivity + shift)[:, 0].mean(1), centre.saturation[:, 0]]
    for each in (places.gain + shift, places.sensitivity + shift, places.saturation):
        columns += mean_over_impulses(each)
    for values in zip(*(column.tolist() for column in columns), strict=True):
        yield dict(zip(RESPONSE_COLUMNS, values, strict=True))
