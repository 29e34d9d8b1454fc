"""Local and official data."""

import gzip
import hashlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maxgain.data.images import DataSet
from maxgain.data.reading import read_dataset
from maxgain.data.registry import OFFICIAL, OfficialFile, OfficialSet
from maxgain.data.sources import official
from maxgain.data.sources.local import read_local
from maxgain.data.sources.official import fetch_official, read_official
from maxgain.errors import InputError
from maxgain.files.archives import iterate_members
from maxgain.files.checksums import sha256_of

WriteFolder = Callable[[Path], dict[str, np.ndarray]]
WriteTar = Callable[..., Path]


# Local


@pytest.mark.parametrize("spelling", ["{}", "{}.gz", "dotted", "emnist"])
def test_idx_files_are_found_compressed_or_not(
    tmp_path: Path, write_idx_folder: WriteFolder, spelling: str
) -> None:
    arrays = write_idx_folder(tmp_path / "digits")
    for path in list((tmp_path / "digits").iterdir()):
        if spelling == "{}.gz":
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        elif spelling == "dotted":
            path.rename(path.with_name(path.name.replace("-idx", ".idx")))
        elif spelling == "emnist":  # as torchvision's EMNIST/raw
            path.rename(path.with_name(f"emnist-letters-{path.name.replace('t10k', 'test')}"))
    data = read_local(tmp_path / "digits")
    assert np.array_equal(data.training.images[:, 0].numpy(), arrays["train-images-idx3-ubyte"])
    assert np.array_equal(data.training.labels.numpy(), arrays["train-labels-idx1-ubyte"])
    assert np.array_equal(data.validation.images[:, 0].numpy(), arrays["t10k-images-idx3-ubyte"])
    assert np.array_equal(data.validation.labels.numpy(), arrays["t10k-labels-idx1-ubyte"])
    assert data.label == "digits (not the official files)"
    assert not data.stand_in


def test_several_sets_of_one_folder_are_refused(
    tmp_path: Path, write_idx_folder: WriteFolder
) -> None:
    write_idx_folder(tmp_path)
    labels = tmp_path / "train-labels-idx1-ubyte"
    changed = labels.read_bytes()[:-1] + b"\x01\x02"[labels.read_bytes()[-1] == 1 :][:1]
    (tmp_path / "emnist-digits-train-labels-idx1-ubyte").write_bytes(changed)
    with pytest.raises(InputError, match=r"differ in content; .* a folder with the files of one"):
        read_local(tmp_path)


def test_real_mnist_is_verified_and_bears_its_name(shared_data: Path) -> None:
    data = read_dataset("mnist", "local", location=shared_data / "mnist")
    assert data.label == "MNIST"
    assert not data.stand_in
    assert data.training.images.shape == (60000, 1, 28, 28)
    assert data.validation.images.shape == (10000, 1, 28, 28)
    assert data.training.labels[:5].tolist() == [5, 0, 4, 1, 9]
    smaller = read_dataset("mnist", "local", location=shared_data / "mnist", training_images=100)
    assert smaller.label == "MNIST, 100 of 60,000 training images"
    both = read_dataset(
        "mnist", "local", location=shared_data / "mnist", training_images=100, validation_images=50
    )
    assert both.label == "MNIST, 100 of 60,000 training and 50 of 10,000 validation images"


def test_mnist_checksums_are_those_of_files_with_the_published_md5(shared_data: Path) -> None:
    published = {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }
    for name, md5 in published.items():
        content = gzip.decompress((shared_data / "mnist" / f"{name}.gz").read_bytes())
        assert hashlib.md5(content).hexdigest() == md5
        (checksum,) = (file.checksum for file in OFFICIAL.find("mnist").files if file.name == name)
        assert f"sha256:{sha256_of(content)}" == checksum


