"""The page on timm's training script, with the checkpoints that timm's own saver writes."""

import argparse
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import maxgain  # before timm, whose torchvision needs operators declared
from maxgain.cli.app import app
from maxgain.monitor.following import Following, Watch, weights_into
from maxgain.monitor.normalised import monitor_of
from tests.pages import blocks_on

import timm  # isort: skip
from timm.data import resolve_data_config  # isort: skip
from timm.utils import CheckpointSaver, ModelEmaV3, NativeScaler  # isort: skip

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "timm.md"
EPOCHS = 4
SHAPE = (3, 32, 32)


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    built: nn.Module = timm.create_model("resnet18", num_classes=10)
    return built


def gain_of(module: nn.Module, std: list[float]) -> float:
    scaled = maxgain.ScaledInput(module, [0.0] * 3, std)
    result = maxgain.measure(scaled, maxgain.impulse_image(*SHAPE), window=True)
    return float(result.gain.mean())


def train(folder: Path, kept: int, monitored: bool = False) -> tuple[dict[str, Any], list[float]]:
    """As timm's script does it: data configuration, average of weights, saver, loop over epochs.

    The names that the page's code sees, and the gain of the averages after each epoch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = argparse.Namespace(model="resnet18", input_size=SHAPE, std=[0.229, 0.224, 0.225])
    model = network()
    seen: dict[str, Any] = {
        "model": model,
        "data_config": resolve_data_config(vars(given), model=model),
    }
    averages = ModelEmaV3(model, decay=0.5)
    optimizer = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9)
    saver = CheckpointSaver(
        model, optimizer, args=given, model_ema=averages, amp_scaler=NativeScaler(device="cpu"),
        checkpoint_dir=str(folder), recovery_dir=str(folder), decreasing=True, max_history=kept,
    )  # fmt: skip
    set_up, at_epoch = [text for language, text in blocks_on(PAGE) if language == "python"]
    if monitored:
        exec(set_up, seen)
    images, labels = torch.randn(16, *SHAPE), torch.arange(16) % 10
    gains = []
    for epoch in range(EPOCHS):
        model.train()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
        averages.update(model)
        if monitored:
            exec(at_epoch, seen | {"epoch": epoch})
        saver.save_checkpoint(epoch, metric=[3.0, 1.0, 2.0, 4.0][epoch])
        gains.append(gain_of(averages.module, [0.229, 0.224, 0.225]))
    return seen, gains


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_follows_what_timms_saver_writes(here: Path) -> None:
    seen, averages = train(here / "runs" / "flowers", kept=EPOCHS, monitored=True)
    assert Path("gain.png").stat().st_size > 0
    (block,) = [text for language, text in blocks_on(PAGE) if not language]
    (line,) = [line for line in block.splitlines() if line.startswith("maxgain")]
    words = shlex.split(line.replace(" --watch", "").replace("3,224,224", "3,32,32"))[1:]
    done = CliRunner().invoke(app, words)
    assert done.exception is None, done.exception
    table = pd.read_csv("follow.csv")
    # The script's own loop, of which the page shows two places, saw the same networks.
    pd.testing.assert_frame_equal(
        table.drop(columns="checkpoint"), seen["monitor"].to_frame(), atol=1e-3, check_dtype=False
    )
    assert [Path(name).name for name in table["checkpoint"]] == [
        f"checkpoint-{epoch}.pth.tar" for epoch in range(EPOCHS)
    ]
    done = CliRunner().invoke(app, [*words, "--ema"])
    assert done.exception is None, done.exception
    assert pd.read_csv("follow.csv")["gain_db"].tolist() == pytest.approx(averages, abs=1e-2)


def test_epochs_that_the_saver_did_not_keep_are_holes(here: Path) -> None:
    train(here / "run", kept=2)
    words = ["follow", "run", "--network", "timm:resnet18", "--shape", "3,32,32", "--classes", "10"]
    done = CliRunner().invoke(app, [*words, "--std", "0.25"])
    assert done.exception is None, done.exception
    table = pd.read_csv("follow.csv")
    # The two best by their losses, and the last one.
    assert table["epoch"].tolist() == [2, 3, 4]
    assert Path(table["checkpoint"].iloc[-1]).name == "last.pth.tar"


def test_a_file_that_is_renamed_while_it_is_written_is_not_waited_for(here: Path) -> None:
    (here / "run").mkdir()
    half = here / "run" / "half.pt"
    half.write_bytes(b"half")
    model = network()
    following = Following(monitor_of(model, SHAPE, 0.25, impulses=0), weights_into(model))
    watch = Watch(following, [here / "run"], interval=0.01, idle=0.05)
    assert watch._look_at(half) is False
    torch.save(model.state_dict(), half)
    half.rename(here / "run" / "1.pt")
    (here / "run" / "tmp.pth.tar").write_bytes(b"half")
    assert [path.name for path in watch.run()] == ["1.pt"]
    assert following.failures == []
