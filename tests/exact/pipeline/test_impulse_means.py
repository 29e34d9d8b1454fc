"""A `*_mean_db` is one number, whoever measures it: curves, quantities and monitor."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from maxgain.config.outputs import Gain
from maxgain.files.csv import read_frame
from maxgain.monitor.monitor import GainMonitor
from maxgain.networks.building import build_network
from maxgain.networks.recipes import initialise
from maxgain.pipeline.jobs import QuantitiesJob
from maxgain.pipeline.quantities import measure_snapshots
from maxgain.quantities.measure import measure_run
from maxgain.quantities.snapshot import Snapshot, TrainingImages
from maxgain.response.probes import impulse_image, impulse_set
from maxgain.tables.curves import RESPONSE_COLUMNS
from maxgain.training.snapshots import Architecture, write_snapshots

SHAPE, CLASSES, IMPULSES, SEED = (3, 9, 8), 7, 5, 3
QUANTITIES = ("gain", "sensitivity", "saturation")
MEANS = tuple(f"{name}_mean_db" for name in QUANTITIES)
CENTRES = tuple(f"{name}_db" for name in QUANTITIES)


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    made = build_network("lenet-cifar", SHAPE, CLASSES, 0.25)
    initialise(made, "lenet-cifar", torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter *= 3
    return made.eval()


def by_curves(network: torch.nn.Module, folder: Path) -> dict[str, float]:
    path, table = folder / "snapshots.safetensors", folder / "gains.csv"
    state = dict(network.state_dict())
    made = Architecture("lenet-cifar", SHAPE, CLASSES, 0.25)
    write_snapshots(path, made, [state], torch.zeros(SHAPE))
    measure_snapshots(QuantitiesJob(gain=Gain(impulses=IMPULSES, seed=SEED)), path, table)
    first = read_frame(table, [], ["gain_db", *RESPONSE_COLUMNS]).iloc[0]
    return {str(name): float(value) for name, value in first.items()}


def by_quantities(network: torch.nn.Module, impulses: torch.Tensor) -> dict[str, float]:
    images = TrainingImages(torch.zeros(20, *SHAPE), torch.zeros(20, dtype=torch.long))
    frame = Snapshot(network, {}, images, impulses, 0.1)
    snapshots = {name: value[None] for name, value in network.state_dict().items()}
    found = {}
    for row in measure_run(frame, snapshots, QUANTITIES):
        found[row.quantity] = row.value
        if row.quantity in MEANS:
            found[row.quantity.replace("mean", "error")] = row.standard_error
    return found


def test_three_who_measure_one_snapshot_agree(network: torch.nn.Module, tmp_path: Path) -> None:
    centre = impulse_image(*SHAPE)
    curves = by_curves(network, tmp_path)
    everything = torch.stack([centre, *impulse_set(*SHAPE, IMPULSES, seed=SEED)])
    quantities = by_quantities(network, everything)
    monitor = GainMonitor(network, SHAPE, impulses=IMPULSES, seed=SEED)
    monitor.record()
    recorded = monitor.to_frame().iloc[0]
    for name in (*CENTRES, *MEANS, *(name.replace("mean", "error") for name in MEANS)):
        assert quantities[name] == pytest.approx(curves[name], abs=1e-3), name
        assert recorded[name] == pytest.approx(curves[name], abs=1e-3), name
    # Were the centre among them, the means would be others by more than the tolerance.
    centres, means = (np.array([curves[name] for name in names]) for names in (CENTRES, MEANS))
    assert (np.abs(centres - means) / (IMPULSES + 1)).min() > 5e-3


def test_without_a_set_there_is_no_mean(network: torch.nn.Module) -> None:
    found = by_quantities(network, impulse_image(*SHAPE)[None])
    monitor = GainMonitor(network, SHAPE, impulses=0)
    monitor.record()
    recorded = monitor.to_frame().iloc[0]
    for centre, mean in zip(CENTRES, MEANS, strict=True):
        assert math.isfinite(found[centre])
        assert math.isnan(found[mean])
        assert math.isnan(recorded[mean])
