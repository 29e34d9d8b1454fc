"""The benchmarks run and write their tables and figures; no timing is asserted."""

import csv
import os
import platform
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
    assert float(rows[1]["gain_seconds_100_snapshots_16_impulses"]) > 0
    for row in rows[1:]:
        assert float(row["gain_seconds_20_snapshots"]) > 0
    assert (tmp_path / "training.svg").stat().st_size > 0
    assert (tmp_path / "training.png").stat().st_size > 0


def test_limited_to_avx2_every_library_obeys_and_bf16_is_left_out(tmp_path: Path) -> None:
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("AVX2 is of x86-64")
    done = run_module("benchmarks", "--quick", "--isa", "avx2", "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "no bf16 instructions and emulates them" in done.stderr
    assert "ATen AVX2, oneDNN Intel AVX2, OpenBLAS Haswell, numba haswell\n" in done.stderr
    with (tmp_path / "training-avx2.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["precision"] for row in rows} == {"fp32"}
    assert {row["instructions"] for row in rows} == {
        "ATen AVX2, oneDNN Intel AVX2, OpenBLAS Haswell, numba haswell"
    }
    assert (tmp_path / "training-avx2.png").stat().st_size > 0


def test_unknown_instructions_are_one_sentence(tmp_path: Path) -> None:
    done = run_module("benchmarks", "--isa", "mmx", "--output", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == "error: --isa is 'mmx'; allowed are native, avx2.\n"


def test_hours_of_a_protocol_are_its_images_over_the_rates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY)
    from benchmarks.cases import CASES
    from benchmarks.protocols import protocol_rows

    rows: list[dict[str, object]] = [
        {"network": case.label, "loop": loop, "precision": "fp32", "images_per_second": rate}
        for case in CASES
        for loop, rate in (("plain", 100.0), ("engine", 300.0))
    ]
    found = {(row["protocol"], row["loop"]): row for row in protocol_rows(rows)}
    assert {protocol for protocol, _ in found} == {"embedded", "paper"}
    for (_, loop), row in found.items():
        assert row["ratio_to_plain"] == pytest.approx({"plain": 1, "engine": 3}[str(loop)])
    images = int(str(found["paper", "plain"]["training_images"]))
    # 6 rates x 5 seeds of 20 epochs of MNIST and, but for the lowest, of 45 of CIFAR-10; 100 epochs
    # of 5 seeds of 3 capacities, among them those of the lowest rate, and of 3 of nin; 3 seeds of
    # 45 in bf16, on JPEG copies and by the schedule of the accuracy check.
    assert images == 30 * 20 * 60_000 + ((25 + 6 + 3) * 45 + (15 + 3) * 100) * 50_000
    assert found["paper", "plain"]["hours"] == pytest.approx(images / 100 / 3600)


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
