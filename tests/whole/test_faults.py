"""Full disk, read-only folder, vanished data: one clear sentence, nothing half, nothing lost."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.whole.conftest import (
    clone_workflow,
    prepare_words,
    quantities_words,
    run_in,
    train_words,
)

OVERLAY = "workflow/protocols/smoke.yaml"


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of 8 MB, for the time of the block; skips where it cannot be made."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("FULL AND READ-ONLY DISKS NOT TESTED: a tmpfs can only be mounted as root")
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    made = subprocess.run(mount, capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"FULL AND READ-ONLY DISKS NOT TESTED: {made.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with mnist.safetensors (100 + 50 digits) and run/, two epochs of training on it."""
    folder = tmp_path_factory.mktemp("faults")
    prepare = prepare_words(training_images=100, validation_images=50)
    for command in (
        [*prepare, "--output", "mnist.safetensors"],
        [*train_words(2), "--data", "mnist.safetensors", "--output", "run"],
    ):
        done = run_in(folder, *command)
        assert done.returncode == 0, done.stdout
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stdout
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stdout
    assert all(word in errors[0] for word in words), errors[0]


def commands(finished: Path, output: Path) -> dict[str, list[str]]:
    """Commands that write below `output`, by the file that they write first."""
    train = [
        *train_words(9),
        "--data",
        f"{finished}/mnist.safetensors",
        "--output",
        f"{output}/new",
    ]
    return {
        "mnist.safetensors": [
            *prepare_words(training_images=3000),
            *("--output", f"{output}/mnist.safetensors"),
        ],
        "state": train,
        "snapshots.safetensors": [*train, "--state", f"{output.parent}/state"],
        "gains.csv": [*quantities_words(), f"{output}/run"],
    }


@pytest.mark.parametrize("kind", ["mnist.safetensors", "state", "snapshots.safetensors"])
def test_a_full_disk_leaves_earlier_results_and_no_half_file(
    finished: Path, tmp_path: Path, kind: str
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk / "earlier.csv").write_text("epoch,gain_db\n1,-20\n")
        before = contents(disk)
        done = run_in(tmp_path, *commands(finished, disk)[kind])
        assert_one_sentence(done, str(disk), "the disk is full")
        after = contents(disk)
        assert before.items() <= after.items()
        added = set(after) - set(before)
        # Complete epochs stay for the next call; whatever else was begun is gone.
        assert all(name.startswith("new/state/") for name in added), added
        assert not [name for name in added if Path(name).name.startswith(".")]


def test_training_goes_on_when_the_disk_has_room_again(finished: Path, tmp_path: Path) -> None:
    command = [*train_words(2), "--data", str(finished / "mnist.safetensors")]
    command += ["--output", str(tmp_path / "run")]
    with small_disk(tmp_path / "disk") as disk:
        # Room for the first epoch and not for the second.
        (disk / "filler").write_bytes(bytes(3_000_000))
        command += ["--state", str(disk / "state")]
        assert_one_sentence(run_in(tmp_path, *command), "the disk is full")
        (disk / "filler").unlink()
        done = run_in(tmp_path, *command)
    assert done.returncode == 0, done.stdout
    assert "from an earlier call" in done.stdout
    for name in ("history.csv", "snapshots.safetensors", "provenance.json"):
        assert (tmp_path / "run" / name).read_bytes() == (finished / "run" / name).read_bytes()


@pytest.mark.parametrize("kind", ["mnist.safetensors", "state", "gains.csv"])
def test_a_read_only_folder_is_named_in_one_sentence(
    finished: Path, tmp_path: Path, kind: str
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk / "earlier.csv").write_text("epoch,gain_db\n1,-20\n")
        shutil.copytree(finished / "run", disk / "run")
        before = contents(disk)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        done = run_in(tmp_path, *commands(finished, disk)[kind])
        assert_one_sentence(done, str(disk), "the file system is read-only")
        assert contents(disk) == before


def test_a_vanished_data_folder_stops_the_workflow_in_one_sentence(tmp_path: Path) -> None:
    folder = clone_workflow(tmp_path / "clone")
    earlier = folder / "results/smoke/runs/other/history.csv"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("epoch\n1\n")
    gone = tmp_path / "gone"
    (folder / "gone.yaml").write_text(
        f"protocol: smoke\ndatasets:\n  mnist:\n    source: local\n    location: {gone}\n"
    )
    done = run_in(
        folder,
        *("snakemake", "results/smoke/curves/mnist_rates.csv", "--cores", "1"),
        *("--configfile", OVERLAY, "gone.yaml"),
    )
    assert done.returncode != 0
    assert str(gone) in done.stdout
    assert "Traceback" not in done.stdout
    assert earlier.read_text() == "epoch\n1\n"
    assert not list((folder / "results/smoke").rglob("*.safetensors"))


def test_vanished_files_are_named_in_one_sentence(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    for words in (
        [*prepare_words(source="local", location=gone), "--output", "out/mnist.safetensors"],
        [*train_words(), "--data", gone, "--output", "out/run"],
        [*quantities_words(), gone],
    ):
        assert_one_sentence(run_in(tmp_path, *words), gone)
    assert not (tmp_path / "out").exists()
