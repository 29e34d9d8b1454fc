"""Official data sets by name and by content."""

import gzip
import hashlib
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from maxgain.data.formats import svhn_mat
from maxgain.data.reading import read_dataset
from maxgain.data.registry import (
    EMBEDDED,
    FORMATS,
    OFFICIAL,
    PREPROCESSINGS,
    OfficialSet,
)
from maxgain.data.sources.local import read_local
from maxgain.data.sources.official import read_official
from maxgain.errors import InputError
from maxgain.registry import Registry, load_function

WriteFolder = Callable[[Path], dict[str, np.ndarray]]
WriteTar = Callable[..., Path]


@pytest.mark.parametrize("registry", [FORMATS, OFFICIAL, EMBEDDED, PREPROCESSINGS])
def test_every_row_names_a_function(registry: Registry) -> None:
    for name in registry.names():
        assert callable(registry.load(name))


def test_every_official_set_is_whole() -> None:
    assert OFFICIAL.names() == ["mnist", "fashion-mnist", "cifar10", "cifar100", "svhn"]
    for row in OFFICIAL.rows():
        assert callable(load_function(FORMATS.find(row.format).length, "length"))
        assert len(row.classes) == len(set(row.classes)) == (100 if row.name == "cifar100" else 10)
        assert all(mirror.startswith(("http://", "https://")) for mirror in row.mirrors)
        for file in row.files:
            algorithm, digits = file.checksum.split(":")
            assert len(bytes.fromhex(digits)) == hashlib.new(algorithm).digest_size
            assert file.of in ("content", "download")


# Fashion-MNIST: files of MNIST's names


def make_known(
    monkeypatch: pytest.MonkeyPatch, name: str, folder: Path, *, label: str | None = None
) -> OfficialSet:
    """Make the library take the files in a folder for those of an official data set."""
    row = OFFICIAL.find(name)
    files = tuple(
        replace(
            file,
            checksum=f"sha256:{hashlib.sha256((folder / file.name).read_bytes()).hexdigest()}",
        )
        for file in row.files
    )
    known = replace(row, files=files, label=label or row.label)
    monkeypatch.setitem(OFFICIAL._own, name, known)
    return known


