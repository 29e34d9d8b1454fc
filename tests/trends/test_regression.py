"""Judge results folders with today's code: no verdict may be worse than the committed one.

    pytest tests/trends --results results/embedded

The reference is what the last commit holds in results/NAME/verdicts.csv, NAME being the folder's
own name; --results may be repeated, and without it all committed folders are judged.
"""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from reference import list_results_folders, read_committed_verdicts

from maxgain.claims.judge import judge
from maxgain.claims.page import find_worse_verdicts
from maxgain.tables.results import ResultTables, read_result_tables
from maxgain.tables.verdicts import read_verdicts, write_verdicts_csv


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "results_folder" in metafunc.fixturenames:
        folders = list_results_folders(metafunc.config.getoption("--results"))
        metafunc.parametrize("results_folder", folders, ids=[str(f.name) for f in folders])


@pytest.fixture
def present_folder(results_folder: Path, request: pytest.FixtureRequest) -> Path:
    if results_folder.is_dir():
        return results_folder
    if request.config.getoption("--results"):
        pytest.fail(f"--results {results_folder}: there is no such folder")
    pytest.skip(f"VERDICTS NOT CHECKED: {results_folder} does not exist; run its protocol first")


@cache
def judge_folder(folder: Path) -> pd.DataFrame:
    return judge(read_result_tables(folder))


def test_no_verdict_is_worse_than_the_committed_one(present_folder: Path, tmp_path: Path) -> None:
    reference = read_committed_verdicts(present_folder, tmp_path)
    if reference is None:
        pytest.skip(f"VERDICTS NOT COMPARED: no verdicts committed for {present_folder.name}")
    worse = find_worse_verdicts(reference, judge_folder(present_folder))
    lines = [f"{name}: {before} -> {now}" for name, (before, now) in worse.items()]
    assert not worse, "\n".join(lines)


def test_verdict_table_is_what_todays_code_gives(present_folder: Path) -> None:
    written = read_verdicts(present_folder / "verdicts.csv")
    # Other versions of numpy and scipy may round the last digits differently.
    pd.testing.assert_frame_equal(judge_folder(present_folder), written, rtol=1e-6)


# --- the regression test itself -------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose last commit says that nothing was run but T2, which was reproduced."""
    folder = tmp_path / "repository" / "results" / "embedded"
    verdicts = judge(ResultTables())
    verdicts.loc[verdicts["id"] == "T2", "verdict"] = "reproduced"
    write_verdicts_csv(verdicts, folder / "verdicts.csv")
    return tmp_path / "repository"


def commit(repository: Path) -> None:
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "reference"]):
        subprocess.run(["git", "-C", str(repository), *command], check=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_reference_is_the_commit_not_the_overwritten_file(repository: Path, tmp_path: Path) -> None:
    commit(repository)
    folder = repository / "results" / "embedded"
    write_verdicts_csv(judge(ResultTables()), folder / "verdicts.csv")
    reference = read_committed_verdicts(folder, tmp_path, repository)
    assert reference is not None
    assert find_worse_verdicts(reference, judge_folder(folder)) == {"T2": ("reproduced", "not run")}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_uncommitted_results_have_no_reference(repository: Path, tmp_path: Path) -> None:
    commit(repository)
    (repository / "results" / "paper").mkdir()
    assert read_committed_verdicts(repository / "results" / "paper", tmp_path, repository) is None


def test_copy_without_git_has_its_files_as_reference(repository: Path, tmp_path: Path) -> None:
    elsewhere = Path("/somewhere/else/embedded")
    reference = read_committed_verdicts(elsewhere, tmp_path, repository)
    assert reference is not None
    assert reference.set_index("id").loc["T2", "verdict"] == "reproduced"


def test_folders_come_from_the_command_line(tmp_path: Path) -> None:
    assert list_results_folders(["a/b"]) == [Path("a/b")]
    names = [folder.name for folder in list_results_folders([], tmp_path)]
    assert names == ["embedded", "paper"]
