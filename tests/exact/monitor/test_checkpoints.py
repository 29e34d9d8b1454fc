"""A folder of checkpoints: order, what is measured, and one that is broken."""

import os
from pathlib import Path

import pytest
import torch

import maxgain
from maxgain.cli.follow import follow
from maxgain.monitor.checkpoints import checkpoints_of, plan_epochs
from maxgain.networks.building import construct_network

SHAPE = (1, 28, 28)


def test_the_order_is_the_natural_one_and_other_files_are_none(tmp_path: Path) -> None:
    for name in ("epoch-10.pt", "epoch-9.pt", "log.txt"):
        (tmp_path / name).touch()
    hugging_face = tmp_path / "hf"
    hugging_face.mkdir()
    for name in ("model.safetensors.index.json", "model-00001-of-00002.safetensors",
                 "optimizer.pt", "rng_state_0.pth", "mine.pt"):  # fmt: skip
        (hugging_face / name).touch()
    names = [path.name for path in checkpoints_of([tmp_path])]
    assert names == ["epoch-9.pt", "epoch-10.pt", "mine.pt", "model.safetensors.index.json"]
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
        follow([folder], "timm:test_resnet", "1,28,28", "0.25", 10, output=picture, csv=table)
    rows = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()]
    column = rows[0].index("gain_db")
    assert [os.path.basename(row[0]) for row in rows[1:]] == ["epoch-1.pt", "epoch-2.pt"]
    assert [float(row[column]) for row in rows[1:]] == pytest.approx(gains, abs=1e-3)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "epochs" in capsys.readouterr().out


def saved(path: Path, **entries: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": {"weight": torch.zeros(1)}, **entries}, path)
    return path


def test_epochs_are_those_that_the_files_say(tmp_path: Path) -> None:
    best = saved(tmp_path / "best.ckpt", epoch=1, **{"pytorch-lightning_version": "2.5"})
    last = saved(tmp_path / "last.ckpt", epoch=3, **{"pytorch-lightning_version": "2.5"})
    same = saved(tmp_path / "z.ckpt", epoch=3, **{"pytorch-lightning_version": "2.5"})
    plan = plan_epochs([last, best, same])
    assert plan.epochs == [(best, 2), (last, 4)]
    assert plan.notes == [f"{same} is of the same epoch as {last}, and left out."]
    timm = saved(tmp_path / "checkpoint-0.pth.tar", epoch=0, arch="resnet18", version=2)
    assert plan_epochs([timm]).epochs == [(timm, 1)]
    own = [saved(tmp_path / f"{n}.pt", epoch=n) for n in (5, 0)]
    assert plan_epochs(own).epochs == [(own[1], 1), (own[0], 6)]
    from_one = [saved(tmp_path / f"{n}.pt", epoch=n) for n in (2, 1)]
    assert plan_epochs(from_one).epochs == [(from_one[1], 1), (from_one[0], 2)]


def test_epochs_are_numbered_where_a_file_says_none(tmp_path: Path) -> None:
    said, silent = saved(tmp_path / "a.pt", epoch=7), saved(tmp_path / "b.pt")
    plan = plan_epochs([said, silent])
    assert plan.epochs == [(said, 1), (silent, 2)]
    assert "does not say its epoch, though others do" in plan.notes[0]
    assert plan_epochs([silent]).notes == []


def test_hugging_faces_state_says_the_epoch(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    paths = []
    for epoch in (2, 1):
        folder = tmp_path / f"checkpoint-{300 - epoch}"
        folder.mkdir()
        save_file({"weight": torch.zeros(1)}, folder / "model.safetensors")
        (folder / "trainer_state.json").write_text(f'{{"epoch": {epoch - 1e-9}}}')
        paths.append(folder / "model.safetensors")
    assert plan_epochs(paths).epochs == [(paths[1], 1), (paths[0], 2)]