def test_files_of_the_same_names_are_told_apart_by_their_content(
    tmp_path: Path, write_idx_folder: WriteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_idx_folder(tmp_path / "raw")
    assert read_local(tmp_path / "raw").label == "raw (not the official files)"
    make_known(monkeypatch, "fashion-mnist", tmp_path / "raw")
    data = read_local(tmp_path / "raw")
    assert data.label == "Fashion-MNIST"
    assert data.training.classes[0] == "T-shirt/top"
    with pytest.raises(InputError, match="not the official ones of MNIST"):
        read_local(tmp_path / "raw", label="MNIST")
    for path in list((tmp_path / "raw").iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
    fewer = read_dataset(
        "mine", "official", set="fashion-mnist", location=tmp_path / "raw", validation_images=10
    )
    assert fewer.label == "Fashion-MNIST, 10 of 20 validation images"
    with pytest.raises(InputError, match="train-images-idx3-ubyte has the SHA-256"):
        read_official("mnist", tmp_path / "raw")


@pytest.mark.parametrize("folder", ["MNIST/raw", "FashionMNIST/raw"])
def test_torchvisions_folders_with_both_forms_are_read(
    tmp_path: Path, write_idx_folder: WriteFolder, folder: str
) -> None:
    write_idx_folder(tmp_path / folder)
    for path in list((tmp_path / folder).iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
    for location in (tmp_path, tmp_path / folder):
        assert len(read_local(location).training) == 30


def test_two_data_sets_in_one_place_are_told_apart(
    tmp_path: Path, write_idx_folder: WriteFolder
) -> None:
    write_idx_folder(tmp_path / "MNIST" / "raw")
    write_idx_folder(tmp_path / "FashionMNIST" / "raw")
    changed = tmp_path / "FashionMNIST" / "raw" / "t10k-labels-idx1-ubyte"
    changed.write_bytes(changed.read_bytes()[:-1] + b"\0")
    said = r"FashionMNIST/raw/t10k-labels.* and .*/MNIST/raw/t10k-labels.* differ in content"
    with pytest.raises(InputError, match=said):
        read_local(tmp_path)


FASHION = Path("/usr/share/datasets/fashion-mnist")


@pytest.mark.skipif(not FASHION.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_fashion_mnists_checksums_are_those_of_files_with_the_published_md5() -> None:
    published = {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    }
    for file in OFFICIAL.find("fashion-mnist").files:
        content = gzip.decompress((FASHION / file.download).read_bytes())
        assert hashlib.md5(content).hexdigest() == published[file.name]
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == file.checksum
    assert read_local(FASHION).label == "Fashion-MNIST"


# CIFAR-100: the checksum is the archive's


@pytest.fixture
def cifar100(tmp_path: Path, write_tar: WriteTar) -> Path:
    random = np.random.default_rng(0)
    members = {}
    for name, count in (("train", 12), ("test", 4)):
        records = random.integers(0, 100, (count, 3074), dtype=np.uint8)
        records[:, 0] %= 20
        members[f"cifar-100-binary/{name}.bin"] = records.tobytes()
    (tmp_path / "cifar-100-binary").mkdir()
    for name, content in members.items():
        (tmp_path / name).write_bytes(content)
    return write_tar(tmp_path / "cifar-100-binary.tar.gz", members, "w:gz")


def test_cifar100_is_verified_by_its_archive(
    cifar100: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"tar.gz has the MD5 .*; the official one is 03b5dce0"):
        read_official("cifar100", cifar100.parent)
    row = OFFICIAL.find("cifar100")
    checksum = f"md5:{hashlib.md5(cifar100.read_bytes()).hexdigest()}"
    files = tuple(replace(file, checksum=checksum) for file in row.files)
    monkeypatch.setitem(OFFICIAL._own, "cifar100", replace(row, files=files))
    data = read_official("cifar100", cifar100.parent)
    assert data.label == "CIFAR-100"
    assert (len(data.training), len(data.validation)) == (12, 4)
    records = np.frombuffer(
        (cifar100.parent / "cifar-100-binary" / "train.bin").read_bytes(), np.uint8
    ).reshape(12, 3074)
    assert data.training.labels.tolist() == records[:, 1].tolist()
    assert np.array_equal(data.training.images.flatten(1).numpy(), records[:, 2:])


def test_an_unpacked_cifar100_says_that_it_cannot_be_verified(cifar100: Path) -> None:
    folder = cifar100.parent / "cifar-100-binary"
    data = read_local(folder)
    assert data.label == "cifar-100-binary (CIFAR-100's format, content not verified)"
    assert data.training.classes[99] == "worm"
    assert read_local(folder, label="CIFAR-100").label == "CIFAR-100"
    with pytest.raises(InputError, match="not the official ones of CIFAR-10;"):
        read_local(folder, label="CIFAR-10")


# SVHN


def svhn(count: int, seed: int = 0, **changes: object) -> bytes:
    random = np.random.default_rng(seed)
    arrays = {
        "X": random.integers(0, 256, (32, 32, 3, count), dtype=np.uint8),
        "y": (np.arange(count)[:, None] % 10 + 1).astype(np.uint8),
    }
    buffer = io.BytesIO()
    content = {key: value for key, value in (arrays | changes).items() if value is not None}
    scipy.io.savemat(buffer, content, do_compression=True)
    return buffer.getvalue()


def test_svhn_is_read_and_its_ten_is_zero(tmp_path: Path) -> None:
    (tmp_path / "train_32x32.mat").write_bytes(svhn(20))
    (tmp_path / "test_32x32.mat").write_bytes(svhn(10, 1))
    data = read_local(tmp_path, label="digits")
    expected = scipy.io.loadmat(tmp_path / "train_32x32.mat")
    assert data.training.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] * 2
    for number in range(20):
        image = data.training.images[number].permute(1, 2, 0).numpy()
        assert np.array_equal(image, expected["X"][:, :, :, number])
    with pytest.raises(InputError, match="not the official ones of SVHN"):
        read_local(tmp_path, label="SVHN")
    with pytest.raises(InputError, match=r"train_32x32.mat has the MD5"):
        read_official("svhn", tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a MAT file"),
        (b"x" * 1000, "is not a MAT file"),
        (svhn(5)[:-40], "is not a MAT file"),
        (svhn(5, X=None), "has y but no X"),
        (svhn(5, y=None), "has X but no y"),
        (svhn(5, X=np.zeros((32, 32, 3, 5))), "X of float64"),
        (svhn(5, X=np.zeros((28, 28, 3, 5), np.uint8)), r"shape \(28, 28, 3, 5\)"),
        (svhn(5, y=np.ones(4)), "4 labels y"),
        (svhn(5, y=np.zeros(5)), "labels from 0.0 to 0.0"),
        (svhn(5, y=np.full(5, 1.5)), "labels from 1.5"),
        (svhn(5, y=np.full(5, np.nan)), "labels from nan"),
        (svhn(5, y="12345"), "labels y of <U"),
        (svhn(5, y={"a": 1}), "labels y of"),
        (svhn(5, X=np.array([1, "a"], object)), "X of object"),
    ],
)
def test_broken_svhn_files_are_refused(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=f"^file .*{said}") as caught:
        svhn_mat.parse_file(content, tuple("0123456789"), "file")
    assert "\n" not in str(caught.value)


def test_the_registry_is_read_without_anything_heavy() -> None:
    heavy = ("torch", "numpy", "pandas", "matplotlib", "scipy", "PIL")
    code = f"import maxgain.data.registry, sys; print(sorted({heavy!r} & sys.modules.keys()))"
    code = code.replace(f"{heavy!r}", f"set({heavy!r})")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
