"""The table of gains of a run's snapshots, with and without a set of impulses."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maxgain.config.outputs import Gain
from maxgain.errors import InputError
from maxgain.files.csv import read_frame
from maxgain.networks.building import build_network
from maxgain.networks.recipes import initialise
from maxgain.networks.scaling import ScaledInput
from maxgain.pipeline.jobs import QuantitiesJob
from maxgain.pipeline.quantities import measure_snapshots
from maxgain.response.measure import measure
from maxgain.response.probes import impulse_image, impulse_set
from maxgain.tables.curves import RESPONSE_COLUMNS
from maxgain.training.snapshots import Architecture, write_snapshots

SHAPE = (3, 9, 8)
MEAN_IMAGE = torch.rand(SHAPE, generator=torch.Generator().manual_seed(1))
PAPER_COLUMNS = ["epoch", "gain_db", *(f"gain_db_channel{channel}" for channel in range(3))]


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = build_network("lenet-cifar", SHAPE, 7, 0.25)
    states = []
    for seed in range(3):
        initialise(network, "lenet-cifar", torch.Generator().manual_seed(seed))
        state = {name: 3 * value.clone() for name, value in network.state_dict().items()}
        states.append(state)
    states[2]["convolution4.bias"][0] = torch.nan
    path = tmp_path_factory.mktemp("run") / "snapshots.safetensors"
    write_snapshots(path, Architecture("lenet-cifar", SHAPE, 7, 0.25), states, MEAN_IMAGE)
    return path


def measured(snapshots: Path, table: Path, **settings: object) -> None:
    measure_snapshots(QuantitiesJob(gain=Gain(**settings)), snapshots, table)


def test_impulses_leave_the_papers_columns_as_they_are(snapshots: Path, tmp_path: Path) -> None:
    plain, both = tmp_path / "plain.csv", tmp_path / "both.csv"
    measured(snapshots, plain)
    measured(snapshots, both, impulses=4)
    lines = both.read_text().splitlines()
    assert lines[0].split(",") == [*PAPER_COLUMNS, *RESPONSE_COLUMNS]
    kept = [",".join(line.split(",")[: len(PAPER_COLUMNS)]) for line in lines]
    assert plain.read_text().splitlines() == kept


@pytest.mark.parametrize("impulse", ["centred", "raw"])
def test_columns_of_impulses_are_those_of_single_measurements(
    snapshots: Path, tmp_path: Path, impulse: str
) -> None:
    table = tmp_path / "gains.csv"
    measured(snapshots, table, impulse=impulse, impulse_value=100.0, impulses=4, seed=5)
    frame = read_frame(table, [], [*PAPER_COLUMNS, *RESPONSE_COLUMNS])
    less = MEAN_IMAGE if impulse == "raw" else 0.0
    network = build_network("lenet-cifar", SHAPE, 7, 0.25)
    initialise(network, "lenet-cifar", torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter *= 3
    one = measure(network, impulse_image(*SHAPE, 100.0) - less, window=True)
    each = [
        measure(network, image - less, window=True)
        for image in impulse_set(*SHAPE, 4, seed=5, value=100.0)
    ]
    first = frame.iloc[0]
    assert one.sensitivity is not None
    assert first["sensitivity_db"] == pytest.approx(float(one.sensitivity.mean()), abs=1e-3)
    assert first["saturation_db"] == pytest.approx(one.saturation, abs=1e-4)
    assert first["gain_db"] == pytest.approx(
        first["sensitivity_db"] + first["saturation_db"], abs=1e-4
    )
    gains = [float(result.gain.mean()) for result in each]
    assert first["gain_mean_db"] == pytest.approx(np.mean(gains), abs=1e-3)
    assert first["gain_error_db"] == pytest.approx(np.std(gains, ddof=1) / 2, abs=1e-3)
    assert first["gain_mean_db"] == pytest.approx(
        first["sensitivity_mean_db"] + first["saturation_mean_db"], abs=1e-4
    )
    assert frame[list(RESPONSE_COLUMNS)].iloc[2].isna().all()  # It diverged.


def test_impulses_without_a_place_are_refused_and_nothing_is_written(
    snapshots: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"number is 99; .* has 20 places"):
        measured(snapshots, tmp_path / "a.csv", projection="score", impulses=99)
    assert not (tmp_path / "a.csv").exists()


def test_a_division_of_the_pixels_is_a_part_of_the_network(tmp_path: Path) -> None:
    scale = torch.tensor([60.0, 30.0, 90.0])
    network = build_network("lenet-cifar", SHAPE, 7, 0.25)
    initialise(network, "lenet-cifar", torch.Generator().manual_seed(0))
    state = {name: 3 * value for name, value in network.state_dict().items()}
    network.load_state_dict(state)
    path, table = tmp_path / "snapshots.safetensors", tmp_path / "gains.csv"
    write_snapshots(path, Architecture("lenet-cifar", SHAPE, 7, 0.25), [state], MEAN_IMAGE, scale)
    measured(path, table, impulses=3)
    scaled = ScaledInput(network, mean=(0, 0, 0), std=(scale / 255).tolist())
    first = read_frame(table, [], [*PAPER_COLUMNS, *RESPONSE_COLUMNS]).iloc[0]
    whole = measure(scaled, impulse_image(*SHAPE), window=True)
    found = first[[f"gain_db_channel{channel}" for channel in range(3)]].to_numpy(float)
    assert found == pytest.approx(whole.gain.numpy(), abs=1e-3)
    each = [measure(scaled, image, window=True) for image in impulse_set(*SHAPE, 3)]
    mean = np.mean([float(result.sensitivity.mean()) for result in each])  # type: ignore[union-attr]
    assert first["sensitivity_mean_db"] == pytest.approx(mean, abs=1e-3)


def test_a_tie_of_classes_has_one_winner_in_all_columns(tmp_path: Path) -> None:
    """Two classes tie to rounding at the centred impulse, and their derivatives differ."""
    network = build_network("lenet-cifar", SHAPE, 7, 0.25)
    image = impulse_image(*SHAPE, value=255)[None]
    states = []
    for seed in range(40):
        initialise(network, "lenet-cifar", torch.Generator().manual_seed(seed))
        for parameter in network.parameters():
            parameter.data *= 3
        bias = network.convolution5.bias.data
        bias.zero_()
        with torch.no_grad():
            first, second = network(image)[0, :2]
        bias[0] = 9 - first
        bias[1] = 9 - second
        states.append({name: value.clone() for name, value in network.state_dict().items()})
    path, table = tmp_path / "snapshots.safetensors", tmp_path / "gains.csv"
    write_snapshots(path, Architecture("lenet-cifar", SHAPE, 7, 0.25), states, MEAN_IMAGE)
    measured(path, table, impulses=16)
    found = read_frame(table, (), ("gain_db", "sensitivity_db", "saturation_db"))
    parts = found["sensitivity_db"] + found["saturation_db"]
    np.testing.assert_allclose(found["gain_db"], parts, atol=1e-3)
