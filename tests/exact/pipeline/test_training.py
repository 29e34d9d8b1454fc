"""A training as a job: killed, resumed, waited for, diverged; what it says and leaves."""

import math
import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from maxgain.config.experiments import Run
from maxgain.config.parsing import parse_protocol
from maxgain.data.prepared import PreparedData, write_prepared
from maxgain.errors import InputError
from maxgain.files.csv import read_table, write_table
from maxgain.networks.building import build_network
from maxgain.pipeline import training
from maxgain.pipeline.curves import write_curves
from maxgain.pipeline.jobs import TrainJob, curves_job
from maxgain.pipeline.quantities import write_gains
from maxgain.pipeline.training import _identity, run_training_job, train_run
from maxgain.response.measure import measure
from maxgain.response.probes import impulse_image, raw_impulse_image
from maxgain.tables.curves import CURVE_COLUMNS, HISTORY_COLUMNS
from maxgain.training.snapshots import read_snapshots
from maxgain.training.state import TrainingState
from tests.exact.training.training_cases import (
    BATCH,
    RUN,
    Interrupted,
    killed_in_epoch,
    prepared,
)

FILES = ("snapshots.safetensors", "history.csv", "provenance.json")


def _train(run: Run, folder: Path, data: PreparedData | None = None) -> dict[str, bytes]:
    run_training_job(run, data or prepared(), folder / "run", folder / "state", "cpu", 1)
    return {name: (folder / "run" / name).read_bytes() for name in FILES}


def _one_state(folder: Path) -> Path:
    (found,) = [path for path in (folder / "state").iterdir() if path.is_dir()]
    return found


@pytest.mark.parametrize(
    ("run", "data"),
    [
        (RUN, prepared()),
        (replace(RUN, schedule=((1, 1.0), (2, 0.1)), precision="bf16"), prepared()),
        (replace(RUN, architecture="nin", capacity=1.0, epochs=3), prepared((3, 7, 8))),
        (
            replace(RUN, architecture="lenet-mnist", capacity=1.0, epochs=3, augmentation="none"),
            prepared((1, 16, 17)),
        ),
    ],
    ids=["lenet-cifar", "schedule-bf16", "nin", "lenet-mnist"],
)
def test_run_killed_in_any_epoch_ends_with_the_same_bytes(
    tmp_path: Path, run: Run, data: PreparedData
) -> None:
    whole = _train(run, tmp_path / "whole", data)
    for epoch in range(1, run.epochs + 1):
        folder = tmp_path / f"killed{epoch}"
        with killed_in_epoch(epoch):
            _train(run, folder, data)
        assert not (folder / "run").exists()
        assert _train(run, folder, data) == whole
        seconds = [row["seconds"] for row in read_table(folder / "run/seconds.csv", ("seconds",))]
        assert [text == "nan" for text in seconds] == [
            number < epoch for number in range(1, run.epochs + 1)
        ]
        # Nothing is left of the state but the lock, which another process may be waiting on.
        assert [path.suffix for path in (folder / "state").iterdir()] == [".lock"]


def test_run_killed_again_and_again(tmp_path: Path) -> None:
    whole = _train(RUN, tmp_path / "whole")
    for _ in range(RUN.epochs - 1):
        with killed_in_epoch(2):
            _train(RUN, tmp_path / "killed")
    assert _train(RUN, tmp_path / "killed") == whole


def test_what_a_kill_left_among_the_results_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    # Names of our own temporary files, of safetensors', and a file that is none of them.
    for name in (".history.csv.k3x9a.csv", ".snapshots.safetensors.q.safetensors", ".tmpKjhQ8L"):
        (folder / name).touch()
    (folder / ".keep").touch()
    _train(RUN, tmp_path)
    names = [path.name for path in folder.iterdir()]
    assert sorted(names) == sorted((*FILES, "seconds.csv", ".keep"))


def test_threads_and_history_of_the_process_do_not_matter(tmp_path: Path) -> None:
    first = _train(RUN, tmp_path / "first")
    torch.rand(1000)
    torch.manual_seed(17)
    _train(replace(RUN, seed=8), tmp_path / "other")
    assert _train(RUN, tmp_path / "second") == first


