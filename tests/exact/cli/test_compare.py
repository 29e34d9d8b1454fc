"""`maxgain compare`."""

from pathlib import Path

import pandas as pd
import pytest
from torch import nn
from typer.testing import CliRunner

import maxgain
from maxgain.cli.app import app
from maxgain.errors import InputError
from tests.exact.zoo import onnx_files
from tests.exact.zoo.zoo_networks import USER_MODULE


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["compare", *arguments])
    if isinstance(done.exception, InputError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def followed(path: Path, epochs: int, factor: float = 1.0) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    monitor = maxgain.GainMonitor(network, (1, 8, 8), impulses=4)
    for _ in range(epochs):
        monitor.record()
        for parameter in network.parameters():
            parameter.data *= factor
    monitor.to_frame().to_csv(path, index=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def test_two_networks_are_measured_and_subtracted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(folder)
    Path("zoo_test_nets_5.py").write_text(USER_MODULE)
    onnx_files.save(onnx_files.classifier(), folder / "model.onnx")
    names = ["zoo_test_nets_5:build", "model.onnx"]
    said = run(*names)
    assert Path("compare.png").read_bytes().startswith(b"\x89PNG")
    for name in names:
        CliRunner().invoke(app, ["measure", name, "--csv", f"{name[:5]}.csv"])
    first, second = (
        table[(table["image"] == "natural") & (table["projection"] == "inverse-score")]["gain_db"]
        for table in (pd.read_csv(f"{name[:5]}.csv") for name in names)
    )
    line = next(line for line in said.splitlines() if line.split()[:1] == ["natural"])
    assert line.split()[-3:] == [
        f"{x:.2f}" for x in (first.mean(), second.mean(), second.mean() - first.mean())
    ]
    again = run("zoo_t.csv", "model.csv")
    assert line.split() in [other.split() for other in again.splitlines()]


def test_two_trainings_are_subtracted_epoch_by_epoch_and_drawn(folder: Path) -> None:
    followed(folder / "one.csv", 3)
    followed(folder / "two.csv", 5, factor=1.5)
    said = run("one.csv", "two.csv", "--output", "both.svg")
    assert "At epoch 3, the last that both have" in said
    one, two = pd.read_csv("one.csv"), pd.read_csv("two.csv")
    line = next(line.split() for line in said.splitlines() if line.split()[:1] == ["gain"])
    both = [one["gain_db"][2], two["gain_db"][2], (two["gain_db"][:3] - one["gain_db"]).mean()]
    assert line[1:] == [f"{x:.2f}" for x in both]
    assert "A: " in said
    assert "epochs" in said
    assert "<svg" in Path("both.svg").read_text(encoding="utf-8")


def test_what_cannot_be_compared_is_said(folder: Path) -> None:
    followed(folder / "one.csv", 2)
    pd.DataFrame({"epoch": [1], "loss": [2.0]}).to_csv("loss.csv", index=False)
    late = pd.read_csv("one.csv").assign(epoch=[8, 9])
    late.to_csv("late.csv", index=False)
    late.iloc[::-1].to_csv("falling.csv", index=False)
    late[:0].to_csv("empty.csv", index=False)
    onnx_files.save(onnx_files.classifier(), folder / "model.onnx")
    CliRunner().invoke(app, ["measure", "model.onnx", "--csv", "network.csv"])
    for arguments, said in (
        (("one.csv", "model.onnx"), "one table and one network; each must be a network as"),
        (("one.csv", "loss.csv"), "loss.csv is neither a table of 'maxgain follow'"),
        (("one.csv", "late.csv"), "share no epoch: epochs 1 to 2 and 8 to 9"),
        (("one.csv", "falling.csv"), "falling.csv: the column 'epoch' must rise"),
        (("one.csv", "empty.csv"), "empty.csv has no row"),
        (("one.csv", "network.csv"), "network.csv one of networks; both must be alike"),
        (("one.csv", "one.csv"), "A and B are both one.csv"),
        (("one.csv", "none.csv"), "none.csv does not exist"),
        (("one.csv", "late.csv", "--std", "1"), "--std are of networks"),
        (("one.csv", "late.csv", "--output", "x.bmp"), "--output is 'x.bmp'"),
        (("model.onnx", "model.onnx"), "is listed twice"),
        (("model.onnx", "carried"), "stand for 4 networks; compare takes two"),
    ):
        with pytest.raises(InputError) as error:
            run(*arguments)
        assert said in str(error.value)
