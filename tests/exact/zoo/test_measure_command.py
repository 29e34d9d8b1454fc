"""`maxgain measure`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner
from zoo_networks import USER_MODULE

from maxgain.cli.app import app


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
    assert "red (dB)" in done.output
    assert "inverse-score" in done.output
    assert picture.read_bytes().startswith(b"\x89PNG")
