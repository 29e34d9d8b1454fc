"""Label noise: how much, where, and that it is told."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from maxgain.data.images import DataSet, ImageData
from maxgain.data.label_noise import LabelNoise, add_label_noise, flip_labels
from maxgain.data.prepared import load_prepared, prepare_data, write_prepared
from maxgain.errors import InputError


def data_set(count: int = 100, classes: int = 4) -> DataSet:
    names = tuple("abcdefghij"[:classes])
    parts = [
        ImageData(
            torch.arange(number * 4).remainder(256).to(torch.uint8).reshape(-1, 1, 2, 2),
            torch.arange(number) % classes,
            names,
        )
        for number in (count, 20)
    ]
    return DataSet(parts[0], parts[1], "data", stand_in=False)


@given(st.floats(0, 0.99), st.integers(0, 2**40), st.integers(2, 10))
def test_exactly_the_share_is_wrong(rate: float, seed: int, classes: int) -> None:
    data = data_set(101, classes)
    noisy = add_label_noise(data, LabelNoise(rate, seed))
    changed = noisy.training.labels != data.training.labels
    assert int(changed.sum()) == round(rate * 101)
    assert torch.equal(noisy.training.images, data.training.images)
    assert torch.equal(noisy.validation.labels, data.validation.labels)
    again = add_label_noise(data, LabelNoise(rate, seed))
    assert torch.equal(noisy.training.labels, again.training.labels)


def test_wrong_labels_are_spread_evenly_over_the_other_classes() -> None:
    labels = torch.zeros(90_000, dtype=torch.int64)
    noisy = flip_labels(labels, 10, LabelNoise(0.5, 3))
    counts = torch.bincount(noisy, minlength=10)
    assert counts[0] == 45_000
    # 5,000 of each, with a standard deviation of 67.
    assert (counts[1:] - 5000).abs().max() < 300


def test_seeds_differ() -> None:
    labels = torch.arange(100) % 4
    first, second = (flip_labels(labels, 4, LabelNoise(0.3, seed)) for seed in (0, 1))
    assert not torch.equal(first, second)


def test_the_label_and_the_prepared_file_tell_it(tmp_path: Path) -> None:
    noise = LabelNoise(0.2, 5)
    noisy = add_label_noise(data_set(), noise)
    assert noisy.label == "data, 20 % of the training labels wrong"
    assert add_label_noise(data_set(), LabelNoise(0.0)).label == "data"
    clean, marked = (
        prepare_data(data, "mean-image", dataset="x", source="local", label_noise=noise)
        for data in (data_set(), noisy)
    )
    assert clean.checksums["training"] != marked.checksums["training"]
    write_prepared(tmp_path / "x.safetensors", marked)
    assert load_prepared(tmp_path / "x.safetensors").label_noise == noise


@pytest.mark.parametrize(("rate", "seed"), [(1.0, 0), (-0.1, 0), (float("nan"), 0), (0.1, -1)])
def test_bad_noise_is_refused(rate: float, seed: int) -> None:
    with pytest.raises(InputError, match=r"label_noise\.(rate|seed) is"):
        LabelNoise(rate, seed)


def test_one_class_cannot_be_noisy() -> None:
    with pytest.raises(InputError, match="two classes or more"):
        flip_labels(torch.zeros(5, dtype=torch.int64), 1, LabelNoise(0.2))
