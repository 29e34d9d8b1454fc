"""`maxgain measure`."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from maxgain.cli.app import app
from maxgain.errors import InputError
from maxgain.tables.zoo import ZOO_COLUMNS
from tests.exact.zoo import onnx_files
from tests.exact.zoo.zoo_networks import USER_MODULE


def test_measure_prints_the_gain_and_writes_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    (tmp_path / "zoo_test_nets_2.py").write_text(USER_MODULE)
    picture = tmp_path / "picture.png"
    name = "zoo_test_nets_2:build"
    done = CliRunner().invoke(app, ["measure", name, "--side", "32", "--output", str(picture)])
    assert done.exit_code == 0, done.output
    assert "Maximum Gain" in done.output
    assert "red" in done.output
    assert "1/score" in done.output
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_several_networks_make_one_table_and_one_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")  # Else a caption may break within what is looked for.
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "zoo_test_nets_4.py").write_text(USER_MODULE)
    onnx_files.save(onnx_files.classifier(), tmp_path / "model.onnx")
    names = ["zoo_test_nets_4:build", "model.onnx"]
    files = ["--csv", "table.csv", "--json", "table.json"]
    done = CliRunner().invoke(app, ["measure", *names, *files])
    assert done.exit_code == 0, done.output
    assert "taken for a network of 0-255 pixels" in done.output
    table = pd.read_csv("table.csv")
    assert list(table.columns) == list(ZOO_COLUMNS)
    assert list(dict.fromkeys(table["name"])) == [names[0], "model"]
    rows = json.loads(Path("table.json").read_text())
    assert [row["gain_db"] for row in rows] == pytest.approx(table["gain_db"].tolist())
    assert rows[0]["top5_error"] is None
    assert Path("response.png").read_bytes().startswith(b"\x89PNG")


def test_one_missing_network_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    onnx_files.save(onnx_files.classifier(), tmp_path / "model.onnx")
    done = CliRunner().invoke(app, ["measure", "model.onnx", "none.onnx", "--csv", "table.csv"])
    assert isinstance(done.exception, InputError)
    assert "1 of 2 networks could not be measured. none.onnx: none.onnx does not exist" in str(
        done.exception
    )
    assert set(pd.read_csv("table.csv")["name"]) == {"model"}
    assert Path("response.png").exists()


def test_programs_read_the_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    onnx_files.save(onnx_files.classifier(), tmp_path / "model.onnx")
    options = ["--mean", "0.5", "--std", "0.5", "--json", "-"]
    done = CliRunner().invoke(app, ["measure", "model.onnx", *options])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert {row["channel"] for row in rows} == {"red", "green", "blue"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--shape", "3,4"], "--shape is '3,4'; it must be CHANNELS,HEIGHT,WIDTH"),
        (["--shape", "3,0,4"], "--shape is '3,0,4'"),
        (["--shape", "3,8,8", "--side", "8"], "one is enough"),
        (["--mean", "grey"], "--mean is 'grey'"),
        (["--std", "0"], "--std is '0'; it must be one or more positive numbers"),
        (["--output", "x.bmp"], "its ending must be"),
        (["--shape", "3,8,8"], "takes images of 3,12,12"),
        (["--mean", "0.1,0.2", "--std", "1"], "mean has 2 numbers"),
    ],
)
def test_options_are_checked(
    options: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    onnx_files.save(onnx_files.classifier(), tmp_path / "model.onnx")
    done = CliRunner().invoke(app, ["measure", "model.onnx", *options])
    assert isinstance(done.exception, InputError)
    assert words in str(done.exception)