def test_different_seeds_train_differently(tmp_path: Path) -> None:
    first, second = (_train(replace(RUN, seed=s), tmp_path / str(s)) for s in (0, 1))
    assert first["snapshots.safetensors"] != second["snapshots.safetensors"]
    assert first["history.csv"] != second["history.csv"]


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("name", ["epoch-0001.state", "optimiser.state"])
@pytest.mark.parametrize("damage", [_flip_a_bit, _truncate, _empty, Path.unlink])
def test_damaged_state_is_a_clean_start(
    tmp_path: Path, damage: Callable[[Path], None], name: str
) -> None:
    whole = _train(RUN, tmp_path / "whole")
    with killed_in_epoch(3):
        _train(RUN, tmp_path / "killed")
    damage(_one_state(tmp_path / "killed") / name)
    assert _train(RUN, tmp_path / "killed") == whole


def test_epoch_without_its_momentum_does_not_count(tmp_path: Path) -> None:
    """The process died between the two files of an epoch."""
    whole = _train(RUN, tmp_path / "whole")
    with killed_in_epoch(3):
        _train(RUN, tmp_path / "killed")
    state = _one_state(tmp_path / "killed")
    (state / "epoch-0003.state").write_bytes((state / "epoch-0001.state").read_bytes())
    assert _train(RUN, tmp_path / "killed") == whole


def test_unreadable_state_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with killed_in_epoch(2):
        _train(RUN, tmp_path)
    path = _one_state(tmp_path) / "epoch-0001.state"
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match=r"epoch-0001.state cannot be read"):
        _train(RUN, tmp_path)


def test_fewer_epochs_than_the_state_holds(tmp_path: Path) -> None:
    short = replace(RUN, epochs=2)
    whole = _train(short, tmp_path / "whole")
    with killed_in_epoch(4):
        _train(RUN, tmp_path / "killed")
    assert _train(short, tmp_path / "killed") == whole
    longer = _train(replace(RUN, epochs=6), tmp_path / "longer")
    table = longer["history.csv"].splitlines()
    assert table[:3] == whole["history.csv"].splitlines()


def test_more_epochs_go_on_from_the_state_of_fewer(tmp_path: Path) -> None:
    with killed_in_epoch(3):
        _train(RUN, tmp_path / "killed")
    longer = replace(RUN, epochs=6)
    assert _train(longer, tmp_path / "killed") == _train(longer, tmp_path / "whole")


@pytest.mark.parametrize(
    "changed",
    [
        replace(RUN, seed=4),
        replace(RUN, learning_rate=0.02000001),
        replace(RUN, momentum=0.8),
        replace(RUN, batch_size=6),
        replace(RUN, schedule=((2, 0.5),)),
        replace(RUN, precision="bf16"),
        replace(RUN, capacity=0.5),
        replace(RUN, weight_decay=0.01),
        replace(RUN, nesterov=True),
        replace(RUN, optimiser="adamw"),
        replace(RUN, initialisation="library"),
        replace(RUN, augmentation="none"),
        replace(RUN, fast=False),
    ],
)
def test_changed_settings_never_pick_up_state(tmp_path: Path, changed: Run) -> None:
    with killed_in_epoch(3):
        _train(RUN, tmp_path / "killed")
    assert _train(changed, tmp_path / "killed") == _train(changed, tmp_path / "whole")
    assert _one_state(tmp_path / "killed").is_dir()  # The other's state is left alone.


def test_state_belongs_to_data_threads_and_device(tmp_path: Path) -> None:
    def folder(run: Run = RUN, device: str = "cpu", threads: int = 1, **changes: Any) -> Path:
        identity = _identity(run, replace(prepared(), **changes), device, threads)
        return TrainingState(tmp_path, identity).folder

    assert folder(replace(RUN, epochs=9, rate_factor=0.1), label="other") == folder()
    others = {
        folder(),
        folder(device="some GPU"),
        folder(threads=2),
        folder(preprocessing="other"),
        folder(checksums={"training": "1", "validation": "3"}),
        folder(replace(RUN, dataset="mnist")),
        folder(replace(RUN, architecture="nin")),
    }
    assert len(others) == 7


# --- two processes


