"""State of an interrupted training: what counts, what is refused, who holds it."""

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from filelock import FileLock, Timeout
from safetensors.torch import load, save
from torch import Tensor

from maxgain.errors import InputError
from maxgain.training.loop import TrainingData, train
from maxgain.training.state import Epoch, TrainingState
from tests.exact.training.training_cases import RUN, Interrupted, killed_in_epoch, prepared

EPOCH = Epoch(
    {"loss": 0.5},
    {
        "number.weight": torch.arange(3.0),
        "tensor.count": torch.tensor(2**40),
        "flag": torch.tensor(True),
    },
)


def test_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = TrainingState(tmp_path, {"run": 1})
    assert state.load() == ([], {})
    state.save(1, EPOCH, {"momentum.number.weight": torch.ones(3)})
    state.save(2, EPOCH, {"momentum.number.weight": torch.full((3,), 2.0)})
    epochs, remembered = state.load()
    assert len(epochs) == 2
    assert remembered["momentum.number.weight"].tolist() == [2, 2, 2]
    assert epochs[1].row == EPOCH.row
    assert epochs[1].weights.keys() == EPOCH.weights.keys()
    for name, value in EPOCH.weights.items():
        assert epochs[1].weights[name].dtype == value.dtype
        assert torch.equal(epochs[1].weights[name], value)
    state.remove()
    assert TrainingState(tmp_path, {"run": 1}).load() == ([], {})


def test_only_epochs_that_took_a_second_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    state = TrainingState(tmp_path, {})
    state.save(1, EPOCH, {}, seconds=0.9)
    assert waited == []
    assert len(state.load()[0]) == 1
    state.save(2, EPOCH, {}, seconds=1.0)
    assert len(waited) == 2
    assert len(state.load()[0]) == 2


def test_files_say_that_they_are_no_safetensors(tmp_path: Path) -> None:
    state = TrainingState(tmp_path, {})
    state.save(1, EPOCH, {})
    names = sorted(path.name for path in state.folder.iterdir())
    assert names == ["epoch-0001.state", "optimiser.state"]


# --- content with the right checksum that is another's


def _train(folder: Path) -> list[Epoch]:
    data = prepared()
    training = TrainingData(
        data.training_images,
        data.training_labels,
        data.validation_images,
        data.validation_labels,
        data.number_of_classes,
    )
    return train(RUN, training, "cpu", TrainingState(folder, {}))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Epoch]:
    return _train(tmp_path_factory.mktemp("whole"))


def _hostile(path: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    """Change a file of state and give it the checksum that belongs to it."""
    tensors = load(path.read_bytes()[32:])
    change(tensors)
    body = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    path.write_bytes(hashlib.sha256(body).digest() + body)


WEIGHT, MOMENTUM = "tensor.convolution1.bias", "tensor.momentum.convolution1.bias"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("epoch-0001", lambda t: t.update({WEIGHT: torch.zeros(3)})),
        ("epoch-0001", lambda t: t.update({WEIGHT: torch.zeros(8).half()})),
        ("epoch-0001", lambda t: t.pop(WEIGHT)),
        ("epoch-0001", lambda t: t.update({"tensor.more": torch.zeros(3)})),
        ("epoch-0001", lambda t: t.update({"more": torch.zeros(3)})),
        ("epoch-0001", lambda t: t.pop("number.training_loss")),
        ("epoch-0001", lambda t: t.update({"number.training_loss": torch.zeros(3)})),
        ("optimiser", lambda t: t.update({MOMENTUM: torch.zeros(3)})),
        ("optimiser", lambda t: t.pop(MOMENTUM)),
        ("optimiser", lambda t: t.pop("number.epoch")),
        ("optimiser", lambda t: t.update({"number.epoch": torch.tensor(torch.nan)})),
        ("optimiser", lambda t: t.update({"number.epoch": torch.tensor(1e300).double()})),
        ("optimiser", lambda t: t.update({"number.epoch": torch.tensor(-1.0)})),
    ],
)
def test_state_of_other_content_is_a_clean_start(
    tmp_path: Path, whole: list[Epoch], name: str, change: Callable[..., object]
) -> None:
    with killed_in_epoch(3):
        _train(tmp_path)
    _hostile(TrainingState(tmp_path, {}).folder / f"{name}.state", change)
    with killed_in_epoch(4):  # No epoch came from the state.
        _train(tmp_path)
    for one, other in zip(_train(tmp_path), whole, strict=True):
        assert one.row == other.row
        assert all(torch.equal(x, other.weights[key]) for key, x in one.weights.items())


# --- the lock


def test_one_trains_while_the_other_waits(tmp_path: Path) -> None:
    """One trains, one waits; the first removes its state; a third must wait for the second."""
    state, waits = TrainingState(tmp_path, {"run": 1}), threading.Event()
    held, finish = threading.Event(), threading.Event()

    def second() -> None:
        with state.locked(waits.set):
            held.set()
            finish.wait(20)

    thread = threading.Thread(target=second)
    with state.locked():
        thread.start()
        assert waits.wait(20)
        assert not held.is_set()
        state.remove()
    assert held.wait(20)
    (lock,) = tmp_path.glob("*.lock")
    with pytest.raises(Timeout):
        FileLock(lock).acquire(timeout=0)
    finish.set()
    thread.join()
    FileLock(lock).acquire(timeout=0)


def test_lock_is_given_back_after_a_failure(tmp_path: Path) -> None:
    state = TrainingState(tmp_path, {})
    with pytest.raises(Interrupted), state.locked():
        raise Interrupted
    with state.locked(lambda: pytest.fail("it waited")):
        pass


def test_folder_that_cannot_be_written_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    state = TrainingState(tmp_path / "state", {})
    with pytest.raises(InputError, match=r"cannot be written: a part of the path"), state.locked():
        pass
