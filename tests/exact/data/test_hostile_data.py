"""Broken and malicious data files: one clear sentence, no code run, no memory taken."""

import gzip
import io
import json
import lzma
import os
import pickle
import resource
import signal
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file, save_file

from maxgain.data.formats import cifar_binary as cifar
from maxgain.data.formats import idx, image_folder
from maxgain.data.images import DataSet
from maxgain.data.prepared import load_prepared, prepare_data, write_prepared
from maxgain.data.registry import OFFICIAL
from maxgain.data.sources.local import read_local
from maxgain.errors import InputError
from maxgain.files import archives as members

# What is imported at the first use: no test is to count that as its file's memory.
Image.init()

CIFAR10_FILES = OFFICIAL.find("cifar10").file_names

WriteFolder = Callable[[Path], dict[str, np.ndarray]]
WriteTar = Callable[..., Path]
SHARED_FOLDER = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    """Fail when the block takes more than `limit` bytes."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak} bytes were taken"


@pytest.fixture(scope="module", autouse=True)
def imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(InputError):
        read_local(tmp_path_factory.mktemp("empty"))
    folder = tmp_path_factory.mktemp("one")
    (folder / "archive.tar").write_bytes(_entry("cat").tobuf() + bytes(1024))
    with pytest.raises(InputError):
        read_local(folder / "archive.tar")


def refuses(location: Path, said: str | None = None) -> None:
    """Check that reading ends in an InputError of one sentence."""
    with pytest.raises(InputError, match=said) as caught:
        read_local(location)
    assert "\n" not in str(caught.value)


# IDX


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has 0 bytes"),
        (b"\0\0\x08", "has 3 bytes"),
        (b"\0\0\x08\x03" + bytes(11), "has 15 bytes"),
        (struct.pack(">4B3I", 0, 0, 0x0D, 3, 1, 2, 2) + bytes(4), "starts with the bytes 00 00 0d"),
        (struct.pack(">4B3I", 0, 0, 0x08, 1, 1, 2, 2) + bytes(4), "starts with the bytes"),
        (struct.pack(">4B3I", 1, 0, 0x08, 3, 1, 2, 2) + bytes(4), "starts with the bytes 01"),
        (struct.pack("<4B3I", 0, 0, 0x08, 3, 1, 2, 2) + bytes(4), "which make"),
        (struct.pack(">4B3I", 0, 0, 0x08, 3, 1, 2, 2) + bytes(3), "has 19 bytes"),
        (struct.pack(">4B3I", 0, 0, 0x08, 3, 1, 2, 2) + bytes(5), "has 21 bytes"),
        (struct.pack(">4B3I", 0, 0, 0x08, 3, 0, 28, 28), "none may be 0"),
        (struct.pack(">4B3I", 0, 0, 0x08, 3, *[2**32 - 1] * 3) + bytes(4), "which make"),
        (pickle.dumps([1, 2, 3]), "starts with the bytes"),
    ],
)
def test_broken_idx_images_are_refused(content: bytes, said: str) -> None:
    with memory_below(10**6), pytest.raises(InputError, match=said):
        idx.parse_images(content, "images")


@given(st.binary(max_size=64))
def test_any_bytes_are_idx_or_refused(content: bytes) -> None:
    for parse, dimensions in ((idx.parse_images, 3), (idx.parse_labels, 1)):
        try:
            parsed = parse(content, "file")
        except InputError:
            continue
        assert parsed.numel() == len(content) - idx.header_length(dimensions)


def test_counts_and_labels_must_agree(idx_bytes: Callable[[np.ndarray], bytes]) -> None:
    images = idx_bytes(np.zeros((3, 2, 2)))
    with pytest.raises(InputError, match="3 images but 2 labels"):
        idx.parse_pair(images, idx_bytes(np.zeros(2)), None, "data")
    with pytest.raises(InputError, match="range from 0 to 2"):
        idx.parse_pair(images, idx_bytes(np.array([0, 2, 1])), ("a", "b"), "data")


def _damage_truncate(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _damage_append(content: bytes) -> bytes:
    return content + b"\0"


def _damage_empty(_: bytes) -> bytes:
    return b""


def _damage_pickle(_: bytes) -> bytes:
    return pickle.dumps({"data": 1})


def _damage_other_gzip(content: bytes) -> bytes:
    return gzip.compress(content)[:-9]


def _damage_gzip_checksum(content: bytes) -> bytes:
    compressed = bytearray(gzip.compress(content))
    compressed[-6] ^= 1
    return bytes(compressed)


def _damage_declares_more(content: bytes) -> bytes:
    return content[:4] + b"\xff\xff\xff\xff" + content[8:]


def _damage_bomb(content: bytes) -> bytes:
    """Compress 200 MB of zeros behind a header that declares what it did."""
    return gzip.compress(content[: idx.header_length(content[3])] + bytes(200 * 10**6), 1)


DAMAGES = [
    _damage_truncate,
    _damage_append,
    _damage_empty,
    _damage_pickle,
    _damage_other_gzip,
    _damage_gzip_checksum,
    _damage_declares_more,
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_damaged_mnist_files_are_refused(
    tmp_path: Path, write_idx_folder: WriteFolder, damage: Callable[[bytes], bytes], name: str
) -> None:
    write_idx_folder(tmp_path)
    path = tmp_path / name
    path.write_bytes(damage(path.read_bytes()))
    refuses(tmp_path, name.partition("-")[0])


def test_a_gzip_bomb_takes_no_memory(tmp_path: Path, write_idx_folder: WriteFolder) -> None:
    write_idx_folder(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(_damage_bomb(path.read_bytes()))
    with memory_below(10 * 10**6):
        refuses(tmp_path, "its header declares")


@SHARED_FOLDER
@given(data=st.data())
def test_flipped_bits_are_refused_or_lose_nothing_but_the_pixel(
    tmp_path: Path, write_idx_folder: WriteFolder, data: st.DataObject
) -> None:
    arrays = write_idx_folder(tmp_path)
    path = tmp_path / data.draw(st.sampled_from(sorted(arrays)))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    try:
        read = read_local(tmp_path)
    except InputError:
        return
    assert place >= 8, "a changed header was accepted"
    assert "not the official files" in read.label


def test_missing_and_doubled_files_are_named(tmp_path: Path, write_idx_folder: WriteFolder) -> None:
    write_idx_folder(tmp_path)
    path = tmp_path / "t10k-labels-idx1-ubyte"
    other = path.read_bytes()[:-1] + b"\0"
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(other))
    refuses(tmp_path, "labels-idx1-ubyte and .*labels-idx1-ubyte.gz differ in content; only one")
    path.unlink()
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    refuses(tmp_path, "lacks t10k-labels-idx1-ubyte")


# CIFAR-10


@pytest.mark.parametrize(
    "content",
    [b"", bytes(3072), bytes(3074), b"\x0a" + bytes(3072), bytes(3073 * 10_001)],
    ids=["empty", "short", "long", "label 10", "too many"],
)
def test_broken_cifar_batches_are_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=r"^batch has"):
        cifar.parse_batch(content, "batch")


@given(st.binary(max_size=40), st.integers(1, 2))
def test_any_bytes_are_a_cifar_batch_or_refused(head: bytes, count: int) -> None:
    content = (head + bytes(3073 * count))[: 3073 * count]
    try:
        batch = cifar.parse_batch(content, "batch")
    except InputError:
        assert content[0] > 9
        return
    assert int(batch.labels.max()) <= 9


class _Bomb:
    """Unpickling this makes the folder that tells."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("name", ["data_batch_1", "data_batch_1.bin", "train-images-idx3-ubyte"])
