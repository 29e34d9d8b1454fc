"""The callback in real trainings by Hugging Face's Trainer, of a small ViT."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    ResNetConfig,
    ResNetForImageClassification,
    Trainer,
    TrainingArguments,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessor,
    set_seed,
)

import maxgain
from maxgain.integrations.transformers import GainCallback, image_std

pytestmark = pytest.mark.filterwarnings("ignore")


def trainer_of(folder: Path, epochs: int = 2) -> Trainer:
    set_seed(0)
    config = ViTConfig(
        image_size=8, patch_size=4, num_channels=3, hidden_size=8, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=16, num_labels=3, hidden_dropout_prob=0.2,
    )  # fmt: skip
    images = torch.randn(12, 3, 8, 8)
    data: list[dict[str, Any]] = [
        {"pixel_values": image, "labels": number % 3} for number, image in enumerate(images)
    ]
    arguments = TrainingArguments(
        output_dir=str(folder), num_train_epochs=epochs, per_device_train_batch_size=4,
        save_strategy="epoch", logging_strategy="epoch", report_to=[], use_cpu=True,
        disable_tqdm=True, learning_rate=0.01, seed=0,
    )  # fmt: skip
    processor = ViTImageProcessor(image_mean=[0.5] * 3, image_std=[0.25] * 3)
    network = ViTForImageClassification(config)
    return Trainer(network, arguments, train_dataset=data, processing_class=processor)  # type: ignore[arg-type]


def weights_of(trainer: Trainer) -> dict[str, Tensor]:
    assert trainer.model is not None
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def test_weights_are_bit_identical_and_the_gain_is_logged(tmp_path: Path) -> None:
    plain = trainer_of(tmp_path / "plain")
    plain.train()
    numbers = torch.rand(3)
    watched = trainer_of(tmp_path / "watched")
    callback = GainCallback(watched, impulses=2)
    watched.add_callback(callback)
    watched.train()
    assert torch.equal(numbers, torch.rand(3))
    after = weights_of(watched)
    for name, value in weights_of(plain).items():
        assert torch.equal(value, after[name]), name
    history = watched.state.log_history
    gains = [row["maxgain/gain"] for row in history if "maxgain/gain" in row]
    assert len(set(gains)) == 2
    assert len([row for row in history if "loss" in row]) == 2, "the epochs' own logs are kept"
    scaled = maxgain.ScaledInput(watched.model, [0.0] * 3, [0.25] * 3)
    result = maxgain.measure(scaled, maxgain.impulse_image(3, 8, 8), window=True)
    assert gains[-1] == pytest.approx(float(result.gain.mean()), abs=1e-4)


def test_a_resumed_training_goes_on_with_the_records(tmp_path: Path) -> None:
    first = trainer_of(tmp_path, 1)
    before = GainCallback(first, impulses=2)
    first.add_callback(before)
    first.train()
    second = trainer_of(tmp_path, 2)
    after = GainCallback(second, impulses=2)
    second.add_callback(after)
    second.train(resume_from_checkpoint=str(tmp_path / "checkpoint-3"))
    assert [record.epoch for record in after.monitor.records] == [1, 2]
    assert after.monitor.curve()[0] == before.monitor.curve()[0]
    assert torch.equal(after.monitor.records[0].gains, before.monitor.records[0].gains)


def test_a_stop_rule_ends_the_training(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path, 5)
    rule = "tests.exact.integrations.test_lightning:after_two_records"
    callback = GainCallback(trainer, impulses=0, stop=rule)
    trainer.add_callback(callback)
    trainer.train()
    assert [record.epoch for record in callback.monitor.records] == [1, 2]
    with pytest.raises(maxgain.InputError, match="stop rule 'none' is not known"):
        GainCallback(trainer, stop="none")
    with pytest.raises(maxgain.InputError, match="a monitor with impulses=0 has no means"):
        GainCallback(trainer, impulses=0, stop="saturation-fall")


def test_the_diagnosis_at_the_end_is_by_the_rules_that_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = trainer_of(tmp_path / "none")
    with pytest.raises(maxgain.InputError, match="'papers' is not known; did you mean 'paper'"):
        GainCallback(trainer, impulses=0, rules="papers")
    said: list[str] = []
    for number, options in enumerate(
        [{}, {"rules": "sensitivity"}, {"rules": "sensitivity", "impulses": 0}]
    ):
        trainer = trainer_of(tmp_path / str(number))
        trainer.add_callback(GainCallback(trainer, **{"impulses": 2} | options))  # type: ignore[arg-type]
        capsys.readouterr()
        trainer.train()
        lines = capsys.readouterr().out.splitlines()
        said += [line for line in lines if line.startswith("maxgain: ")]
    # One line a training, and what cannot be said costs none.
    assert [line.partition(";")[0] for line in said] == [
        "maxgain: 2 epochs with a gain are too few to judge",
        "maxgain: 2 epochs with a sensitivity are too few to judge",
        "maxgain: the rules 'sensitivity' need means over impulses",
    ]


def test_normalisation_is_the_image_processors() -> None:
    std = [0.25, 0.5, 1.0]
    assert image_std(ViTImageProcessor(image_std=std)) == pytest.approx(std)
    unscaled = image_std(ViTImageProcessor(image_std=std, do_rescale=False))
    assert unscaled == pytest.approx([value / 255 for value in std])
    raw = image_std(ViTImageProcessor(image_std=std, do_normalize=False))
    assert raw == pytest.approx([1.0, 1.0, 1.0])
    with pytest.raises(maxgain.InputError, match="processing_class is a NoneType, which does not"):
        image_std(None)


def test_the_processors_size_is_taken_where_the_network_says_none(tmp_path: Path) -> None:
    config = ResNetConfig(embedding_size=4, hidden_sizes=[4, 8], depths=[1, 1], num_channels=1)
    arguments = TrainingArguments(output_dir=str(tmp_path), report_to=[], use_cpu=True)
    size = {"height": 16, "width": 24}
    processor = ViTImageProcessor(image_std=[0.25], image_mean=[0.5], size=size)
    network = ResNetForImageClassification(config)
    trainer = Trainer(network, arguments, processing_class=processor)  # type: ignore[arg-type]
    callback = GainCallback(trainer, impulses=0)
    callback.monitor.record()
    assert callback.monitor.state_dict()["settings"]["shape"] == [1, 16, 24]


TWO_PROCESSES = """
import json, os, sys
from pathlib import Path
import torch
import maxgain.networks.torchvision_ops
from maxgain.integrations.transformers import GainCallback
from tests.exact.integrations.test_transformers import trainer_of

