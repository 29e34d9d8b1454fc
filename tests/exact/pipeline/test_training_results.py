"""A training as a job: what it says and leaves, diverged or not."""

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maxgain.config.outputs import Gain
from maxgain.config.parsing import parse_protocol
from maxgain.data.prepared import write_prepared
from maxgain.errors import InputError
from maxgain.files.csv import read_table, write_table
from maxgain.networks.building import build_network
from maxgain.pipeline import training
from maxgain.pipeline.curves import write_curves
from maxgain.pipeline.jobs import QuantitiesJob, TrainJob, curves_job
from maxgain.pipeline.quantities import measure_snapshots
from maxgain.pipeline.training import run_training_job, train_runs
from maxgain.response.measure import measure
from maxgain.response.probes import impulse_image, raw_impulse_image
from maxgain.tables.curves import CURVE_COLUMNS, HISTORY_COLUMNS
from maxgain.training.snapshots import read_snapshots
from maxgain.training.state import TrainingState
from tests.exact.training.training_cases import (
    BATCH,
    FILES,
    RUN,
    Interrupted,
    killed_in_epoch,
    prepared,
    trained_files,
)

# --- divergence


def test_divergence_is_recorded_and_the_pipeline_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = replace(RUN, learning_rate=3.0, schedule=((1, 0.01), (4, 1e9)), epochs=4)
    whole = trained_files(run, tmp_path)
    log = capsys.readouterr().out
    assert "epoch 1/4: loss" in log
    for epoch in (2, 3, 4):
        assert f"epoch {epoch}/4: diverged, the loss is not finite" in log
    assert "noise [/bold]" in log
    rows = read_table(tmp_path / "run/history.csv", HISTORY_COLUMNS)
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    for row in rows[1:]:
        assert {row[name] for name in HISTORY_COLUMNS[2:]} == {"nan"}
        assert math.isfinite(float(row["epoch_learning_rate"]))
    for values in read_snapshots(tmp_path / "run/snapshots.safetensors").parameters.values():
        assert values[0].isfinite().all()
        assert values[1:].isnan().all()
    snapshots, gains_table = (tmp_path / "run" / x for x in ("snapshots.safetensors", "gains.csv"))
    job = QuantitiesJob(gain=Gain(projection="score"))
    measure_snapshots(job, snapshots, gains_table)
    gains = [float(row["gain_db"]) for row in read_table(tmp_path / "run/gains.csv", ("gain_db",))]
    assert [math.isfinite(gain) for gain in gains] == [True, False, False, False]
    with killed_in_epoch(2):
        trained_files(run, tmp_path / "killed")
    assert trained_files(run, tmp_path / "killed") == whole
    state = TrainingState(tmp_path / "again", {})
    assert state.load() == ([], {})


def test_resumption_after_the_divergence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = replace(RUN, learning_rate=1e9)
    whole, original, saved = trained_files(run, tmp_path / "whole"), TrainingState.save, 0

    def save(*arguments: Any) -> None:
        nonlocal saved
        original(*arguments)
        saved += 1
        if saved == 2:
            raise Interrupted

    monkeypatch.setattr(TrainingState, "save", save)
    with pytest.raises(Interrupted):
        trained_files(run, tmp_path / "killed")
    assert trained_files(run, tmp_path / "killed") == whole


# --- what a run leaves


