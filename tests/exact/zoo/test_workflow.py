"""Fetch, measure and gather as the workflow does."""

import json
from pathlib import Path

import pandas as pd
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from maxgain.cli.app import app
from maxgain.errors import InputError
from maxgain.figures.pretrained import draw_fig05, draw_fig06
from maxgain.figures.scatter import draw_fig07
from maxgain.pipeline.zoo import gather_tables, status_path
from maxgain.tables.zoo import ZOO_COLUMNS
from maxgain.zoo.status import NetworkStatus, read_status, write_status
from tests.exact.zoo.zoo_networks import USER_MODULE


def test_a_dead_link_fails_its_network_alone(
    server: tuple[str, dict[str, bytes]],
    vgg_f_at: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fetch, measure and gather as the workflow does: the rest is drawn, the missing is named."""
    status, lock = tmp_path / "weights/vgg-f.json", tmp_path / "weights.lock"
    folder = ["--folder", str(tmp_path / "weights")]
    files = ["--lock", str(lock), "--status", str(status)]
    fetched = CliRunner().invoke(app, ["fetch-weights", "vgg-f", *folder, *files])
    assert fetched.exit_code == 0
    assert not read_status(status).ok
    assert "404" in read_status(status).reason

    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "zoo_test_nets.py").write_text(USER_MODULE)
    tables = [tmp_path / "zoo/vgg-f.csv", tmp_path / "zoo/zoo_test_nets:build.csv"]
    for table, name, further in (
        (tables[0], "vgg-f", ["--fetched", str(status)]),
        (tables[1], "zoo_test_nets:build", []),
    ):
        done = CliRunner().invoke(
            app, ["zoo-measure", name, "--output", str(table), *folder, *further]
        )
        assert done.exit_code == 0, done.output
    gathered = CliRunner().invoke(
        app, ["zoo-table", *map(str, tables), "--output", str(tmp_path / "zoo.csv")]
    )
    assert "404" in gathered.output
    missing = pd.read_csv(tmp_path / "zoo_missing.csv")
    assert missing["name"].tolist() == ["vgg-f"]
    assert "404" in missing["reason"][0]

    zoo = pd.read_csv(tmp_path / "zoo.csv")
    assert list(zoo.columns) == list(ZOO_COLUMNS)
    assert set(zoo["name"]) == {"zoo_test_nets:build"}
    arrays = {
        table.name.removesuffix(".csv"): load_file(str(table).removesuffix("csv") + "safetensors")
        for table in tables
    }
    for figure in (
        draw_fig05(zoo, arrays, ["vgg-f"]),
        draw_fig06(zoo, arrays, ["vgg-f"]),
        draw_fig07(zoo, ["vgg-f"]),
    ):
        assert "not measured: vgg-f" in figure.get_suptitle()


def test_statuses_and_tables_are_checked_at_the_door(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_status(path, NetworkStatus("x", False, "no"))
    assert read_status(path) == NetworkStatus("x", False, "no")
    for text in ("{", "[]", json.dumps({"name": 3, "ok": 1}), json.dumps({"nam": 3})):
        path.write_text(text)
        with pytest.raises(InputError, match=r"x\.json"):
            read_status(path)
    table = tmp_path / "y.csv"
    write_status(status_path(table), NetworkStatus("y", True))
    table.write_text("name\ny\n")
    with pytest.raises(InputError, match="no column 'family'"):
        gather_tables([table], tmp_path / "zoo.csv", tmp_path / "missing.csv")


def test_figures_of_nothing_say_so() -> None:
    empty = pd.DataFrame(columns=list(ZOO_COLUMNS))
    for figure in (draw_fig05(empty, {}), draw_fig06(empty, {}), draw_fig07(empty)):
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert "no network measured" in texts