folder, stop = Path(sys.argv[1]), sys.argv[2] or None
trainer = trainer_of(folder / "run", 5 if stop else 2)
callback = GainCallback(trainer, impulses=0, stop=stop)
trainer.add_callback(callback)
trainer.train()
weights = float(sum(value.double().sum() for value in trainer.model.state_dict().values()))
found = {
    "processes": trainer.args.world_size,
    "epochs": [record.epoch for record in callback.monitor.records],
    "steps": trainer.state.global_step,
    "stopped": callback.stopped,
    "logged": sum("maxgain/gain" in row for row in trainer.state.log_history),
    "weights": weights,
}
(folder / f"{os.environ['RANK']}.json").write_text(json.dumps(found))
torch.distributed.destroy_process_group()  # or its threads may abort a process that ends first
"""


@pytest.mark.parametrize("stop", ["", "tests.exact.integrations.test_lightning:after_two_records"])
def test_two_processes_measure_and_stop_together(tmp_path: Path, stop: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(TWO_PROCESSES)
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *words, str(script), str(tmp_path), stop],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."]), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert first["processes"] == second["processes"] == 2
    assert first["epochs"] == [1, 2]
    assert first["logged"] == 2
    # Twelve images in two processes by four: two steps an epoch.
    assert first["steps"] == second["steps"] == 4
    assert first["weights"] == second["weights"]
    assert first["stopped"] == second["stopped"] == ([2, 1, "two records"] if stop else None)
    # Only where the training may be ended does every process measure.
    assert second["epochs"] == ([1, 2] if stop else [])
