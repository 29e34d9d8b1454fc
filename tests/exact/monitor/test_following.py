"""Following a training: other architectures, hostile files, ONNX, and one that is still running."""

import pickle
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

import maxgain
from maxgain.cli.app import app
from maxgain.monitor.following import Following, Watch, weights_into
from tests.exact.zoo import onnx_files

NETWORK = """
from torch import nn

def build(channels, height, width, classes):
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), pooled, nn.Linear(4, classes))

def without_weights(channels, height, width, classes):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""


def network(width: int = 4, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(), pooled, nn.Linear(width, 5))


def gain_of(module: nn.Module) -> float:
    scaled = maxgain.ScaledInput(module, [0.0] * 3, [0.25] * 3)
    result = maxgain.measure(scaled, maxgain.impulse_image(3, 12, 12), window=True)
    return float(result.gain.mean())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("followed_network.py").write_text(NETWORK)
    Path("run").mkdir()
    return tmp_path / "run"


def follow(*options: str, name: str = "followed_network:build") -> tuple[str, pd.DataFrame | None]:
    """What the command says in the end, a table where it wrote one."""
    given = ["--network", name, "--shape", "3,12,12", "--std", "0.25", *options]
    if not name.endswith(".onnx"):
        given += ["--classes", "5"]
    done = CliRunner().invoke(app, ["follow", "run", *given])
    if done.exception is not None and not isinstance(done.exception, maxgain.InputError):
        raise done.exception
    said = str(done.exception) if done.exception else done.stdout
    table = pd.read_csv("follow.csv") if Path("follow.csv").exists() else None
    return said, table


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, ("executed", "w")


def test_what_does_not_fit_is_named_and_the_rest_is_kept(folder: Path) -> None:
    torch.save(network().state_dict(), folder / "1.pt")
    torch.save({"model": {"module.head": torch.zeros(2)}}, folder / "2.pt")
    torch.save(network(width=6).state_dict(), folder / "3.pt")
    (folder / "4.pt").write_bytes(pickle.dumps(Evil()))
    torch.save({"weights": Evil()}, folder / "5.ckpt")
    whole = folder / "1.pt"
    (folder / "6.pt").write_bytes(whole.read_bytes()[:-300])
    (folder / "7.safetensors").write_bytes(b"\x10")
    torch.save({f"module._orig_mod.{n}": x for n, x in network(seed=1).state_dict().items()},
               folder / "8.pt")  # fmt: skip
    said, table = follow()
    assert "6 of 8 checkpoints could not be measured" in said
    assert "2.pt is of another architecture: missing '0.weight' (4 in all); unexpected" in said
    assert "3.pt: '0.weight' has the shape (6, 3, 3, 3); the network's has (4, 3, 3, 3)" in said
    assert "5.ckpt holds an object of" in said
    for name in ("4.pt", "6.pt"):
        assert f"{name} is no readable checkpoint of tensors" in said
    assert "7.safetensors" in said
    assert not Path("executed").exists()
    assert table is not None
    gains = [gain_of(network()), gain_of(network(seed=1))]
    assert table["gain_db"].tolist() == pytest.approx(gains, abs=1e-3)
    assert Path("follow.png").exists()


def test_a_network_without_weights_and_bad_options(folder: Path) -> None:
    torch.save(network().state_dict(), folder / "1.pt")
    said, table = follow(name="followed_network:without_weights")
    assert "the network Sequential has no weights, so no checkpoint is one of it" in said
    assert table is None
    assert "--idle is given without --watch" in follow("--idle", "1")[0]
    done = CliRunner().invoke(app, ["follow", "none", "--network", "a:b", "--shape", "3,4,4",
                                    "--std", "1"])  # fmt: skip
    assert "none does not exist" in str(done.exception)


def test_averages_are_measured_where_asked(folder: Path) -> None:
    states = {"state_dict": network().state_dict(), "state_dict_ema": network(seed=2).state_dict()}
    torch.save({**states, "epoch": 4}, folder / "1.pt")
    _, table = follow("--ema")
    assert table is not None
    assert table["gain_db"][0] == pytest.approx(gain_of(network(seed=2)), abs=1e-3)
    assert table["epoch"].tolist() == [4]


def test_an_onnx_file_is_an_architecture(folder: Path) -> None:
    onnx_files.save(onnx_files.classifier(), folder.parent / "model.onnx")
    weights = {
        "filters": torch.from_numpy(onnx_files.weight(8, 3, 3, 3, seed=7)),
        "matrix": torch.from_numpy(onnx_files.weight(5, 8, seed=8)),
        "bias": torch.zeros(5),
    }
    torch.save({f"model.{name}": x for name, x in weights.items()}, folder / "1.pt")
    torch.save({"filters": weights["filters"]}, folder / "2.pt")
    said, table = follow(name="model.onnx")
    assert "2.pt is of another architecture: missing 'matrix' (2 in all)" in said
    assert table is not None
    convolution = nn.Conv2d(3, 8, 3, padding=1, bias=False)
    last = nn.Linear(8, 5)
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    same = nn.Sequential(convolution, nn.ReLU(), pooled, last)
    with torch.no_grad():
        convolution.weight.copy_(weights["filters"])
        last.weight.copy_(weights["matrix"])
        last.bias.copy_(weights["bias"])
    assert table["gain_db"].tolist() == pytest.approx([gain_of(same)], abs=1e-3)


def watch(folder: Path, **options: float) -> tuple[Following, Watch]:
    module = network()
    monitor = maxgain.GainMonitor(
        maxgain.ScaledInput(module, [0.0] * 3, [0.25] * 3), (3, 12, 12), impulses=0
    )
    following = Following(monitor, weights_into(module))
    return following, Watch(following, [folder], interval=0.02, **options)


def test_a_half_written_checkpoint_is_waited_for(tmp_path: Path) -> None:
    """The writer takes its time; nothing of that is seen in what was measured."""
    folder = tmp_path / "run"

    def write(contents: Sequence[bytes]) -> None:
        folder.mkdir()
        for number, content in enumerate(contents, 1):
            with (folder / f"{number}.pt").open("wb") as file:
                for start in range(0, len(content), 1 + len(content) // 4):
                    file.write(content[start : start + 1 + len(content) // 4])
                    file.flush()
                    time.sleep(0.1)

    contents = []
    for seed in (3, 4):
        torch.save(network(seed=seed).state_dict(), tmp_path / "whole")
        contents.append((tmp_path / "whole").read_bytes())
    writer = threading.Thread(target=write, args=(contents,))
    writer.start()
    following, watching = watch(folder, idle=2.0)
    seen = [path.name for path in watching.run()]
    writer.join()
    assert seen == ["1.pt", "2.pt"]
    assert following.failures == []
    gains = [gain_of(network(seed=seed)) for seed in (3, 4)]
    assert following.monitor.curve() == pytest.approx(gains, abs=1e-3)


def test_a_broken_one_is_given_up_and_a_rewritten_one_measured_again(tmp_path: Path) -> None:
    (tmp_path / "0.pt").write_bytes(b"broken for good")

    def state(epoch: int) -> dict[str, int | dict[str, Tensor]]:
        return {"epoch": epoch, "model": network(seed=epoch).state_dict()}

    torch.save(state(1), tmp_path / "last.pt")
    following, watching = watch(tmp_path, idle=0.6, patience=0.2)
    for number, path in enumerate(watching.run(), 2):
        assert path.name == "last.pt"
        if number < 4:
            torch.save(state(number), tmp_path / "last.pt")
    assert following.monitor.curves().epochs.tolist() == [1, 2, 3]
    assert following.monitor.curve()[-1] == pytest.approx(gain_of(network(seed=3)), abs=1e-3)
    assert [path.name for path, _ in following.failures] == ["0.pt"]


def test_watching_from_the_command_line_ends_by_itself(folder: Path) -> None:
    torch.save(network().state_dict(), folder / "1.pt")
    said, table = follow("--watch", "--idle", "0.5")
    assert "epoch 1: gain" in said
    assert table is not None
    assert len(table) == 1
