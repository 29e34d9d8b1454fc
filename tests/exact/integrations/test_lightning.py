"""The callback in real trainings by Lightning."""

import csv
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import CSVLogger
from pandas import DataFrame
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import maxgain
from maxgain.integrations.lightning import GainCallback
from maxgain.stopping.stop import Stop

pytestmark = pytest.mark.filterwarnings("ignore")

STD = [0.5]


class Classifier(lightning.LightningModule):
    """Dropout and batch statistics: what a careless measurement would move."""

    def __init__(self) -> None:
        super().__init__()
        self.example_input_array = torch.zeros(1, 1, 8, 8)
        self.model = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3), nn.Flatten()
        )
        self.head = nn.Linear(4 * 36, 3)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.model(images))
        return logits

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.05, momentum=0.9)


def train(
    folder: Path,
    callbacks: list[Any],
    epochs: int = 3,
    resume: Path | None = None,
    compiled: bool = False,
    **options: Any,
) -> tuple[lightning.Trainer, Classifier]:
    lightning.seed_everything(0, verbose=False)
    module = Classifier()
    images = torch.randn(24, 1, 8, 8)
    loader = DataLoader(TensorDataset(images, torch.arange(24) % 3), 8, shuffle=True)
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=callbacks,
        logger=CSVLogger(folder, name="", version=""),
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        default_root_dir=folder,
        **options,
    )
    fitted = torch.compile(module, backend="eager") if compiled else module
    trainer.fit(fitted, loader, ckpt_path=resume)  # type: ignore[arg-type]
    return trainer, module


def after_two_records(table: DataFrame) -> Stop | None:
    return Stop(len(table), 1, "two records") if len(table) == 2 else None


def logged(folder: Path) -> dict[str, list[float]]:
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        name: [float(row[name]) for row in rows if row[name]]
        for name in rows[0]
        if name.startswith("maxgain/")
    }


def gain_of(module: Classifier) -> float:
    scaled = maxgain.ScaledInput(module, [0.0], STD)
    result = maxgain.measure(scaled, maxgain.impulse_image(1, 8, 8), window=True)
    return float(result.gain.mean())


