"""A training as a job: killed, resumed, waited for; whose state it takes."""

import multiprocessing
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from maxgain.config.runs import Run
from maxgain.data.prepared import PreparedData
from maxgain.errors import InputError
from maxgain.files.csv import read_table
from maxgain.pipeline.training import _identity
from maxgain.training.state import TrainingState
from tests.exact.training.training_cases import (
    FILES,
    RUN,
    killed_in_epoch,
    prepared,
    trained_files,
)


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
    whole = trained_files(run, tmp_path / "whole", data)
    for epoch in range(1, run.epochs + 1):
        folder = tmp_path / f"killed{epoch}"
        with killed_in_epoch(epoch):
            trained_files(run, folder, data)
        assert not (folder / "run").exists()
        assert trained_files(run, folder, data) == whole
        seconds = [row["seconds"] for row in read_table(folder / "run/seconds.csv", ("seconds",))]
        assert [text == "nan" for text in seconds] == [
            number < epoch for number in range(1, run.epochs + 1)
        ]
        # Nothing is left of the state but the lock, which another process may be waiting on.
        assert [path.suffix for path in (folder / "state").iterdir()] == [".lock"]


def test_run_killed_again_and_again(tmp_path: Path) -> None:
    whole = trained_files(RUN, tmp_path / "whole")
    for _ in range(RUN.epochs - 1):
        with killed_in_epoch(2):
            trained_files(RUN, tmp_path / "killed")
    assert trained_files(RUN, tmp_path / "killed") == whole


def test_what_a_kill_left_among_the_results_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    # Names of our own temporary files, of safetensors', and a file that is none of them.
    for name in (".history.csv.k3x9a.csv", ".snapshots.safetensors.q.safetensors", ".tmpKjhQ8L"):
        (folder / name).touch()
    (folder / ".keep").touch()
    trained_files(RUN, tmp_path)
    names = [path.name for path in folder.iterdir()]
    assert sorted(names) == sorted((*FILES, "seconds.csv", ".keep"))


def test_threads_and_history_of_the_process_do_not_matter(tmp_path: Path) -> None:
    first = trained_files(RUN, tmp_path / "first")
    torch.rand(1000)
    torch.manual_seed(17)
    trained_files(replace(RUN, seed=8), tmp_path / "other")
    assert trained_files(RUN, tmp_path / "second") == first


def test_different_seeds_train_differently(tmp_path: Path) -> None:
    first, second = (trained_files(replace(RUN, seed=s), tmp_path / str(s)) for s in (0, 1))
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
    whole = trained_files(RUN, tmp_path / "whole")
    with killed_in_epoch(3):
        trained_files(RUN, tmp_path / "killed")
    damage(_one_state(tmp_path / "killed") / name)
    assert trained_files(RUN, tmp_path / "killed") == whole


def test_epoch_without_its_momentum_does_not_count(tmp_path: Path) -> None:
    """The process died between the two files of an epoch."""
    whole = trained_files(RUN, tmp_path / "whole")
    with killed_in_epoch(3):
        trained_files(RUN, tmp_path / "killed")
    state = _one_state(tmp_path / "killed")
    (state / "epoch-0003.state").write_bytes((state / "epoch-0001.state").read_bytes())
    assert trained_files(RUN, tmp_path / "killed") == whole


def test_unreadable_state_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with killed_in_epoch(2):
        trained_files(RUN, tmp_path)
    path = _one_state(tmp_path) / "epoch-0001.state"
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match=r"epoch-0001.state cannot be read"):
        trained_files(RUN, tmp_path)


def test_fewer_epochs_than_the_state_holds(tmp_path: Path) -> None:
    short = replace(RUN, epochs=2)
    whole = trained_files(short, tmp_path / "whole")
    with killed_in_epoch(4):
        trained_files(RUN, tmp_path / "killed")
    assert trained_files(short, tmp_path / "killed") == whole
    longer = trained_files(replace(RUN, epochs=6), tmp_path / "longer")
    table = longer["history.csv"].splitlines()
    assert table[:3] == whole["history.csv"].splitlines()


def test_more_epochs_go_on_from_the_state_of_fewer(tmp_path: Path) -> None:
    with killed_in_epoch(3):
        trained_files(RUN, tmp_path / "killed")
    longer = replace(RUN, epochs=6)
    assert trained_files(longer, tmp_path / "killed") == trained_files(longer, tmp_path / "whole")


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
        trained_files(RUN, tmp_path / "killed")
    assert trained_files(changed, tmp_path / "killed") == trained_files(changed, tmp_path / "whole")
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


_NETWORK = """
from torch import nn

def build(channels, height, width, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, classes){more})
"""


def test_state_of_a_users_network_belongs_to_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "users_network.py"
    run = replace(RUN, architecture="users_network:build", capacity=1.0, learning_rate=1e-4)
    folders = []
    for more in ("", ", nn.Tanh()"):
        module.write_text(_NETWORK.format(more=more))
        sys.modules.pop("users_network", None)
        identity = _identity(run, prepared(), "cpu", 1)
        folders.append(TrainingState(tmp_path / "state", identity).folder)
        with killed_in_epoch(2):
            trained_files(run, tmp_path)
    assert folders[0] != folders[1]
    assert all(folder.is_dir() for folder in folders)
    assert "architecture_source" not in _identity(RUN, prepared(), "cpu", 1)


# --- two processes


def _train_logged(folder: Path) -> None:
    """In another process: train and leave the log in a file."""
    import contextlib

    with (folder / "log").open("w", buffering=1) as log, contextlib.redirect_stdout(log):
        trained_files(RUN, folder)


def _wait_for(text: str, path: Path) -> None:
    for _ in range(6000):
        if path.exists() and text in path.read_text():
            return
        threading.Event().wait(0.01)
    pytest.fail(f"{path} never said '{text}'")


def test_second_process_waits_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    whole, folder = trained_files(RUN, tmp_path / "whole"), tmp_path / "shared"
    with killed_in_epoch(3):
        trained_files(RUN, folder)
    state = TrainingState(folder / "state", _identity(RUN, prepared(), "cpu", 1))
    assert state.folder == _one_state(folder)
    # No fork: the threads of OpenMP, which has run in this process, do not survive one.
    other = multiprocessing.get_context("spawn").Process(
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
        trained_files(RUN, tmp_path)
