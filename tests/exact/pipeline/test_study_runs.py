"""A training of the stopping study and its twin become the tables that rules are judged on."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from maxgain.config.outputs import Gain
from maxgain.config.runs import Run
from maxgain.data.held_out import kept_and_held_out
from maxgain.data.label_noise import LabelNoise, flip_labels
from maxgain.data.prepared import PreparedData, write_prepared
from maxgain.errors import InputError
from maxgain.files.csv import read_frame
from maxgain.networks.building import build_network
from maxgain.pipeline.jobs import StudyRunJob
from maxgain.pipeline.stopping import gather_study, measure_study_run
from maxgain.pipeline.training import run_training_job, training_data
from maxgain.quantities.registry import QUANTITIES, columns_of
from maxgain.tables.quantities import read_quantities, signals_of
from maxgain.tables.stopping import OUTCOME_COLUMNS, WITHOUT_MOMENTUM, read_study
from maxgain.training.snapshots import read_snapshots
from tests.exact.training.training_cases import RUN, prepared

SHAPE, COUNT, SHARE = (3, 9, 8), 140, 0.1
NOISE = LabelNoise(0.3, 2)
TRUE = torch.arange(COUNT) % 7
STUDIED = replace(RUN, augmentation="none", epochs=2, batch_size=20, validation_stride=2)


def images() -> PreparedData:
    made = replace(prepared(SHAPE, COUNT), label="noise, 30 % wrong", label_noise=NOISE)
    return replace(made, training_labels=flip_labels(TRUE, 7, NOISE))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds with their twins, trained and measured."""
    folder = tmp_path_factory.mktemp("study")
    write_prepared(folder / "data.safetensors", images())
    runs = {seed: replace(STUDIED, seed=seed) for seed in (3, 4)}
    for seed, run in runs.items():
        for name, trained in (("run", run), ("twin", replace(run, held_out=SHARE))):
            run_training_job(trained, images(), folder / f"{name}{seed}", folder / "s", "cpu", 1)
    for seed, run in runs.items():
        measure(folder, run, f"run{seed}", f"twin{seed}", f"run{7 - seed}")
    return folder


def measure(folder: Path, run: Run, name: str, twin: str, partner: str) -> None:
    job = StudyRunJob(
        run=run,
        twin=replace(run, held_out=SHARE),
        base="cifar10",
        noise_rate=0.3,
        gain=Gain(impulses=3),
    )
    measure_study_run(
        job, folder / "data.safetensors", folder / name, folder / twin, folder / partner
    )


def loss_and_error(states: dict[str, torch.Tensor], epoch: int, places: torch.Tensor, what: str):
    """The same by plain layers, image by image."""
    network: nn.Module = build_network("lenet-cifar", SHAPE, 7, 0.25).eval()
    network.load_state_dict({name: values[epoch] for name, values in states.items()})
    data = images()
    labels = {"test": data.validation_labels, "noisy": data.training_labels, "true": TRUE}[what]
    pixels = data.validation_images if what == "test" else data.training_images
    with torch.no_grad():
        logits = network(pixels[places].permute(0, 3, 1, 2))
    loss = F.cross_entropy(logits.double(), labels[places])
    return float(loss), float((logits.argmax(1) != labels[places]).double().mean())


def test_a_training_without_momentum_is_told_by_its_network(study: Path) -> None:
    """`maxgain.stopping.momentum` finds it so."""
    bare = replace(STUDIED, seed=3, momentum=0.0)
    folder = study / "bare"
    folder.mkdir()
    for name in ("snapshots.safetensors", "history.csv"):
        (folder / name).write_bytes((study / "run3" / name).read_bytes())
    measure(study, bare, "bare", "twin3", "bare")
    named, own = (read_frame(study / name / "run.csv")["network"][0] for name in ("bare", "run3"))
    assert named == own + WITHOUT_MOMENTUM


def test_outcomes_are_losses_of_the_run_and_of_its_twin(study: Path) -> None:
    table = read_frame(study / "run3/outcomes.csv", ("run",), OUTCOME_COLUMNS[1:])
    own, twin = (
        read_snapshots(study / name / "snapshots.safetensors").parameters
        for name in ("run3", "twin3")
    )
    _, held_out = kept_and_held_out(images().training_labels, SHARE)
    every = torch.arange(9)
    for epoch in range(2):
        row = table.iloc[epoch]
        for half, places in (("a", every[::2]), ("b", every[1::2])):
            for prefix, states in (("", own), ("twin_", twin)):
                loss, error = loss_and_error(states, epoch, places, "test")
                assert row[f"{prefix}test_loss_{half}"] == pytest.approx(loss, rel=1e-4)
                assert row[f"{prefix}test_error_{half}"] == pytest.approx(error)
        for column, what in (("held_out_loss", "noisy"), ("clean_held_out_loss", "true")):
            loss, _ = loss_and_error(twin, epoch, held_out, what)
            assert row[column] == pytest.approx(loss, rel=1e-4)
    history = read_frame(study / "twin3/history.csv", (), ("training_loss",))
    assert table["twin_training_loss"].tolist() == history["training_loss"].tolist()


