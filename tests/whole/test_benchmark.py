"""The benchmarks run and write their tables and figures; no timing is asserted."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def run_module(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=REPOSITORY, capture_output=True, text=True, timeout=300
    )


def test_quick_benchmark_writes_a_row_for_each_loop(tmp_path: Path) -> None:
    done = run_module("benchmarks", "--quick", "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "x plain" in done.stdout
    with (tmp_path / "training.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["loop"], row["precision"]) for row in rows][:2] == [
        ("plain", "fp32"),
        ("engine", "fp32"),
    ]
    emulated = "has no bf16 instructions and emulates them" in done.stderr
    assert (rows[-1]["precision"] == "bf16") != emulated
    assert "engine fp32, 1 x 1 thread: turn 1 of 1" in done.stderr
    assert float(rows[0]["ratio_to_plain"]) == 1
    for row in rows:
        # 32 -> 16 -> 8 -> 4 pixels a side, 8, 8 and 16 filters of 5 x 5; three passes each, but
        # two in the first layer, which has no gradient by its input.
        layers = 2 * 1024 * 75 * 8 + 3 * 256 * 200 * 8 + 3 * 64 * 200 * 16 + 3 * (256 * 16 + 160)
        assert float(row["gflop_per_image"]) == pytest.approx(2 * layers / 1e9)
        for column in ("images_per_second", "ceiling_gflops", "peak_memory_mb"):
            assert float(row[column]) > 0
    for row in rows[1:]:
        assert float(row["gain_seconds_20_snapshots"]) > 0
    assert (tmp_path / "training.svg").stat().st_size > 0
    assert (tmp_path / "training.png").stat().st_size > 0


def test_emulated_bf16_is_told_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks import training
    from maxgain.training import device

    monkeypatch.setattr(device, "emulates_bf16", lambda target: True)
    training.benchmark(tmp_path, quick=True)
    said = capsys.readouterr().err
    assert "no bf16 instructions and emulates them" in said
    assert "bf16, 1" not in said
    with (tmp_path / "training.csv").open(newline="") as file:
        assert {row["precision"] for row in csv.DictReader(file)} == {"fp32"}


def write_benchmark_file(path: Path, seconds: float, end: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:00\t1.0\n")
    os.utime(path, (end, end))


def test_wall_time_is_drawn_from_benchmark_files(tmp_path: Path) -> None:
    folder = tmp_path / "results" / "tiny" / "benchmarks"
    write_benchmark_file(folder / "prepare" / "mnist.tsv", 10, 1010)
    write_benchmark_file(folder / "train" / "a" / "seed0.tsv", 60, 1071)
    write_benchmark_file(folder / "train" / "a" / "seed1.tsv", 30, 1041)
    write_benchmark_file(folder / "toy.tsv", 5, 1050)
    done = run_module(
        "benchmarks.walltime", str(folder.parent), "--output", str(tmp_path / "walltime")
    )
    assert done.returncode == 0, done.stderr
    assert "71 s of wall time, 105 s of jobs: 1.48 at once" in done.stdout
    assert "60 s a/seed0" in done.stdout
    drawn = (tmp_path / "walltime.svg").read_bytes()
    assert drawn.count(b"<?xml") == 1


def test_jobs_share_lanes_only_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY)
    from benchmarks.walltime import assign_lanes, read_jobs

    write_benchmark_file(tmp_path / "train" / "a.tsv", 60, 1060)
    write_benchmark_file(tmp_path / "train" / "b.tsv", 30, 1031)
    write_benchmark_file(tmp_path / "gain" / "b.tsv", 5, 1036)
    lanes = assign_lanes(read_jobs(tmp_path))
    assert [[(job.rule, job.name) for job in lane] for lane in lanes] == [
        [("train", "a")],
        [("train", "b"), ("gain", "b")],
    ]
    assert read_jobs(tmp_path)[1].start == pytest.approx(1)


def test_wall_time_without_benchmark_files_is_one_sentence(tmp_path: Path) -> None:
    done = run_module("benchmarks.walltime", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {tmp_path / 'benchmarks'} has no benchmark file (*.tsv); run the workflow first.\n"
    )