def _train_logged(folder: Path) -> None:
    """In another process: train and leave the log in a file."""
    import contextlib

    with (folder / "log").open("w", buffering=1) as log, contextlib.redirect_stdout(log):
        _train(RUN, folder)


def _wait_for(text: str, path: Path) -> None:
    for _ in range(2000):
        if path.exists() and text in path.read_text():
            return
        threading.Event().wait(0.01)
    pytest.fail(f"{path} never said '{text}'")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_second_process_waits_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    whole, folder = _train(RUN, tmp_path / "whole"), tmp_path / "shared"
    with killed_in_epoch(3):
        _train(RUN, folder)
    state = TrainingState(folder / "state", _identity(RUN, prepared(), "cpu", 1))
    assert state.folder == _one_state(folder)
    other = multiprocessing.get_context("fork").Process(
        target=_train_logged, args=(folder,), daemon=True
    )
    with state.locked():
        other.start()
        _wait_for("another process trains this run: waiting for it", folder / "log")
        assert not (folder / "run").exists()
        assert "epoch 1/4" not in (folder / "log").read_text()
    other.join(60)
    assert other.exitcode == 0
    assert {name: (folder / "run" / name).read_bytes() for name in FILES} == whole


def test_state_that_cannot_be_written_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    with pytest.raises(InputError, match=r"cannot be written: a part of the path is not a folder"):
        _train(RUN, tmp_path)


# --- divergence


def test_divergence_is_recorded_and_the_pipeline_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = replace(RUN, learning_rate=3.0, schedule=((1, 0.01), (4, 1e9)), epochs=4)
    whole = _train(run, tmp_path)
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
    write_gains(
        tmp_path / "run/snapshots.safetensors",
        tmp_path / "run/gains.csv",
        "centred",
        255.0,
        "score",
    )
    gains = [float(row["gain_db"]) for row in read_table(tmp_path / "run/gains.csv", ("gain_db",))]
    assert [math.isfinite(gain) for gain in gains] == [True, False, False, False]
    with killed_in_epoch(2):
        _train(run, tmp_path / "killed")
    assert _train(run, tmp_path / "killed") == whole
    state = TrainingState(tmp_path / "again", {})
    assert state.load() == ([], {})


def test_resumption_after_the_divergence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = replace(RUN, learning_rate=1e9)
    whole, original, saved = _train(run, tmp_path / "whole"), TrainingState.save, 0

    def save(*arguments: Any) -> None:
        nonlocal saved
        original(*arguments)
        saved += 1
        if saved == 2:
            raise Interrupted

    monkeypatch.setattr(TrainingState, "save", save)
    with pytest.raises(Interrupted):
        _train(run, tmp_path / "killed")
    assert _train(run, tmp_path / "killed") == whole


# --- what a run leaves


def test_progress_names_every_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with killed_in_epoch(2):
        _train(RUN, tmp_path)
    capsys.readouterr()
    _train(RUN, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{RUN.name} on noise [/bold], cpu"
    assert "epoch 1/4: loss " in lines[1]
    assert lines[1].endswith("(from an earlier call)")
    assert "epoch 4/4: loss " in lines[-1]
    assert lines[-1].endswith(" s)")
    assert len(lines) == 5


@pytest.mark.parametrize("impulse", ["centred", "raw"])
def test_gains_are_those_of_the_snapshots(tmp_path: Path, impulse: str) -> None:
    _train(RUN, tmp_path)
    path = tmp_path / "run/snapshots.safetensors"
    write_gains(path, tmp_path / "gains.csv", impulse, 100.0, "inverse-score")
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
    write_gains(
        folder / "snapshots.safetensors", folder / "gains.csv", "centred", 255.0, "inverse-score"
    )
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
    train_run(job, tmp_path / "data.safetensors", tmp_path / "run", tmp_path / "state")
    found = {name: (tmp_path / "run" / name).read_bytes() for name in FILES}
    assert found == _train(RUN, tmp_path / "other")


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
    _train(replace(RUN, precision=precision, epochs=1), tmp_path)  # type: ignore[arg-type]
    said = "warning: this processor has no bf16 instructions" in capsys.readouterr().out
    assert said == (precision == "bf16" and emulated)


def test_network_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs at least 8 x 8"):
        _train(RUN, tmp_path, prepared((3, 7, 7)))
