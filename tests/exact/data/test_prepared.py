"""Prepared data: written, read back, and their statistics; the command that makes them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from maxgain.data.prepared import PreparedData, load_prepared, prepare_data, write_prepared
from maxgain.data.reading import read_dataset
from maxgain.data.registry import OFFICIAL
from maxgain.data.sources.local import read_local
from maxgain.errors import InputError

WriteFolder = Callable[[Path], dict[str, np.ndarray]]
WriteTar = Callable[..., Path]


@pytest.fixture
def prepared(tmp_path: Path, write_idx_folder: WriteFolder) -> PreparedData:
    write_idx_folder(tmp_path / "digits")
    data = read_local(tmp_path / "digits", label="my digits", stand_in=True)
    return prepare_data(data, "mean-image", dataset="digits", source="local")


def test_prepared_data_come_back_as_they_were_written(
    tmp_path: Path, prepared: PreparedData
) -> None:
    path = tmp_path / "deep" / "mnist.safetensors"
    write_prepared(path, prepared)
    loaded = load_prepared(path)
    for name, value in vars(prepared).items():
        found = getattr(loaded, name)
        assert torch.equal(found, value) if isinstance(value, torch.Tensor) else found == value
    assert loaded.label == "my digits"
    assert loaded.stand_in
    assert loaded.number_of_classes == 10
    assert loaded.preprocessing == "mean-image"
    assert loaded.dataset == "digits"
    assert set(loaded.checksums) == {*OFFICIAL.find("mnist").file_names, "training", "validation"}
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_prepared_files_of_equal_data_have_equal_bytes(
    tmp_path: Path, prepared: PreparedData
) -> None:
    for name in ("a", "b"):
        write_prepared(tmp_path / name, prepared)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_checksums_tell_a_changed_pixel_or_label(
    write_idx_folder: WriteFolder, tmp_path: Path
) -> None:
    write_idx_folder(tmp_path)
    data = read_local(tmp_path)
    sums = prepare_data(data, "mean-image", dataset="digits", source="local").checksums
    data.training.images[3, 0, 2, 1] ^= 1
    data.validation.labels[:2] = data.validation.labels[:2].flip(0)
    changed = prepare_data(data, "mean-image", dataset="digits", source="local").checksums
    assert sums["training"] != changed["training"]
    assert sums["validation"] != changed["validation"]


@pytest.mark.usefixtures("prepared")
def test_preparing_refuses_an_unknown_preprocessing(tmp_path: Path) -> None:
    data = read_local(tmp_path / "digits")
    with pytest.raises(InputError, match="'mean-imag' is not known; did you mean 'mean-image'"):
        prepare_data(data, "mean-imag", dataset="digits", source="local")


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_statistics_include_the_embedded_training_images_and_no_validation_image(name: str) -> None:
    data = read_dataset(
        name, "embedded", training_images=50, validation_images=20, statistics_images=400
    )
    assert data.statistics is not None
    assert len(data.statistics) == 400
    pool = {image.numpy().tobytes() for image in data.statistics}
    assert {image.numpy().tobytes() for image in data.training.images} <= pool
    assert not {image.numpy().tobytes() for image in data.validation.images} & pool
    sums = [
        prepare_data(
            replace(data, statistics=statistics), "mean-image", dataset=name, source="embedded"
        ).checksums
        for statistics in (data.statistics, data.statistics.flip(0), None)
    ]
    assert len({sum.get("statistics") for sum in sums}) == 3


def test_statistics_come_from_the_whole_training_set_of_a_folder(
    tmp_path: Path, write_idx_folder: WriteFolder
) -> None:
    write_idx_folder(tmp_path)
    data = read_dataset(
        "mnist", "local", location=tmp_path, training_images=10, statistics_images=30
    )
    assert data.statistics is not None
    assert torch.equal(data.statistics, read_local(tmp_path).training.images)
    with pytest.raises(InputError, match=r"datasets.mnist.statistics_images is 31; .* 1 to 30"):
        read_dataset("mnist", "local", location=tmp_path, training_images=10, statistics_images=31)


def test_the_command_prepares_and_says_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from maxgain.cli import main
    from maxgain.config.datasets import Dataset
    from maxgain.pipeline.jobs import PrepareJob

    output = tmp_path / "cifar10.safetensors"
    settings = {"training_images": 60, "validation_images": 20, "preprocessing": "mean-image"}
    job = PrepareJob(name="cifar10", dataset=Dataset(source="embedded", **settings))
    words = ["maxgain", "pipeline", "prepare", job.text(), "--output", str(output)]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    assert "digits on photographs (stand-in for CIFAR-10)" in capsys.readouterr().err
    assert load_prepared(output).training_images.shape == (60, 32, 32, 3)


def test_the_command_ends_in_one_sentence_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from maxgain.cli import main
    from maxgain.config.datasets import Dataset
    from maxgain.pipeline.jobs import PrepareJob

    output = tmp_path / "mnist.safetensors"
    dataset = Dataset(source="local", location="nowhere", preprocessing="mean-image")
    job = PrepareJob(name="mnist", dataset=dataset, location=Path("nowhere"))
    words = ["maxgain", "pipeline", "prepare", job.text(), "--output", str(output)]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        "error: nowhere is no folder or file; give a folder or an archive.\n"
    )
    assert not output.exists()
