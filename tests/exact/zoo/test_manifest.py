"""A folder or archive with a manifest: a family of networks of any user's."""

import hashlib
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from maxgain.errors import InputError
from maxgain.zoo.fetching import fetch_weights
from maxgain.zoo.loading import load_network
from maxgain.zoo.manifest import read_manifest
from maxgain.zoo.names import file_stem, needs_download, resolve_networks
from maxgain.zoo.network import GivenInput
from tests.exact.zoo import onnx_files as files

HEAD = "name,file,sha256,input_size,mean,std,top1_error,top5_error,error_source,weights,source\n"


def make_folder(folder: Path, rows: str | None = None) -> Path:
    file = files.save(files.classifier(sizes=("n", 3, "h", "w")), folder / "nets" / "a.onnx")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / "manifest.csv").write_text(
        HEAD
        + (
            rows
            or "first,nets/a.onnx,{0},24,0.5,0.25,40,20.5,paper,int8 dequantised,somewhere\n"
            'second,nets/a.onnx,{0},"3,20,30",0.1 0.2 0.3,1/255,,,,,\n'
        ).format(digest)
    )
    return folder


def test_a_folder_is_a_family(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "mine")
    names = resolve_networks([str(folder)])
    assert names == [f"{folder}#first", f"{folder}#second"]
    assert [needs_download(name) for name in names] == [False, False]
    first, second = (load_network(name, tmp_path / "weights") for name in names)
    assert (first.name, first.family, first.top5_error) == ("first", "manifest", 20.5)
    assert (first.precision, first.weights) == (
        "int8 dequantised",
        "int8 dequantised; somewhere",
    )
    assert first.average_image.shape == (3, 24, 24)
    np.testing.assert_allclose(first.average_image.numpy(), 127.5)
    assert second.average_image.shape == (3, 20, 30)
    np.testing.assert_allclose(second.average_image[:, 0, 0].numpy(), [25.5, 51, 76.5], rtol=1e-6)
    assert not (tmp_path / "weights").exists()
    with pytest.raises(InputError, match="leave them out"):
        load_network(names[0], tmp_path, GivenInput(mean=(0.4,)))


@pytest.mark.parametrize("kind", ["tar.xz", "zip"])
def test_an_archive_is_unpacked_once(kind: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "inside" / "mine")
    archive = tmp_path / f"mine.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in folder.rglob("*.*"):
                file.write(path, path.relative_to(folder.parent))
    else:
        with tarfile.open(archive, "w:xz") as file:
            file.add(folder, folder.name)
    shutil.rmtree(folder)
    names = resolve_networks([str(archive)])
    assert all(needs_download(name) for name in names)
    weights = tmp_path / "weights"
    path = fetch_weights(names[0], weights, tmp_path / "lock")
    assert path is not None
    changed = path.stat().st_mtime_ns
    assert load_network(names[1], weights).average_image.shape == (3, 20, 30)
    assert path.stat().st_mtime_ns == changed
    assert len(list((weights / "unpacked").glob("mine-*"))) == 1
    path.write_bytes(path.read_bytes() + b"!")
    for call in (
        lambda: load_network(names[0], weights),
        lambda: fetch_weights(names[0], weights, path),
    ):
        with pytest.raises(InputError, match="SHA-256"):
            call()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,../a.onnx,{0},24,0,1,,,,,\n", "must be a path below the manifest"),
        ("a,/etc/a.onnx,{0},24,0,1,,,,,\n", "must be a path below the manifest"),
        ("a,nets/a.pkl,{0},24,0,1,,,,,\n", "must end in .onnx, .mat"),
        ("a,nets/a.onnx,123,24,0,1,,,,,\n", "64 hexadecimal digits"),
        ("../a,nets/a.onnx,{0},24,0,1,,,,,\n", "name is '../a'"),
        ("a,nets/a.onnx,{0},0,0,1,,,,,\n", "input_size of 'a' is '0'"),
        ("a,nets/a.onnx,{0},24,x,1,,,,,\n", "mean of 'a' is 'x'"),
        ("a,nets/a.onnx,{0},24,0,0,,,,,\n", "positive numbers"),
        ("a,nets/a.onnx,{0},24,0,1,,many,,,\n", "top5_error of 'a' is 'many'"),
        ("a,nets/a.onnx,{0},24,0,1,,,,,\na,nets/a.onnx,{0},24,0,1,,,,,\n", "'a' 2 times"),
    ],
)
def test_rows_are_checked_before_work_starts(row: str, words: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "bad", row)
    with pytest.raises(InputError, match=words):
        resolve_networks([str(folder)])


def test_missing_manifests_files_and_links_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"has no manifest\.csv"):
        resolve_networks([str(tmp_path / "empty")])
    with pytest.raises(InputError, match="does not exist"):
        resolve_networks([str(tmp_path / "none.zip")])
    folder = make_folder(tmp_path / "mine")
    with pytest.raises(InputError, match="lists no network 'third'"):
        load_network(f"{folder}#third", tmp_path)
    file = folder / "nets" / "a.onnx"
    file.rename(tmp_path / "outside.onnx")
    with pytest.raises(InputError, match="does not exist"):
        load_network(f"{folder}#first", tmp_path)
    file.symlink_to(tmp_path / "outside.onnx")
    with pytest.raises(InputError, match="link out of its folder"):
        load_network(f"{folder}#first", tmp_path)
    assert len(read_manifest(str(folder))) == 2


def test_names_of_files_are_safe_and_never_shared() -> None:
    assert file_stem("alexnet") == "alexnet"
    assert file_stem("a.b:c") == "a.b:c"
    stems = {file_stem(name) for name in ("/x/a#n", "/y/a#n", "../a#n", "x y", "-a", "é" * 300)}
    assert len(stems) == 6
    assert all("/" not in stem and not stem.startswith(("-", ".")) for stem in stems)
