"""Image folders as people have them: links, hidden folders, all kinds of pictures."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maxgain.data.sources.local import read_local
from maxgain.errors import InputError

WriteTar = Callable[..., Path]
SPLITS = ("train", "test")


def picture(path: Path, seed: int = 0, **options: object) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (6, 5, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, **options)  # type: ignore[arg-type]
    return pixels


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    for split in SPLITS:
        for number, name in enumerate(("cat", "dog")):
            picture(tmp_path / "pets" / split / name / "0.png", number)
    return tmp_path / "pets"


def test_links_to_classes_splits_files_and_the_folder_itself_are_followed(
    tmp_path: Path, pets: Path
) -> None:
    store = tmp_path / "store"
    expected = {split: picture(store / split / "cow" / "0.png", 7) for split in SPLITS}
    for split in SPLITS:
        (pets / split / "cow").symlink_to(store / split / "cow")
        (pets / split / "emu").mkdir()
        (pets / split / "emu" / "0.png").symlink_to(store / split / "cow" / "0.png")
    (tmp_path / "linked").mkdir()
    for split in SPLITS:
        (tmp_path / "linked" / split).symlink_to(pets / split)
    (tmp_path / "link").symlink_to(tmp_path / "linked")
    for location in (pets, tmp_path / "linked", tmp_path / "link"):
        data = read_local(location)
        assert data.training.classes == ("cat", "cow", "dog", "emu")
        for number in (1, 3):
            image = data.training.images[number].permute(1, 2, 0).numpy()
            assert np.array_equal(image, expected["train"])


@pytest.mark.parametrize("place", ["train/again", "again", "train/cat/again"])
def test_circles_of_links_are_refused(pets: Path, place: str) -> None:
    (pets / place).symlink_to(pets)
    with pytest.raises(InputError, match="again is a link to a folder that it lies in"):
        read_local(pets)


def test_a_link_to_itself_or_to_nowhere_is_named(pets: Path) -> None:
    (pets / "train" / "emu").symlink_to(pets / "train" / "emu")
    with pytest.raises(InputError, match="train/emu cannot be read"):
        read_local(pets)
    (pets / "train" / "emu").unlink()
    (pets / "train" / "emu").symlink_to(pets / "nowhere")
    with pytest.raises(InputError, match="train/emu cannot be read"):
        read_local(pets)


def test_folders_too_deep_are_refused(pets: Path) -> None:
    deep = pets.joinpath(*(["d"] * 120))
    deep.mkdir(parents=True)
    with pytest.raises(InputError, match="deeper than the 100 folders allowed"):
        read_local(pets)


@pytest.mark.parametrize(
    "hidden",
    [
        "train/.ipynb_checkpoints/0.png",
        "train/cat/.ipynb_checkpoints/0-checkpoint.png",
        "train/__MACOSX/._0.png",
        "__MACOSX/train/cat/0.png",
        ".git/train/cat/0.png",
        "train/@eaDir/0.png",
        ".Trash-1000/files/train-images-idx3-ubyte",
        "train/.DS_Store",
        "train/cat/._0.png",
        "train/cat/desktop.ini",
    ],
)
@pytest.mark.parametrize("packing", ["folder", "tar"])
def test_hidden_folders_are_neither_classes_nor_passed_over_in_silence(
    pets: Path, tmp_path: Path, hidden: str, packing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (pets / hidden).parent.mkdir(parents=True, exist_ok=True)
    (pets / hidden).write_bytes((pets / "train" / "cat" / "0.png").read_bytes())
    location = pets
    if packing == "tar":
        location = tmp_path / "pets.tar"
        with tarfile.open(location, "w") as tar:
            tar.add(pets, "pets")
    data = read_local(location)
    assert data.training.classes == ("cat", "dog")
    assert len(data.training) == 2
    folders = [part for part in hidden.split("/")[:-1] if part.startswith((".", "@", "__"))]
    said = capsys.readouterr().err.replace("\n", "")
    assert all(folder in said for folder in folders)
    assert ("passed over" in said) == bool(folders)


def test_what_is_hidden_within_a_hidden_folder_is_not_looked_at(pets: Path) -> None:
    (pets / ".git").mkdir()
    os.mkfifo(pets / ".git" / "pipe")
    (pets / ".git" / "link").symlink_to(pets / "nowhere")
    assert len(read_local(pets).training) == 2


def test_a_location_in_a_hidden_folder_is_read(tmp_path: Path, pets: Path) -> None:
    pets.rename(tmp_path / ".pets")
    assert read_local(tmp_path / ".pets").training.classes == ("cat", "dog")


def test_data_in_hidden_folders_alone_are_told(tmp_path: Path) -> None:
    for split in SPLITS:
        picture(tmp_path / "data" / ".pets" / split / "cat" / "0.png")
    with pytest.raises(InputError, match=r"no data set.* Passed over was the hidden \.pets"):
        read_local(tmp_path / "data")


def test_pictures_of_many_kinds_make_one_data_set(tmp_path: Path) -> None:
    options: dict[str, dict[str, object]] = {
        "a.png": {},
        "b.PNG": {},
        "c.webp": {"lossless": True},
        "d.bmp": {},
        "e.tif": {},
        "f.TIFF": {},
    }
    for split in SPLITS:
        for name in ("cat", "dog"):
            for file, settings in options.items():
                expected = picture(tmp_path / split / name / file, 3, **settings)
            picture(tmp_path / split / name / "g.jpg", 3, quality=100)
            preview = [Image.new("RGB", (8, 8))]
            camera = {"format": "MPO", "save_all": True, "append_images": preview}
            picture(tmp_path / split / name / "h.jpeg", 3, **camera)
            Image.fromarray(expected).convert("RGBA").save(tmp_path / split / name / "i.png")
    data = read_local(tmp_path)
    assert len(data.training) == 2 * 9
    for image in [*data.training.images[:6], data.training.images[8]]:
        assert np.array_equal(image.permute(1, 2, 0).numpy(), expected)


def test_wide_grey_pictures_are_scaled_and_turned(tmp_path: Path) -> None:
    grey = np.arange(30, dtype=np.uint8).reshape(5, 6) * 8
    exif = Image.Exif()
    exif[0x0112] = 6
    for split in SPLITS:
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            Image.fromarray(grey).save(tmp_path / split / name / "0.png")
            Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / split / name / "1.png")
            Image.fromarray(np.rot90(grey)).save(tmp_path / split / name / "2.png", exif=exif)
    images = read_local(tmp_path).training.images
    assert images.shape == (6, 1, 5, 6)
    assert all(np.array_equal(image[0].numpy(), grey) for image in images)


def test_archives_must_not_link(tmp_path: Path, write_tar: WriteTar) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (5, 6)).save(buffer, "PNG")
    archive = write_tar(tmp_path / "x.tar", {"train/cat/0.png": buffer.getvalue()})
    with tarfile.open(archive, "a") as tar:
        link = tarfile.TarInfo("train/dog")
        link.type, link.linkname = tarfile.SYMTYPE, "cat"
        tar.addfile(link)
    with pytest.raises(InputError, match="train/dog is a link, device"):
        read_local(archive)