def test_every_quantity_is_measured(study: Path) -> None:
    signals = signals_of(read_quantities(study / "run3/quantities.csv"))
    assert set(signals) == {"run", "epoch", *columns_of(QUANTITIES.names())}
    # The first snapshot has moved from the initial weights that its seed gives.
    first = read_snapshots(study / "run3/snapshots.safetensors").parameters
    assert 0 < signals["distance_from_start"][0] < signals["weight_norm"][0]
    norm = math.sqrt(sum(float(values[0].double().square().sum()) for values in first.values()))
    assert signals["weight_norm"][0] == pytest.approx(norm, rel=1e-5)


def test_distance_is_from_the_weights_that_training_began_with(tmp_path: Path) -> None:
    still = replace(STUDIED, epochs=1, learning_rate=1e-20)
    write_prepared(tmp_path / "data.safetensors", images())
    for name, run in (("run", still), ("twin", replace(still, held_out=SHARE))):
        run_training_job(run, images(), tmp_path / name, tmp_path / "s", "cpu", 1)
    measure(tmp_path, still, "run", "twin", "run")
    signals = signals_of(read_quantities(tmp_path / "run/quantities.csv"))
    assert signals["distance_from_start"][0] == pytest.approx(0, abs=1e-6)
    # A run that is its own partner is compared with none.
    assert "counterfactual_distance" not in signals


def test_tables_are_a_study(study: Path, tmp_path: Path) -> None:
    gather_study([study / "run3", study / "run4"], tmp_path)
    tables = read_study(tmp_path)
    assert tables.runs["seed"].tolist() == [3, 4]
    assert set(tables.runs["network"]) == {"lenet-x0.25"}
    assert set(tables.runs["training_images"]) == {COUNT}
    assert set(tables.runs["held_out"]) == {SHARE}
    data = read_frame(tmp_path / "data.csv", ("dataset", "label", "stand_in"), ())
    assert data.values.tolist() == [["cifar10", "noise", True]]


def test_parts_of_a_study_are_put_together(study: Path, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    gather_study([study / "run3", study / "run4"], whole)
    gather_study([study / "run3"], part)
    gather_study([part, study / "run4"], part)
    for name in ("runs", "outcomes", "data"):
        assert (whole / f"{name}.csv").read_text() == (part / f"{name}.csv").read_text()
    first, second = (read_study(folder).signals for folder in (whole, part))
    np.testing.assert_allclose(first.iloc[:, 2:], second.iloc[:, 2:], rtol=1e-6)
    with pytest.raises(InputError, match=r"lists the run \S+ twice"):
        gather_study([part, study / "run4"], tmp_path / "twice")


def test_a_diverged_run_has_no_numbers(tmp_path: Path) -> None:
    wild = replace(STUDIED, learning_rate=1e9, epochs=2)
    write_prepared(tmp_path / "data.safetensors", images())
    for name, run in (("run", wild), ("twin", replace(wild, held_out=SHARE))):
        run_training_job(run, images(), tmp_path / name, tmp_path / "s", "cpu", 1)
    measure(tmp_path, wild, "run", "twin", "run")
    table = read_frame(tmp_path / "run/outcomes.csv", ("run",), OUTCOME_COLUMNS[1:])
    assert np.isnan(table["test_loss_b"].iloc[-1])
    assert np.isnan(table["held_out_loss"].iloc[-1])


def test_divided_pixels_are_refused(study: Path, tmp_path: Path) -> None:
    scaled = replace(images(), pixel_scale=torch.full((3,), 50.0))
    write_prepared(tmp_path / "data.safetensors", scaled)
    with pytest.raises(InputError, match=r"which divides pixels; .* take mean-image"):
        measure(tmp_path, STUDIED, "run", "twin", "run")


def test_a_twin_is_trained_on_what_is_not_held_out(tmp_path: Path) -> None:
    data = images()
    kept, _ = kept_and_held_out(data.training_labels, SHARE)
    less = replace(
        data,
        training_images=data.training_images[kept],
        training_labels=data.training_labels[kept],
    )
    files = []
    for name, run, given in (
        ("twin", replace(STUDIED, held_out=SHARE), data),
        ("less", STUDIED, less),
    ):
        run_training_job(run, given, tmp_path / name, tmp_path / "s", "cpu", 1)
        files.append((tmp_path / name / "history.csv").read_bytes())
    assert files[0] == files[1]
    assert len(training_data(data, STUDIED).validation_labels) == 5
