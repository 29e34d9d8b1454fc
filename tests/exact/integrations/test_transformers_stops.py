"""A user of the callback of Hugging Face's Trainer gets the weights that a rule selected."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import ViTForImageClassification

import maxgain
from maxgain.integrations.transformers import GainCallback, step_of
from maxgain.stopping.stop import Stop
from tests.exact.integrations.test_transformers import trainer_of
from tests.pages import blocks_on

pytestmark = pytest.mark.filterwarnings("ignore")

PAGE = Path(__file__).parents[3] / "docs/how-to/transformers.md"
RULE = "tests.exact.integrations.stop_rules:second_of_three"
STOP = Stop(5, 3, "epoch 3 was fine")
"""Of that rule where every second epoch is measured."""


def train(
    folder: Path, stop: str | None = RULE, epochs: int = 9, resume: str | None = None
) -> tuple[GainCallback, Any]:
    trainer = trainer_of(folder, epochs)
    callback = GainCallback(trainer, impulses=0, measure_every=2, stop=stop)
    trainer.add_callback(callback)
    trainer.train(resume_from_checkpoint=resume)
    return callback, trainer


def test_a_stop_is_kept_logged_and_said_in_epochs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    callback, trainer = train(tmp_path)
    assert callback.stopped == STOP
    logs = trainer.state.log_history
    selected = [
        (row["maxgain/selected_epoch"], row["epoch"])
        for row in logs
        if "maxgain/selected_epoch" in row
    ]
    assert selected == [(3, 5.0)]
    # Twelve images by four: three steps an epoch.
    said = (
        "maxgain: the rule stopped after epoch 5 (epoch 3 was fine): use the weights of epoch 3 "
        "(checkpoint-9)."
    )
    assert said in capsys.readouterr().out.splitlines()
    assert [step_of(trainer.state, epoch) for epoch in (1, 3, 5)] == [3, 9, 15]
    with pytest.raises(maxgain.InputError, match="epoch 2 is not in the trainer's log history"):
        step_of(trainer.state, 2)
    trainer.state.log_history.clear()
    callback.on_train_end(trainer.args, trainer.state, trainer.control)
    assert "epoch 3 (epoch 3 is not in the trainer's" in capsys.readouterr().out


def test_the_page_loads_the_weights_of_the_selected_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = (text for _, text in blocks_on(PAGE) if "step_of" in text)
    code, count = re.subn(r"stop=.*\)", f"impulses=0, measure_every=2, stop='{RULE}')", code)
    assert count == 1
    code = code.replace("200, ", "200, use_cpu=True, report_to=[], per_device_train_batch_size=4, ")
    monkeypatch.chdir(tmp_path)
    small = trainer_of(tmp_path)
    names: dict[str, Any] = {
        "model": small.model,
        "images": small.train_dataset,
        "image_processor": small.processing_class,
    }
    exec(code, names)  # The page's own words are what is tested.
    model = names["model"]
    assert isinstance(model, ViTForImageClassification)
    assert model is not small.model
    scaled = maxgain.ScaledInput(model, [0.0] * 3, [0.25] * 3)
    result = maxgain.measure(scaled, maxgain.impulse_image(3, 8, 8), window=True)
    first, third, fifth = names["callback"].monitor.curve()
    assert len({round(float(gain), 4) for gain in (first, third, fifth)}) == 3
    assert float(result.gain.mean()) == pytest.approx(third, abs=2e-5)


def test_a_training_resumed_after_its_stop_keeps_it(tmp_path: Path) -> None:
    train(tmp_path)
    last = str(tmp_path / "checkpoint-15")
    again, trainer = train(tmp_path / "again", resume=last)
    assert again.stopped == STOP
    # Epoch 6 is not measured, and ends it none the less.
    assert trainer.state.epoch == pytest.approx(6)
    without, trainer = train(tmp_path / "without", None, 7, last)
    assert without.stopped == STOP
    assert trainer.state.epoch == pytest.approx(7)
    other, trainer = train(tmp_path / "other", "gain-diagnosis", 7, last)
    assert other.stopped is None
    assert trainer.state.epoch == pytest.approx(7)


def test_a_training_begun_anew_knows_no_stop(tmp_path: Path) -> None:
    callback, trainer = train(tmp_path)
    trainer.args.num_train_epochs = 2
    trainer.train()
    assert callback.stopped is None
    assert [record.epoch for record in callback.monitor.records] == [1]
    assert torch.isfinite(callback.monitor.gains[0]).all()
