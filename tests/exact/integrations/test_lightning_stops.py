"""A user of Lightning's callback gets the weights of the epoch that a rule selected."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader, TensorDataset

import maxgain
from maxgain.integrations.lightning import GainCallback
from maxgain.stopping.stop import Stop
from tests.exact.integrations.test_lightning import STD, Classifier, gain_of, logged, train
from tests.pages import blocks_on

pytestmark = pytest.mark.filterwarnings("ignore")

PAGE = Path(__file__).parents[3] / "docs/how-to/lightning.md"
RULE = "tests.exact.integrations.stop_rules:second_of_three"
STOP = Stop(5, 3, "epoch 3 was fine")
"""Of that rule where every second epoch is measured."""


def callback(stop: str | None = RULE, measure_every: int = 2) -> GainCallback:
    return GainCallback(STD, impulses=0, measure_every=measure_every, stop=stop)


def stopped_training(folder: Path) -> tuple[GainCallback, Path]:
    """The callback, and the checkpoint of the last epoch."""
    watching, kept = callback(), ModelCheckpoint(folder, filename="{epoch}", save_top_k=-1)
    trainer, _ = train(folder, [watching, kept], 9)
    assert trainer.current_epoch == 5
    return watching, folder / "epoch=4.ckpt"


def test_a_stop_is_kept_logged_and_said_in_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("maxgain.integrations.lightning.rank_zero_info", said.append)
    watching, _ = stopped_training(tmp_path)
    assert watching.stopped == STOP
    assert logged(tmp_path)["maxgain/selected_epoch"] == [3]
    assert said[-1] == (
        "maxgain: the rule stopped after epoch 5 (epoch 3 was fine): use the weights of epoch 3 "
        "(epoch=2 in Lightning's file names)."
    )
    assert len(said) == 2
    # Another training with the same callback knows nothing of it.
    train(tmp_path / "short", [watching], 2)
    assert watching.stopped is None
    assert "maxgain/selected_epoch" not in logged(tmp_path / "short")
    assert len(said) == 3


def test_the_page_loads_the_weights_of_the_selected_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = (text for _, text in blocks_on(PAGE) if "ModelCheckpoint" in text)
    code, count = re.subn(
        r"std=.*stop=.*\)", f"{STD}, impulses=0, measure_every=2, stop='{RULE}')", code
    )
    assert count == 1
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    data = TensorDataset(torch.randn(24, 1, 8, 8), torch.arange(24) % 3)
    module = Classifier()
    names: dict[str, Any] = {"module": module, "loader": DataLoader(data, 8)}
    exec(code, names)  # The page's own words are what is tested.
    monitor = names["callback"].monitor
    gains = dict(zip([record.epoch for record in monitor.records], monitor.curve(), strict=True))
    assert len({round(float(gain), 3) for gain in gains.values()}) == len(gains) == 3
    assert gain_of(module) == pytest.approx(gains[3], abs=1e-4)


def test_a_training_resumed_after_its_stop_ends_at_once(tmp_path: Path) -> None:
    _, last = stopped_training(tmp_path)
    again = callback()
    trainer, module = train(tmp_path / "again", [again], 9, resume=last)
    assert trainer.current_epoch == 5
    assert again.stopped == STOP
    kept = torch.load(last, weights_only=True)["state_dict"]
    for name, value in module.state_dict().items():
        assert torch.equal(value, kept[name]), name
    without = callback(stop=None)
    trainer, _ = train(tmp_path / "without", [without], 7, resume=last)
    assert trainer.current_epoch == 7
    assert without.stopped == STOP
    other = callback(stop="gain-diagnosis")
    trainer, _ = train(tmp_path / "other", [other], 7, resume=last)
    assert trainer.current_epoch == 7
    assert other.stopped is None


def test_the_checkpoint_of_a_training_without_the_callback_knows_no_stop(tmp_path: Path) -> None:
    watching, _ = stopped_training(tmp_path)
    trainer, _ = train(tmp_path / "plain", [], 6)
    later = Path(trainer.checkpoint_callback.best_model_path)  # type: ignore[union-attr]
    trainer, _ = train(tmp_path / "resumed", [watching], 7, resume=later)
    assert (trainer.current_epoch, watching.stopped) == (7, None)


def test_a_training_resumed_before_its_stop_stops_where_it_would_have(tmp_path: Path) -> None:
    stopped_training(tmp_path)
    resumed = callback()
    trainer, _ = train(tmp_path / "resumed", [resumed], 9, resume=tmp_path / "epoch=2.ckpt")
    assert (trainer.current_epoch, resumed.stopped) == (5, STOP)


def test_the_first_stop_stays_where_the_trainer_goes_on(tmp_path: Path) -> None:
    watching = callback(measure_every=1)
    trainer, _ = train(tmp_path, [watching], 9, min_epochs=6)
    assert trainer.current_epoch == 6
    assert watching.stopped == Stop(3, 2, "epoch 2 was fine")


class Witness(GainCallback):
    """Writes down what each process knows at the end."""

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        super().on_train_end(trainer, pl_module)
        Path(trainer.default_root_dir, f"rank-{trainer.global_rank}").write_text(str(self.stopped))


def test_every_process_knows_the_stop(tmp_path: Path) -> None:
    watching = Witness(STD, impulses=0, measure_every=2, stop=RULE)
    trainer, _ = train(tmp_path, [watching], 9, strategy="ddp_fork", devices=2)
    assert [(tmp_path / f"rank-{rank}").read_text() for rank in (0, 1)] == [str(STOP)] * 2
    # The processes are gone, and what they knew is in what Lightning brings back.
    assert watching.stopped is None
    assert trainer.callback_metrics["maxgain/selected_epoch"] == 3


def test_records_of_before_hold_no_stop_and_nonsense_is_named(tmp_path: Path) -> None:
    watching, _ = stopped_training(tmp_path)
    state = watching.state_dict()
    assert state["stopped"] == {"rule": RULE, **STOP._asdict()}
    fresh = callback()
    fresh.load_state_dict({name: value for name, value in state.items() if name != "stopped"})
    assert fresh.stopped is None
    for nonsense in ({"rule": RULE, "halt": 5}, [5, 3], {**state["stopped"], "selected": "third"}):
        with pytest.raises(maxgain.InputError, match="holds no stop of a GainCallback"):
            fresh.load_state_dict(state | {"stopped": nonsense})