def test_a_changed_pixel_loses_the_official_name(shared_data: Path, tmp_path: Path) -> None:
    for path in (shared_data / "mnist").glob("*.gz"):
        content = bytearray(gzip.decompress(path.read_bytes()))
        if path.name.startswith("t10k-images"):
            content[5000] ^= 1
        (tmp_path / path.name.removesuffix(".gz")).write_bytes(content)
    assert "not the official files" in read_local(tmp_path).label
    with pytest.raises(InputError, match="not the official ones of MNIST"):
        read_local(tmp_path, label="mnist")
    with pytest.raises(InputError, match=r"t10k-images.*the official one is"):
        _read_official_copy(tmp_path)


def _read_official_copy(folder: Path) -> DataSet:
    for path in list(folder.iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 1))
    return read_official("mnist", folder)


def test_real_jpegs_are_read_out_of_a_tar_xz(shared_data: Path) -> None:
    for number, member in enumerate(iterate_members(shared_data / "cifar10-jpeg.tar.xz")):
        image = Image.open(io.BytesIO(member.read()))
        assert member.name == f"train/airplane/{number:04}.jpg"
        assert image.size == (32, 32)
        assert image.mode == "RGB"
        if number == 20:
            break


def _pack(kind: str, folder: Path, members: dict[str, bytes], write_tar: WriteTar) -> Path:
    if kind == "folder":
        for name, content in members.items():
            (folder / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "pets" / name).write_bytes(content)
        return folder / "pets"
    if kind == "zip":
        with zipfile.ZipFile(folder / "pets.zip", "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return folder / "pets.zip"
    mode = f"w:{kind.partition('.')[2]}"
    return write_tar(folder / f"pets.{kind}", members, mode)


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_image_folders_are_read_in_any_packing(
    tmp_path: Path, image_members: dict[str, bytes], write_tar: WriteTar, kind: str
) -> None:
    # Archives in reversed order, one folder down, with files that do not matter.
    members = {f"top/{name}": content for name, content in reversed(image_members.items())}
    members |= {"top/README": b"pets", "top/train/cat/.DS_Store": b"x", "top/train/Thumbs.db": b""}
    data = read_local(_pack(kind, tmp_path, members, write_tar))
    assert data.label == "pets (image folder)"
    assert data.training.classes == ("cat", "dog")
    assert data.training.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.validation.labels.tolist() == [0, 0, 1, 1]
    assert data.training.images.shape == (6, 3, 6, 5)
    for part, split in ((data.training, "train"), (data.validation, "test")):
        names = sorted(name for name in image_members if name.startswith(split))
        for image, name in zip(part.images, names, strict=True):
            pixels = np.asarray(Image.open(io.BytesIO(image_members[name])))
            assert np.array_equal(image.numpy(), pixels.transpose(2, 0, 1))


def test_local_data_takes_the_users_label_and_stand_in(
    tmp_path: Path, image_members: dict[str, bytes], write_tar: WriteTar
) -> None:
    archive = write_tar(tmp_path / "copy.tar", image_members)
    data = read_dataset(
        "cifar10", "local", location=archive, label="CIFAR-10 (JPEG copy)", stand_in=True
    )
    assert (data.label, data.stand_in) == ("CIFAR-10 (JPEG copy)", True)
    with pytest.raises(InputError, match="not the official ones of CIFAR-10"):
        read_local(archive, label="CIFAR-10")


def test_grey_images_have_one_channel(tmp_path: Path, write_tar: WriteTar) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(30, dtype=np.uint8).reshape(5, 6)).save(buffer, "PNG")
    names = [f"{split}/{label}/1.png" for split in ("train", "test") for label in "ab"]
    archive = write_tar(tmp_path / "grey.tar", dict.fromkeys(names, buffer.getvalue()))
    data = read_local(archive)
    assert data.training.images.shape == (2, 1, 5, 6)
    assert data.training.images[0].flatten().tolist() == list(range(30))


# CIFAR-10's binary version


@pytest.fixture
def cifar_members() -> dict[str, bytes]:
    random = np.random.default_rng(3)
    members = {}
    for name in OFFICIAL.find("cifar10").file_names:
        records = random.integers(0, 256, (4, 3073), dtype=np.uint8)
        records[:, 0] %= 10
        members[f"cifar-10-batches-bin/{name}"] = records.tobytes()
    return members | {"cifar-10-batches-bin/readme.html": b"<p>"}


