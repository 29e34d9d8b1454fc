"""`maxgain follow` reads the checkpoint files that a real training by Lightning leaves."""

from pathlib import Path

import lightning
import pandas as pd
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from typer.testing import CliRunner

import maxgain
from maxgain.cli.app import app
from maxgain.zoo.checkpoints import read_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore")

SOURCE = """
from torch import nn

def build(channels, height, width, classes):
    features = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.Flatten())
    return nn.Sequential(*features, nn.Linear(400, classes))
"""


class Module(lightning.LightningModule):
    """A network in an attribute, hyper-parameters, momentum and a schedule: all is in the file."""

    def __init__(self, learning_rate: float = 0.05, folder: Path = Path("data")) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 5))

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

    def configure_optimizers(self) -> dict[str, object]:  # type: ignore[override]
        optimiser = torch.optim.SGD(self.parameters(), self.hparams["learning_rate"], momentum=0.9)
        return {
            "optimizer": optimiser,
            "lr_scheduler": torch.optim.lr_scheduler.StepLR(optimiser, 1),
        }


@pytest.mark.parametrize("hyperparameters", ["plain", "a path"])
def test_a_folder_of_lightnings_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hyperparameters: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("lightning_network.py").write_text(SOURCE)
    lightning.seed_everything(0, verbose=False)
    module = Module(**({} if hyperparameters == "a path" else {"folder": "data"}))  # type: ignore[arg-type]
    gains = []

    class Expected(lightning.Callback):
        def on_train_epoch_end(self, trainer: object, module: object) -> None:
            scaled = maxgain.ScaledInput(module.network, [0.0] * 3, [0.25] * 3)  # type: ignore[attr-defined]
            image = maxgain.impulse_image(3, 12, 12)
            gains.append(float(maxgain.measure(scaled, image, window=True).gain.mean()))

    data = TensorDataset(torch.randn(20, 3, 12, 12), torch.arange(20) % 5)
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=3,
        callbacks=[Expected(), ModelCheckpoint("run", save_top_k=-1, save_last=True)],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(data, 10))
    words = ["--network", "lightning_network:build", "--shape", "3,12,12", "--std", "0.25"]
    done = CliRunner().invoke(app, ["follow", "run", *words, "--classes", "5"])
    assert done.exception is None, done.exception
    table = pd.read_csv("follow.csv")
    assert table["epoch"].tolist() == [1, 2, 3]
    assert table["gain_db"].tolist() == pytest.approx(gains, abs=1e-3)


class Schedule:
    """A hyper-parameter that is an object."""


def test_an_object_among_the_hyper_parameters_is_named_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "epoch=0.ckpt"
    torch.save({"state_dict": {"w": torch.ones(2)}, "hyper_parameters": {"s": Schedule()}}, path)
    with pytest.raises(maxgain.InputError, match=r"holds an object of \S+\.Schedule beside its"):
        read_checkpoint(path)
