"""Preparing a data set from its configuration."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from maxgain.config.datasets import Dataset
from maxgain.data.label_noise import LabelNoise
from maxgain.data.prepared import load_prepared
from maxgain.errors import InputError
from maxgain.pipeline.data import prepare_dataset
from maxgain.pipeline.jobs import PrepareJob, TrainedNetwork

WriteFolder = Callable[[Path], dict[str, np.ndarray]]


def job(location: Path, networks: tuple[str, ...] = (), **changes: object) -> PrepareJob:
    settings: dict[str, object] = {
        **{"source": "local", "location": location, "label": "my digits", "stand_in": True},
        **{"preprocessing": "standardisation", "label_noise": {"rate": 0.25, "seed": 3}},
        **{"training_images": 20, "validation_images": 10},
    }
    return PrepareJob(
        name="digits",
        dataset=Dataset(**settings | changes),
        location=location,
        networks=tuple(TrainedNetwork(architecture=name, capacity=1.0) for name in networks),
    )


def test_a_data_set_is_prepared_as_its_configuration_asks(
    tmp_path: Path, write_idx_folder: WriteFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    write_idx_folder(tmp_path / "digits")
    output = tmp_path / "out" / "digits.safetensors"
    prepare_dataset(job(tmp_path / "digits"), output)
    prepared = load_prepared(output)
    label = (
        "my digits, 20 of 30 training and 10 of 20 validation images, "
        "25 % of the training labels wrong"
    )
    assert prepared.label == label
    assert label in capsys.readouterr().err
    assert (prepared.dataset, prepared.source, prepared.stand_in) == ("digits", "local", True)
    assert prepared.preprocessing == "standardisation"
    assert prepared.label_noise == LabelNoise(0.25, 3)
    assert prepared.pixel_scale is not None
    assert prepared.training_images.shape == (20, 28, 28, 1)
    assert prepared.training_images.std() == pytest.approx(1, abs=0.01)
    prepare_dataset(job(tmp_path / "digits", label_noise=None), output)
    clean = load_prepared(output)
    assert int((clean.training_labels != prepared.training_labels).sum()) == 5
    assert torch.equal(clean.training_images, prepared.training_images)


def test_an_unknown_preprocessing_is_told_before_anything_is_read(tmp_path: Path) -> None:
    unknown = job(tmp_path / "nothing", preprocessing="whitening")
    with pytest.raises(InputError, match="'whitening' is not known"):
        prepare_dataset(unknown, tmp_path / "x")


def test_a_network_that_does_not_take_the_images_is_refused_before_any_training(
    tmp_path: Path, write_idx_folder: WriteFolder
) -> None:
    write_idx_folder(tmp_path / "digits")
    output = tmp_path / "digits.safetensors"
    unfit = job(tmp_path / "digits", ("lenet-mnist", "torchvision:alexnet"))
    with pytest.raises(InputError, match=r"^my digits, .*: .*torchvision:alexnet"):
        prepare_dataset(unfit, output)
    assert not output.exists()
    prepare_dataset(job(tmp_path / "digits", ("lenet-mnist", "resnet20")), output)
    assert output.exists()