def test_pickles_are_never_run(
    tmp_path: Path, write_tar: WriteTar, write_idx_folder: WriteFolder, name: str
) -> None:
    told = tmp_path / "told"
    code = pickle.dumps(_Bomb(str(told)))
    assert pickle.loads(code) is None
    assert told.is_dir(), "the pickle is meant to work"
    told.rmdir()
    contents = {f"cifar-10-batches-bin/{batch}": bytes(3073) for batch in CIFAR10_FILES}
    archive = write_tar(tmp_path / "cifar.tar.gz", contents | {f"x/{name}": code}, "w:gz")
    refuses(archive)
    write_idx_folder(tmp_path / "digits")
    (tmp_path / "digits" / name).write_bytes(code)
    refuses(tmp_path / "digits")
    assert not told.exists()


# Archives


def _entry(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0
) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, link, size
    return entry


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (_entry("../../evil"), "'..' are not allowed"),
        (_entry("train/../../evil"), "'..' are not allowed"),
        (_entry("..\\evil"), "'..' are not allowed"),
        (_entry("/etc/evil"), "absolute names"),
        (_entry("train/cat/1.png", tarfile.SYMTYPE, "/etc/passwd"), "is a link, device"),
        (_entry("train/cat/1.png", tarfile.LNKTYPE, "train/cat/0.png"), "is a link, device"),
        (_entry("train/cat/1.png", tarfile.FIFOTYPE), "is a link, device"),
        (_entry("train/cat/1.png", tarfile.CHRTYPE), "is a link, device"),
        (_entry("train/cat/1.png", size=2**40), "declares 1099511627776 bytes"),
        (_entry("data_batch_1.bin", size=2**40), "cannot be read"),
        (_entry("train/cat", size=0), "does not belong in an image folder"),
        (_entry("cat"), "no data set"),
        (_entry("train/cat/1.gif"), "does not belong in an image folder"),
        (_entry("train/cat/sub/1.png"), "does not belong in an image folder"),
        (_entry("train/1.png"), "does not belong in an image folder"),
        (_entry("long", tarfile.GNUTYPE_LONGNAME, size=2**33), "header of 8589934592 bytes"),
        (_entry("pax", tarfile.XHDTYPE, size=2**33), "header of 8589934592 bytes"),
        (_entry("sparse", tarfile.GNUTYPE_SPARSE, size=0), "sparse|cannot be read"),
    ],
    ids=lambda value: value.name if isinstance(value, tarfile.TarInfo) else None,
)
def test_malicious_tar_members_are_refused(
    tmp_path: Path, entry: tarfile.TarInfo, said: str
) -> None:
    header = entry.tobuf(tarfile.GNU_FORMAT)
    archive = tmp_path / "evil.tar"
    archive.write_bytes(header + bytes(1024))
    before = sorted(tmp_path.parent.iterdir())
    with memory_below(5 * 10**6):
        refuses(archive, said)
    assert sorted(tmp_path.iterdir()) == [archive]
    assert sorted(tmp_path.parent.iterdir()) == before


