"""A final name never holds half a file, and a refused write is one sentence."""

import errno
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path, explained_errors


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB where the test may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("NO FULL DISK TESTED: mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def test_file_appears_whole_and_its_folder_is_made(tmp_path: Path) -> None:
    final = tmp_path / "new" / "folder" / "table.csv"
    with atomic_path(final) as temporary:
        assert temporary.parent == final.parent
        assert temporary.suffix == ".csv"
        temporary.write_text("content")
        assert not final.exists()
    assert final.read_text() == "content"
    assert list(final.parent.iterdir()) == [final]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, InputError])
def test_earlier_file_stays_when_the_block_fails(
    tmp_path: Path, error: type[BaseException]
) -> None:
    final = tmp_path / "table.csv"
    final.write_text("earlier")

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise error

    with pytest.raises(error), atomic_path(final) as temporary:
        fail(temporary)
    assert final.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [final]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    with _umask(mask), atomic_path(tmp_path / "table.csv") as temporary:
        temporary.write_text("content")
    assert stat.S_IMODE((tmp_path / "table.csv").stat().st_mode) == mode


def test_full_disk_is_a_sentence_and_leaves_nothing(tiny_disk: Path) -> None:
    final = tiny_disk / "table.csv"
    with pytest.raises(InputError, match=r"table.csv cannot be written: the disk is full\."):  # noqa: SIM117
        with atomic_path(final) as temporary:
            temporary.write_bytes(bytes(200_000))
    assert list(tiny_disk.iterdir()) == []


def test_full_disk_under_a_library_in_rust(tiny_disk: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: the disk is full"):  # noqa: SIM117
        with atomic_path(tiny_disk / "weights.safetensors") as temporary:
            save_file({"weights": torch.zeros(100_000)}, temporary)
    assert list(tiny_disk.iterdir()) == []


def test_read_only_file_system_is_a_sentence(tiny_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(InputError, match="cannot be written: the file system is read-only"):  # noqa: SIM117
        with atomic_path(tiny_disk / "new" / "table.csv"):
            pytest.fail("there is nowhere to write")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(InputError, match="permission is denied"), atomic_path(tmp_path / "a"):
        pytest.fail("there is nowhere to write")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "permission is denied"),
    ],
)
@pytest.mark.parametrize("function", ["fsync", "replace", "mkdir"])
def test_every_refusal_of_the_system_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str, function: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, function, refuse)
    with pytest.raises(InputError, match=f"table.csv cannot be written: {said}"):  # noqa: SIM117
        with atomic_path(
            tmp_path / "table.csv" if function != "mkdir" else tmp_path / "a/table.csv"
        ) as temporary:
            temporary.write_text("content")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_or_a_file_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    for final, said in (
        (tmp_path / "folder", "there is a folder of that name"),
        (tmp_path / "file" / "table.csv", "a part of the path is not a folder"),
        (tmp_path / "file" / "deeper" / "table.csv", "a part of the path is not a folder"),
        (tmp_path / ("x" * 300), "the name is too long"),
    ):
        with pytest.raises(InputError, match=said), atomic_path(final) as temporary:
            temporary.write_text("content")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_trouble_with_another_file_is_not_blamed_on_the_final_one(tmp_path: Path) -> None:
    with pytest.raises(PermissionError, match="input"), atomic_path(tmp_path / "table.csv"):
        raise PermissionError(errno.EACCES, "no", str(tmp_path / "input"))
    with pytest.raises(ConnectionError), atomic_path(tmp_path / "table.csv"):
        raise ConnectionError("no number")
    assert list(tmp_path.iterdir()) == []


def test_explained_errors_leave_success_alone(tmp_path: Path) -> None:
    with explained_errors(tmp_path / "a"):
        pass


def test_two_writers_leave_one_whole_file(tmp_path: Path) -> None:
    final, contents = tmp_path / "table.csv", [bytes([letter]) * 100_000 for letter in b"abcd"]

    def write(content: bytes) -> None:
        for _ in range(10):
            with atomic_path(final) as temporary:
                temporary.write_bytes(content)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert final.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [final]
