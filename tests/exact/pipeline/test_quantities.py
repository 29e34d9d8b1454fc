"""The table of gains of a run's snapshots, with and without a set of impulses."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maxgain.errors import InputError
from maxgain.files.csv import read_frame
from maxgain.networks.recipes import build_network, initialise
from maxgain.pipeline.quantities import IMPULSE_COLUMNS, write_gains
from maxgain.response.measure import measure
from maxgain.response.probes import impulse_image, impulse_set
from maxgain.training.snapshots import Architecture, write_snapshots

SHAPE = (3, 9, 8)
MEAN_IMAGE = torch.rand(SHAPE, generator=torch.Generator().manual_seed(1))
PAPER_COLUMNS = ["epoch", "gain_db", *(f"gain_db_channel{channel}" for channel in range(3))]


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = build_network("lenet-cifar", SHAPE, 7, 0.25)
    states = []
    for seed in range(3):
        initialise("lenet-cifar", network, torch.Generator().manual_seed(seed))
        state = {name: 3 * value.clone() for name, value in network.state_dict().items()}
        states.append(state)
    states[2]["convolution4.bias"][0] = torch.nan
    path = tmp_path_factory.mktemp("run") / "snapshots.safetensors"
    write_snapshots(path, Architecture("lenet-cifar", SHAPE, 7, 0.25), states, MEAN_IMAGE)
    return path


def test_impulses_leave_the_papers_columns_as_they_are(snapshots: Path, tmp_path: Path) -> None:
    plain, both = tmp_path / "plain.csv", tmp_path / "both.csv"
    write_gains(snapshots, plain, "centred", 255.0, "inverse-score")
    write_gains(snapshots, both, "centred", 255.0, "inverse-score", impulses=4)
    lines = both.read_text().splitlines()
    assert lines[0].split(",") == [*PAPER_COLUMNS, *IMPULSE_COLUMNS]
    kept = [",".join(line.split(",")[: len(PAPER_COLUMNS)]) for line in lines]
    assert plain.read_text().splitlines() == kept


@pytest.mark.parametrize("impulse", ["centred", "raw"])
def test_columns_of_impulses_are_those_of_single_measurements(
    snapshots: Path, tmp_path: Path, impulse: str
) -> None:
    table = tmp_path / "gains.csv"
    write_gains(snapshots, table, impulse, 100.0, "inverse-score", impulses=4, seed=5)
    frame = read_frame(table, [], [*PAPER_COLUMNS, *IMPULSE_COLUMNS])
    less = MEAN_IMAGE if impulse == "raw" else 0.0
    network = build_network("lenet-cifar", SHAPE, 7, 0.25)
    initialise("lenet-cifar", network, torch.Generator().manual_seed(0))
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
    assert frame[list(IMPULSE_COLUMNS)].iloc[2].isna().all()  # It diverged.


def test_impulses_without_a_place_are_refused_and_nothing_is_written(
    snapshots: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"number is 99; .* has 20 places"):
        write_gains(snapshots, tmp_path / "a.csv", "centred", 255.0, "score", impulses=99)
    assert not (tmp_path / "a.csv").exists()