@pytest.mark.parametrize("name", ["../evil", "/evil", "train/../../evil"])
def test_malicious_zip_names_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr(name, b"x")
    refuses(tmp_path / "evil.zip", "absolute names and '..'")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.zip"]


def test_zip_links_are_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("train/cat/1.png")
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    refuses(tmp_path / "evil.zip", "is a link or device")


def test_zip_members_that_declare_less_or_more_than_they_hold_are_refused(tmp_path: Path) -> None:
    for declared in (10, 10**6):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("train/cat/1.png", bytes(5000))
        content = buffer.getvalue().replace(struct.pack("<I", 5000), struct.pack("<I", declared))
        (tmp_path / "evil.zip").write_bytes(content)
        refuses(tmp_path / "evil.zip", "1.png")


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_decompression_bomb_takes_no_memory(
    tmp_path: Path, write_tar: WriteTar, kind: str
) -> None:
    zeros = bytes(300 * 10**6)
    bomb = tmp_path / f"bomb.{kind}"
    if kind == "tar":
        write_tar(bomb, {"train/cat/1.png": zeros}, "w:gz")
    else:
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("train/cat/1.png", zeros)
    del zeros
    with memory_below(10 * 10**6):
        refuses(bomb, "declares 300000000 bytes; allowed are at most 33554432")


def test_a_name_may_come_once(tmp_path: Path, image_members: dict[str, bytes]) -> None:
    name, content = next(iter(image_members.items()))
    with tarfile.open(tmp_path / "twice.tar", "w") as tar:
        for _ in range(2):
            tar.addfile(_entry(name, size=len(content)), io.BytesIO(content))
    refuses(tmp_path / "twice.tar", "is in the archive twice")


