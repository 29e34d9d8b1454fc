"""Clean runs of the smoke protocol in other folders and on other numbers of cores are equal."""

from pathlib import Path

import pytest

from tests.whole.conftest import SMOKE, clone_workflow, run_in

pytestmark = pytest.mark.xdist_group("pipeline")


def test_a_run_elsewhere_on_one_core_gives_the_same_bytes(
    finished: tuple[Path, str], tmp_path: Path
) -> None:
    first, _ = finished  # On two cores.
    second = clone_workflow(tmp_path / "another" / "place")
    done = run_in(second, "snakemake", "--cores", "1", *SMOKE)
    assert done.returncode == 0, done.stdout[-3000:]
    expected, found = results(first), results(second)
    assert sorted(found) == sorted(expected)
    assert len(expected) > 50
    assert [name for name in expected if found[name] != expected[name]] == []


def results(folder: Path) -> dict[str, bytes]:
    """Every result and figure; measured times and logs, which tell them, are none."""
    timed = ("logs/", "benchmarks/")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for top in ("results/smoke", "figures/smoke")
        for path in sorted((folder / top).rglob("*"))
        if path.is_file()
        and path.name != "seconds.csv"
        and not str(path.relative_to(folder / top)).startswith(timed)
    }
