"""Malicious and broken archives and folders: one clear sentence, no code run, no memory taken."""

import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxgain.data.sources.local import read_local
from maxgain.errors import InputError
from maxgain.files import archives as members
from tests.exact.data.hostile_files import (
    SHARED_FOLDER,
    WriteFolder,
    WriteTar,
    memory_below,
    refuses,
    tar_entry,
)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (tar_entry("../../evil"), "'..' are not allowed"),
        (tar_entry("train/../../evil"), "'..' are not allowed"),
        (tar_entry("..\\evil"), "'..' are not allowed"),
        (tar_entry("/etc/evil"), "absolute names"),
        (tar_entry("train/cat/1.png", tarfile.SYMTYPE, "/etc/passwd"), "is a link, device"),
        (tar_entry("train/cat/1.png", tarfile.LNKTYPE, "train/cat/0.png"), "is a link, device"),
        (tar_entry("train/cat/1.png", tarfile.FIFOTYPE), "is a link, device"),
        (tar_entry("train/cat/1.png", tarfile.CHRTYPE), "is a link, device"),
        (tar_entry("train/cat/1.png", size=2**40), "declares 1099511627776 bytes"),
        (tar_entry("data_batch_1.bin", size=2**40), "cannot be read"),
        (tar_entry("train/cat", size=0), "does not belong in an image folder"),
        (tar_entry("cat"), "no data set"),
        (tar_entry("train/cat/1.gif"), "does not belong in an image folder"),
        (tar_entry("train/cat/sub/1.png"), "does not belong in an image folder"),
        (tar_entry("train/1.png"), "does not belong in an image folder"),
        (tar_entry("long", tarfile.GNUTYPE_LONGNAME, size=2**33), "header of 8589934592 bytes"),
        (tar_entry("pax", tarfile.XHDTYPE, size=2**33), "header of 8589934592 bytes"),
        (tar_entry("sparse", tarfile.GNUTYPE_SPARSE, size=0), "sparse|cannot be read"),
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
            tar.addfile(tar_entry(name, size=len(content)), io.BytesIO(content))
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