def test_members_are_counted(
    tmp_path: Path,
    image_members: dict[str, bytes],
    write_tar: WriteTar,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(members, "MAXIMUM_MEMBERS", 5)
    refuses(write_tar(tmp_path / "many.tar", image_members), "more files than the 5 allowed")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_archives_cut_off_anywhere_are_refused(
    tmp_path: Path, image_members: dict[str, bytes], write_tar: WriteTar, mode: str
) -> None:
    content = write_tar(tmp_path / "whole", image_members, mode).read_bytes()
    archive = tmp_path / "cut.tar"
    ends = list(range(0, len(content), max(1, len(content) // 40)))
    if mode == "w":
        data_end = content.rstrip(b"\0")
        ends = [end for end in ends if end < len(data_end)]
        # Between two members nothing but the missing end tells.
        ends += [
            place for place in range(512, len(data_end), 512) if content[place:][:5] == b"train"
        ]
    assert len(ends) > 20
    for end in ends:
        archive.write_bytes(content[:end])
        refuses(archive)


@SHARED_FOLDER
@given(data=st.data())
def test_archives_with_flipped_bits_never_end_in_another_error(
    tmp_path: Path, image_members: dict[str, bytes], write_tar: WriteTar, data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from(["w", "w:gz", "w:xz", "zip"]))
    archive = tmp_path / "flipped"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for name, content in image_members.items():
                file.writestr(name, content)
    else:
        write_tar(archive, image_members, kind)
    content = bytearray(archive.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    archive.write_bytes(content)
    try:
        read = read_local(archive)
    except InputError as error:
        assert str(archive) in str(error) or "archive" in str(error)  # noqa: PT017
        return
    assert read.training.images.shape[1:] == (3, 6, 5)


@SHARED_FOLDER
@given(content=st.binary(max_size=2000))
def test_any_file_is_an_archive_or_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "any").write_bytes(content)
    refuses(tmp_path / "any")


def test_xz_with_an_absurd_dictionary_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**20}]
    content = bytearray(lzma.compress(bytes(1000), filters=filters))
    # The dictionary's size is one byte of the block header; its checksum then is wrong too.
    content[content.index(bytes([0x21, 0x01])) + 2] = 40
    (tmp_path / "evil.tar.xz").write_bytes(content)
    with memory_below(10**7):
        refuses(tmp_path / "evil.tar.xz")


def test_folders_with_pipes_are_refused_and_do_not_hang(
    tmp_path: Path, write_idx_folder: WriteFolder
) -> None:
    write_idx_folder(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    refuses(tmp_path, "pipe is not a regular file")
    refuses(tmp_path / "pipe", "is no folder or file")


def test_a_dangling_link_in_a_folder_is_named(
    tmp_path: Path, write_idx_folder: WriteFolder
) -> None:
    write_idx_folder(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    refuses(tmp_path, "link cannot be read")


# Images


def _png(mode: str = "RGB", size: tuple[int, int] = (5, 6)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "PNG")
    return buffer.getvalue()


def _encoded(image_format: str, mode: str = "RGB", colour: float = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (5, 6), colour).save(buffer, image_format)
    return buffer.getvalue()


def _png_bomb() -> bytes:
    """A PNG of 145 bytes or so that declares 60,000 x 60,000 pixels."""
    content = bytearray(_png())
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    content[29:33] = struct.pack(">I", _crc(bytes(content[12:29])))
    return bytes(content)


def _crc(content: bytes) -> int:
    import zlib

    return zlib.crc32(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a readable image"),
        (b"GIF89a", "is not a readable image"),
        (_encoded("GIF"), "is not a readable image"),
        (pickle.dumps([1]), "is not a readable image"),
        (_png()[:45], "is not a readable image"),
        (_png()[:-20] + bytes(20), "is not a readable image"),
        (_encoded("JPEG")[:-40], "is not a readable image"),
        (_png_bomb(), "is not a readable image|allowed are at most"),
        (_png(size=(1025, 1024)), "1024 x 1025; allowed are at most 1048576"),
        (_png(size=(6, 6)), "all images must have one size"),
        (_png("L"), "all images must have one size and be all grey or all colour"),
        (_png("RGBA"), "has transparent pixels"),
        (_png("1"), "all images must have one size and be all grey or all colour"),
        (_png("I;16"), "all images must have one size and be all grey or all colour"),
        (_encoded("TIFF", "F", 2.0), "floats from 2 to 2; allowed are 0"),
        (_encoded("TIFF", "F", float("nan")), "floats from nan to nan; allowed are 0"),
        (_encoded("TIFF", "I", 256), "integers of 32 or signed 16 bits from 256 to 256"),
        (_encoded("TIFF", "LAB"), "of mode LAB"),
    ],
)
def test_broken_and_unequal_images_are_named(
    tmp_path: Path,
    image_members: dict[str, bytes],
    write_tar: WriteTar,
    content: bytes,
    said: str,
) -> None:
    archive = write_tar(tmp_path / "images.tar", image_members | {"train/cat/9.png": content})
    with memory_below(5 * 10**6):
        refuses(archive, f"train/cat/9.png.*({said})")


@SHARED_FOLDER
@given(data=st.data())
def test_damaged_pngs_are_refused_or_the_same(
    tmp_path: Path, image_members: dict[str, bytes], write_tar: WriteTar, data: st.DataObject
) -> None:
    content = bytearray(image_members["train/cat/0.png"])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    whole = read_local(write_tar(tmp_path / "whole.tar", image_members))
    damaged = image_members | {"train/cat/0.png": bytes(content)}
    archive = write_tar(tmp_path / "damaged.tar", damaged)
    try:
        read = read_local(archive)
    except InputError:
        return
    # What PNG's own checksums do not cover must not matter.
    assert torch.equal(read.training.images, whole.training.images)


def test_the_sum_of_all_pixels_is_limited(
    tmp_path: Path,
    image_members: dict[str, bytes],
    write_tar: WriteTar,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(image_folder, "MAXIMUM_PIXEL_BYTES", 9 * 90)
    refuses(write_tar(tmp_path / "many.tar", image_members), "more than 810 bytes of pixels")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["train/cat/1.png"], "cat in train and none in test"),
        (["train/cat/1.png", "test/cat/1.png"], "the same two or more"),
        (["train/a/1.png", "train/b/1.png", "test/a/1.png"], "a, b in train and a in test"),
        (["x/train/a/1.png", "y/test/a/1.png"], "in x, y; they must be in one place"),
        (["train/a/1.png", "train-images-idx3-ubyte"], "train-images-idx3-ubyte|several"),
        (["readme.txt"], "no data set"),
        (
            [f"{split}/{label}/1.png" for split in ("train", "test") for label in ("a", "\x1b[1m")],
            "must be printable",
        ),
    ],
)
def test_incomplete_image_folders_are_refused(
    tmp_path: Path, write_tar: WriteTar, names: list[str], said: str
) -> None:
    refuses(write_tar(tmp_path / "x.tar", dict.fromkeys(names, _png())), said)


# Prepared files


@pytest.fixture
def prepared_path(tmp_path: Path, write_idx_folder: WriteFolder) -> Path:
    write_idx_folder(tmp_path / "digits")
    data: DataSet = read_local(tmp_path / "digits")
    path = tmp_path / "prepared.safetensors"
    write_prepared(path, prepare_data(data, "mean-image", dataset="mnist", source="local"))
    return path


def _about(path: Path) -> dict[str, object]:
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    about: dict[str, object] = json.loads(header["__metadata__"]["maxgain"])
    return about


def _rewrite(
    path: Path,
    change: Callable[[dict[str, torch.Tensor]], object] = lambda tensors: None,
    **about: object,
) -> None:
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    metadata = {"maxgain": json.dumps(_about(path) | about)}
    change(tensors)
    save_file(tensors, path, metadata)


def _set(name: str, value: Callable[[torch.Tensor], torch.Tensor]) -> Callable[..., None]:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        tensors[name] = value(tensors[name]).contiguous()

    return change


def _fill(name: str, place: int, value: float) -> Callable[..., None]:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        tensors[name].view(-1)[place] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_fill("training_images", 7, float("nan")), "training_images .* not finite"),
        (_fill("validation_images", -1, float("inf")), "validation_images .* not finite"),
        (_fill("mean_image", 0, float("nan")), "mean_image .* not finite"),
        (_fill("training_labels", 0, 10), "training_labels range from 0 to 10; allowed are 0 to 9"),
        (_fill("validation_labels", 0, -1), "validation_labels range from -1"),
        (_set("training_images", lambda t: t.half()), "training_images is torch.float16"),
        (_set("training_labels", lambda t: t.int()), "training_labels is torch.int32"),
        (_set("training_labels", lambda t: t[1:]), "one torch.int64 label for each of 30"),
        (_set("validation_images", lambda t: t[..., 1:]), "validation_images has the shape"),
        (_set("training_images", lambda t: t[:0]), "training_images has the shape"),
        (_set("training_images", lambda t: t[0]), "training_images has the shape"),
        (_set("mean_image", lambda t: t[None]), "mean_image has the shape .* metadata say"),
        (lambda tensors: tensors.update(pixel_scale=torch.zeros(1)), "pixel_scale is"),
        (lambda tensors: tensors.update(pixel_scale=torch.ones(3)), "pixel_scale is"),
        (lambda tensors: tensors.pop("mean_image"), "has the tensors training_images"),
        (lambda tensors: tensors.update(more=torch.zeros(1)), "has the tensors mean_image, more"),
    ],
)
def test_prepared_files_of_wrong_content_are_refused(
    prepared_path: Path, change: Callable[..., object], said: str
) -> None:
    _rewrite(prepared_path, change)
    with pytest.raises(InputError, match=said):
        load_prepared(prepared_path)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"version": 2}, "version: .* make it again with `maxgain pipeline prepare`"),
        ({"version": 4}, "version"),
        ({"shape": [3, 28, 28]}, r"mean_image has the shape \(1, 28, 28\); the metadata say"),
        ({"label_noise": {"rate": 1.0, "seed": 0}}, "label_noise.rate is 1.0"),
        ({"label_noise": {"rate": "x", "seed": 0}}, "label_noise"),
        ({"label": 3}, "label"),
        ({"stand_in": "no"}, "stand_in"),
        ({"classes": "0123456789"}, "classes"),
        ({"classes": []}, "allowed are 0 to -1"),
        ({"code": "import os"}, "code"),
    ],
)
def test_prepared_files_of_wrong_metadata_are_refused(
    prepared_path: Path, about: dict[str, object], said: str
) -> None:
    _rewrite(prepared_path, **about)
    with pytest.raises(InputError, match=said):
        load_prepared(prepared_path)