@pytest.fixture
def cifar_known(monkeypatch: pytest.MonkeyPatch, cifar_members: dict[str, bytes]) -> None:
    """Make the library take the made-up batches for the official ones."""
    known = {
        name.rpartition("/")[2]: hashlib.sha256(content).hexdigest()
        for name, content in cifar_members.items()
        if name.endswith(".bin")
    }
    row = OFFICIAL.find("cifar10")
    files = tuple(replace(file, checksum=f"sha256:{known[file.name]}") for file in row.files)
    monkeypatch.setitem(OFFICIAL._own, "cifar10", replace(row, files=files))


def _check_cifar(data: DataSet, members: dict[str, bytes]) -> None:
    batches = [members[f"cifar-10-batches-bin/data_batch_{number}.bin"] for number in range(1, 6)]
    records = np.frombuffer(b"".join(batches), np.uint8).reshape(20, 3073)
    assert data.training.labels.tolist() == records[:, 0].tolist()
    assert np.array_equal(data.training.images.flatten(1).numpy(), records[:, 1:])
    test = np.frombuffer(members["cifar-10-batches-bin/test_batch.bin"], np.uint8)
    assert np.array_equal(data.validation.images.flatten(1).numpy(), test.reshape(4, 3073)[:, 1:])
    assert data.training.classes[9] == "truck"


@pytest.mark.usefixtures("cifar_known")
def test_cifar_batches_are_found_in_folders_archives_and_folders_of_archives(
    tmp_path: Path, cifar_members: dict[str, bytes], write_tar: WriteTar
) -> None:
    # Another order and compression than the official archive's.
    reordered = dict(reversed(cifar_members.items()))
    archive = write_tar(tmp_path / "cifar-10-binary.tar.gz", reordered, "w:xz")
    for location in (tmp_path, archive):
        data = read_local(location)
        assert data.label == "CIFAR-10"
        _check_cifar(data, cifar_members)
    _check_cifar(read_dataset("cifar10", "official", location=tmp_path), cifar_members)
    folder = _pack("folder", tmp_path / "unpacked", cifar_members, write_tar)
    _check_cifar(read_local(folder), cifar_members)


def test_cifar_batches_of_other_content_lack_the_official_name(
    tmp_path: Path, cifar_members: dict[str, bytes], write_tar: WriteTar
) -> None:
    archive = write_tar(tmp_path / "cifar-10-binary.tar.gz", cifar_members, "w:gz")
    assert read_local(archive).label == "cifar-10-binary (not the official files)"
    with pytest.raises(InputError, match=r"data_batch_1.bin has the SHA-256"):
        read_official("cifar10", tmp_path)


# Official


def test_official_files_missing_without_network_tell_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="maxgain pipeline fetch-dataset mnist"):
        read_official("mnist", tmp_path)
    # Port 9 (discard) has no listener on any machine that runs tests.
    mirrors = ("http://127.0.0.1:9/a", "http://127.0.0.1:9/b")
    files = (OfficialFile("x", "x.gz", "sha256:0", "content"),)
    row = OfficialSet("mnist", "", "MNIST", "idx", (), mirrors, files)
    monkeypatch.setitem(OFFICIAL._own, "mnist", row)
    with pytest.raises(InputError) as caught:
        fetch_official("mnist", tmp_path, progress=False)
    for said in (
        "http://127.0.0.1:9/a/x.gz (no connection)",
        "http://127.0.0.1:9/b/x.gz (no connection)",
        "source to local and location to its path",
        "snakemake --cores all",
    ):
        assert said in str(caught.value)


def test_official_mnist_is_kept_when_it_is_there(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise AssertionError("nothing is missing")

    monkeypatch.setattr(official, "download", fail)
    paths = fetch_official("mnist", shared_data / "mnist")
    assert [path.name for path in paths] == [
        f"{name}.gz" for name in OFFICIAL.find("mnist").file_names
    ]
    assert read_official("mnist", shared_data / "mnist").label == "MNIST"