@pytest.mark.parametrize(
    "options",
    [{}, {"precision": "bf16-mixed"}, {"compiled": True}],
    ids=["plain", "mixed precision", "compiled"],
)
def test_weights_are_bit_identical_and_the_last_gain_is_that_of_the_network(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    _, plain = train(tmp_path / "plain", [], **options)
    numbers = torch.rand(3)
    callback = GainCallback(STD, impulses=2)
    _, watched = train(tmp_path / "watched", [callback], **options)
    assert torch.equal(numbers, torch.rand(3))
    for name, value in plain.state_dict().items():
        assert torch.equal(value, watched.state_dict()[name]), name
    values = logged(tmp_path / "watched")
    assert set(values) == {"maxgain/gain", "maxgain/sensitivity", "maxgain/saturation"}
    assert len(values["maxgain/gain"]) == 3
    assert len(set(values["maxgain/gain"])) == 3
    assert values["maxgain/gain"][-1] == pytest.approx(gain_of(watched), abs=1e-4)
    total = values["maxgain/sensitivity"][-1] + values["maxgain/saturation"][-1]
    assert values["maxgain/gain"][-1] == pytest.approx(total, abs=1e-3)
    assert callback.monitor is not None
    assert [record.epoch for record in callback.monitor.records] == [1, 2, 3]


def test_a_resumed_training_goes_on_with_the_records(tmp_path: Path) -> None:
    whole = GainCallback(STD, impulses=2)
    train(tmp_path / "whole", [whole], 4)
    trainer, _ = train(tmp_path / "first", [GainCallback(STD, impulses=2)], 2)
    checkpoint = Path(trainer.checkpoint_callback.best_model_path)  # type: ignore[union-attr]
    resumed = GainCallback(STD, impulses=2)
    train(tmp_path / "second", [resumed], 4, resume=checkpoint)
    assert whole.monitor is not None
    assert resumed.monitor is not None
    assert [record.epoch for record in resumed.monitor.records] == [1, 2, 3, 4]
    # The order of images differs after the checkpoint; up to it nothing does.
    assert (resumed.monitor.curve()[:2] == whole.monitor.curve()[:2]).all()
    with pytest.raises(maxgain.InputError, match="impulses = 2; this monitor has 3"):
        train(tmp_path / "other", [GainCallback(STD, impulses=3)], 4, resume=checkpoint)


def test_another_callback_may_monitor_what_is_logged(tmp_path: Path) -> None:
    stop = EarlyStopping("maxgain/gain", patience=1, min_delta=1e6, mode="max")
    trainer, _ = train(tmp_path, [GainCallback(STD, impulses=0), stop], 9)
    assert trainer.current_epoch == 2


def test_a_stop_rule_ends_the_training(tmp_path: Path) -> None:
    callback = GainCallback(STD, impulses=0, stop=f"{__name__}:after_two_records")
    trainer, _ = train(tmp_path, [callback], 9)
    assert trainer.current_epoch == 2
    with pytest.raises(maxgain.InputError, match="needs the column 'held_out_loss'"):
        train(tmp_path, [GainCallback(STD, impulses=0, stop="validation-10")])
    # Without impulses its mean is never a number, and it would wait for ever.
    with pytest.raises(maxgain.InputError, match="a monitor with impulses=0 has no means"):
        train(tmp_path, [GainCallback(STD, impulses=0, stop="sensitivity-plateau")])


def test_the_diagnosis_at_the_end_is_by_the_rules_that_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(maxgain.InputError, match="'papers' is not known"):
        train(tmp_path, [GainCallback(STD, impulses=0, rules="papers")])
    said: list[str] = []
    monkeypatch.setattr("maxgain.integrations.lightning.rank_zero_info", said.append)
    for impulses in (2, 0):
        train(tmp_path, [GainCallback(STD, impulses=impulses, rules="sensitivity")])
    # What cannot be said costs no training.
    assert "epochs with a sensitivity are too few to judge" in said[0]
    assert "the rules 'sensitivity' need means over impulses" in said[1]


def test_a_stop_rule_that_stays_silent_changes_no_weight(tmp_path: Path) -> None:
    _, plain = train(tmp_path / "plain", [])
    _, watched = train(tmp_path / "watched", [GainCallback(STD, impulses=0, stop="gain-diagnosis")])
    for name, value in plain.state_dict().items():
        assert torch.equal(value, watched.state_dict()[name]), name


def test_a_stop_rule_ends_both_processes(tmp_path: Path) -> None:
    callback = GainCallback(STD, impulses=0, stop=f"{__name__}:after_two_records")
    train(tmp_path, [callback], 9, strategy="ddp_fork", devices=2)
    assert len(logged(tmp_path)["maxgain/gain"]) == 2


def test_a_stop_rule_counts_the_records_of_a_resumed_training(tmp_path: Path) -> None:
    trainer, _ = train(tmp_path / "first", [GainCallback(STD, impulses=0)], 1)
    checkpoint = Path(trainer.checkpoint_callback.best_model_path)  # type: ignore[union-attr]
    resumed = GainCallback(STD, impulses=0, stop=f"{__name__}:after_two_records")
    trainer, _ = train(tmp_path / "second", [resumed], 9, resume=checkpoint)
    assert trainer.current_epoch == 2


def test_two_processes_log_what_the_first_measures(tmp_path: Path) -> None:
    callback = GainCallback(STD, impulses=0)
    train(tmp_path, [callback], 2, strategy="ddp_fork", devices=2)
    assert len(logged(tmp_path)["maxgain/gain"]) == 2


def test_a_part_of_the_module_and_every_second_epoch(tmp_path: Path) -> None:
    class Outside(Classifier):
        def __init__(self) -> None:
            super().__init__()
            self.network = nn.Sequential(self.model, self.head)

    lightning.seed_everything(0, verbose=False)
    callback = GainCallback(0.5, (1, 8, 8), network="network", measure_every=2, impulses=0)
    module = Outside()
    trainer = lightning.Trainer(
        accelerator="cpu", max_epochs=3, callbacks=[callback], logger=False,
        enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False,
    )  # fmt: skip
    data = TensorDataset(torch.randn(8, 1, 8, 8), torch.arange(8) % 3)
    trainer.fit(module, DataLoader(data, 8))
    assert callback.monitor is not None
    assert [record.epoch for record in callback.monitor.records] == [1, 3]
    assert callback.monitor.curve()[-1] == pytest.approx(gain_of(module), abs=1e-4)


@pytest.mark.parametrize(
    ("callback", "said"),
    [
        (GainCallback([0.5, 0.5]), "std has 2 numbers; the image has 1 channels"),
        (GainCallback(STD, network="body"), "'body', which is no network of Classifier; its "),
    ],
)
def test_bad_arguments_end_before_the_training(
    tmp_path: Path, callback: GainCallback, said: str
) -> None:
    with pytest.raises(maxgain.InputError) as error:
        train(tmp_path, [callback])
    assert said in str(error.value)