def test_a_file_that_cannot_grow_leaves_the_earlier_one(prepared_path: Path) -> None:
    # A limit on file sizes stands for a full disk, which needs a file system of its own.
    earlier = prepared_path.read_bytes()
    data = load_prepared(prepared_path)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(InputError, match=r"prepared.safetensors cannot be written"):
            write_prepared(prepared_path, data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert prepared_path.read_bytes() == earlier
    assert sorted(path.name for path in prepared_path.parent.iterdir()) == [
        "digits",
        prepared_path.name,
    ]


def test_other_files_are_no_prepared_data(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(InputError, match="does not exist; make it with `maxgain pipeline prepare`"):
        load_prepared(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="no metadata named maxgain"):
        load_prepared(path)
    for content in (b"", b"{}", pickle.dumps([1]), struct.pack("<Q", 2**60) + b"{"):
        path.write_bytes(content)
        with memory_below(10**6), pytest.raises(InputError, match="is no prepared data set"):
            load_prepared(path)


@SHARED_FOLDER
@given(data=st.data())
def test_damaged_prepared_files_never_end_in_another_error(
    prepared_path: Path, data: st.DataObject
) -> None:
    content = bytearray(prepared_path.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
        path = prepared_path.with_name("cut.safetensors")
        path.write_bytes(content)
        with pytest.raises(InputError):
            load_prepared(path)
        return
    (length,) = struct.unpack_from("<Q", content)
    place = data.draw(st.integers(0, 8 + length - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    assume(bytes([content[place] ^ bit]) != b" ")
    content[place] ^= bit
    path = prepared_path.with_name("flipped.safetensors")
    path.write_bytes(content)
    try:
        loaded = load_prepared(path)
    except InputError:
        return
    assert loaded.training_images[0].permute(2, 0, 1).shape == loaded.mean_image.shape
