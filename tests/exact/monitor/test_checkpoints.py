"""A folder of checkpoints: order, what is measured, and one that is broken."""

import os
from pathlib import Path

import pytest
import torch

import maxgain
from maxgain.cli.follow import follow
from maxgain.monitor.checkpoints import checkpoints_of
from maxgain.networks.building import construct_network

SHAPE = (1, 28, 28)


def test_the_order_is_the_natural_one_and_other_files_are_none(tmp_path: Path) -> None:
    for name in ("epoch-10.pt", "epoch-9.pt", "log.txt"):
        (tmp_path / name).touch()
    hugging_face = tmp_path / "hf"
    hugging_face.mkdir()
    for name in ("model.safetensors", "optimizer.pt"):
        (hugging_face / name).touch()
    names = [path.name for path in checkpoints_of([tmp_path])]
    assert names == ["epoch-9.pt", "epoch-10.pt", "model.safetensors"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(maxgain.InputError, match="holds no checkpoint"):
        checkpoints_of([tmp_path / "empty"])


def test_a_broken_checkpoint_keeps_what_was_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    gains = []
    for epoch in (1, 2):
        torch.manual_seed(epoch)
        network = construct_network("timm:test_resnet", SHAPE, 10)
        torch.save({"state_dict": network.state_dict()}, folder / f"epoch-{epoch}.pt")
        scaled = maxgain.ScaledInput(network, [0.0], [0.25])
        result = maxgain.measure(scaled, maxgain.impulse_image(*SHAPE), window=True)
        gains.append(float(result.gain.mean()))
    (folder / "epoch-3.pt").write_bytes(b"half a file")
    table, picture = tmp_path / "a.csv", tmp_path / "a.png"
    with pytest.raises(maxgain.InputError, match=r"1 of 3 checkpoints could not .*epoch-3\.pt"):
        follow([folder], "timm:test_resnet", "1,28,28", 10, "0.25", output=picture, csv=table)
    rows = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()]
    column = rows[0].index("gain_db")
    assert [os.path.basename(row[0]) for row in rows[1:]] == ["epoch-1.pt", "epoch-2.pt"]
    assert [float(row[column]) for row in rows[1:]] == pytest.approx(gains, abs=1e-3)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "epochs" in capsys.readouterr().out
