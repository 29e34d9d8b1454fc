"""What a job says that it took is what it took."""

import csv
import sys
import time
from pathlib import Path

import pytest

from maxgain.pipeline.usage import write_usage


def test_seconds_memory_and_cpu_time_are_this_processs(tmp_path: Path) -> None:
    path = tmp_path / "train" / "a.tsv"
    write_usage(path, time.monotonic() - 3661.5)
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert float(row["s"]) == pytest.approx(3661.5, abs=1)
    assert row["h:m:s"] == "1:01:01"
    assert float(row["cpu_time"]) == pytest.approx(time.process_time(), abs=1)
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text().splitlines()
        (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM"))
        assert float(row["max_rss"]) == pytest.approx(int(peak) / 1024, rel=0.05)


def test_a_file_that_cannot_be_written_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    write_usage(tmp_path / "file" / "a.tsv", time.monotonic())
    said = capsys.readouterr().err
    assert said.startswith("warning: ")
    assert str(tmp_path / "file") in said
    assert said.count("\n") == 1