def test_progress_names_every_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with killed_in_epoch(2):
        trained_files(RUN, tmp_path)
    capsys.readouterr()
    trained_files(RUN, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{RUN.name} on noise [/bold], cpu"
    assert "epoch 1/4: loss " in lines[1]
    assert lines[1].endswith("(from an earlier call)")
    assert "epoch 4/4: loss " in lines[-1]
    assert lines[-1].endswith(" s)")
    assert len(lines) == 5


@pytest.mark.parametrize("impulse", ["centred", "raw"])
def test_gains_are_those_of_the_snapshots(tmp_path: Path, impulse: str) -> None:
    trained_files(RUN, tmp_path)
    path = tmp_path / "run/snapshots.safetensors"
    job = QuantitiesJob(gain=Gain(impulse=impulse, impulse_value=100.0))
    measure_snapshots(job, path, tmp_path / "gains.csv")
    names = [f"gain_db_channel{channel}" for channel in range(3)]
    rows = read_table(tmp_path / "gains.csv", ("epoch", "gain_db", *names))
    network = build_network("lenet-cifar", (3, 9, 8), 7, 0.25)
    content = read_snapshots(path)
    image = impulse_image(3, 9, 8, 100.0)
    if impulse == "raw":
        image = raw_impulse_image(content.mean_image, 100.0)
    assert len(rows) == RUN.epochs
    for epoch, row in enumerate(rows):
        network.load_state_dict({key: value[epoch] for key, value in content.parameters.items()})
        gain = measure(network, image, window=True).gain
        assert [float(row[name]) for name in names] == pytest.approx(gain.tolist(), abs=1e-3)
        assert float(row["gain_db"]) == pytest.approx(float(gain.mean()), abs=1e-3)


def test_curves_are_cut_to_an_experiments_epochs(tmp_path: Path) -> None:
    raw = {
        "protocol": "x",
        "datasets": {"cifar10": {"source": "local", "location": "x", "augmentation": "batch-flip"}},
        "networks": {"lenet": {"from": "lenet-cifar", "capacity": "1/4"}},
        "experiments": {
            name: {
                "dataset": "cifar10",
                "networks": ["lenet"],
                "learning_rate": rate,
                "rate_factors": [factor],
                "epochs": epochs,
                "seeds": [3],
                "batch_size": BATCH,
            }
            for name, rate, factor, epochs in (("short", 0.2, "1/10", 2), ("long", 0.02, 1, 3))
        },
    }
    protocol = parse_protocol(raw)
    (run,) = protocol.runs().values()
    folder = tmp_path / "runs" / run.name
    run_training_job(run, prepared(), folder, tmp_path / "state", "cpu", 1)
    measure_snapshots(QuantitiesJob(), folder / "snapshots.safetensors", folder / "gains.csv")
    for name, factor, epochs in (("short", "0.1", 2), ("long", "1.0", 3)):
        write_curves(curves_job(protocol, name), tmp_path / "runs", tmp_path / "curves.csv")
        rows = read_table(tmp_path / "curves.csv", CURVE_COLUMNS)
        assert [row["epoch"] for row in rows] == [str(epoch + 1) for epoch in range(epochs)]
        assert {row["rate_factor"] for row in rows} == {factor}
        assert {row["data"] for row in rows} == {"noise [/bold]"}
        assert {row["stand_in"] for row in rows} == {"True"}
    gains = read_table(folder / "gains.csv", ("epoch", "gain_db"))
    write_table(
        folder / "gains.csv",
        ("epoch", "gain_db"),
        [{"epoch": row["epoch"], "gain_db": row["gain_db"]} for row in gains[:2]],
    )
    with pytest.raises(InputError, match=r"3 epochs in history.csv and 2 in gains.csv"):
        write_curves(curves_job(protocol, "long"), tmp_path / "runs", tmp_path / "c.csv")


def test_job_of_its_own_process_does_the_same(tmp_path: Path) -> None:
    write_prepared(tmp_path / "data.safetensors", prepared())
    job = TrainJob(run=RUN, device="cpu", threads=1)
    assert TrainJob.of_text(job.text()) == job
    train_runs([job], tmp_path / "data.safetensors", [tmp_path / "run"], tmp_path / "state")
    found = {name: (tmp_path / "run" / name).read_bytes() for name in FILES}
    assert found == trained_files(RUN, tmp_path / "other")


def test_runs_in_turn_are_each_as_by_itself(tmp_path: Path) -> None:
    write_prepared(tmp_path / "data.safetensors", prepared())
    runs = [RUN, replace(RUN, seed=RUN.seed + 1)]
    jobs = [TrainJob(run=run, device="cpu", threads=1) for run in runs]
    folders = [tmp_path / "first", tmp_path / "second"]
    train_runs(jobs, tmp_path / "data.safetensors", folders, tmp_path / "state")
    for run, folder in zip(runs, folders, strict=True):
        found = {name: (folder / name).read_bytes() for name in FILES}
        assert found == trained_files(run, tmp_path / f"other{run.seed}")
    assert {path.suffix for path in (tmp_path / "state").iterdir()} == {".lock"}


def test_a_run_that_fails_costs_those_before_it_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_prepared(tmp_path / "data.safetensors", prepared())
    jobs = [TrainJob(run=replace(RUN, seed=seed), device="cpu", threads=1) for seed in (0, 1)]
    folders = [tmp_path / "first", tmp_path / "second"]
    words = jobs, tmp_path / "data.safetensors", folders, tmp_path / "state"
    folders[1].write_text("in the way")
    with pytest.raises(InputError, match="second"):
        train_runs(*words)
    shutil.rmtree(folders[0])  # As a workflow engine does with what a failed job made.
    folders[1].unlink()
    capsys.readouterr()
    train_runs(*words)
    trained = [line for line in capsys.readouterr().out.splitlines() if ": epoch " in line]
    assert len(trained) == 2 * RUN.epochs
    assert all(line.endswith("(from an earlier call)") for line in trained)
    assert {name for name in FILES if (folders[0] / name).exists()} == set(FILES)


def test_every_training_has_a_folder(tmp_path: Path) -> None:
    job = TrainJob(run=RUN, device="cpu", threads=1)
    with pytest.raises(InputError, match="--output is given 1 times; allowed is 2, one a job"):
        train_runs([job, job], tmp_path / "data.safetensors", [tmp_path / "run"], tmp_path)


@pytest.mark.parametrize(
    ("precision", "emulated"), [("bf16", True), ("bf16", False), ("fp32", True)]
)
def test_emulated_precision_is_said(
    tmp_path: Path,
    precision: str,
    emulated: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(training, "emulates_bf16", lambda device: emulated)
    trained_files(replace(RUN, precision=precision, epochs=1), tmp_path)  # type: ignore[arg-type]
    said = "warning: this processor has no bf16 instructions" in capsys.readouterr().out
    assert said == (precision == "bf16" and emulated)


def test_network_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs at least 8 x 8"):
        trained_files(RUN, tmp_path, prepared((3, 7, 7)))
