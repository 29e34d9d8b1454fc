"""Clean runs of the smoke protocol in other folders and on other numbers of cores are equal."""

from pathlib import Path

from tests.whole.conftest import SMOKE, TARGETS, clone_workflow, read_results, run_in


def test_a_run_elsewhere_on_one_core_gives_the_same_bytes(
    finished: tuple[Path, str], tmp_path: Path
) -> None:
    first, _ = finished  # On two cores.
    second = clone_workflow(tmp_path / "another" / "place")
    done = run_in(second, "snakemake", *TARGETS, "--cores", "1", *SMOKE)
    assert done.returncode == 0, done.stdout[-3000:]
    expected, found = read_results(first), read_results(second)
    assert sorted(found) == sorted(expected)
    assert len(expected) > 35
    assert [name for name in expected if found[name] != expected[name]] == []
