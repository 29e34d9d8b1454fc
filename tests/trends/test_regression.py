"""Judge results folders with today's code: no claim may come out worse than it was committed.

    pytest tests/trends --results results/embedded

The reference is what the last commit holds in results/NAME/verdicts.csv, NAME being the folder's
own name; --results may be repeated, and without it all committed folders are judged. What "worse"
means stands in `maxgain.claims.regression`: effects are compared, not labels.
"""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from maxgain.claims.judge import judge
from maxgain.claims.regression import find_worse_claims
from maxgain.tables.results import ResultTables, read_result_tables
from maxgain.tables.verdicts import read_verdicts, write_verdicts_csv
from tests.trends.reference import (
    REPOSITORY,
    list_processor_tables,
    list_results_folders,
    read_committed_verdicts,
)


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


def assert_no_worse(reference: pd.DataFrame, verdicts: pd.DataFrame) -> None:
    worse = find_worse_claims(reference, verdicts)
    assert not worse, "\n".join(f"{name}: {how}" for name, how in worse.items())


def test_no_claim_is_worse_than_the_committed_one(present_folder: Path, tmp_path: Path) -> None:
    reference = read_committed_verdicts(present_folder, tmp_path)
    if reference is None:
        pytest.skip(f"VERDICTS NOT COMPARED: no verdicts committed for {present_folder.name}")
    assert_no_worse(reference, judge_folder(present_folder))


def test_verdict_table_is_what_todays_code_gives(present_folder: Path) -> None:
    written = read_verdicts(present_folder / "verdicts.csv")
    found = judge_folder(present_folder)
    # Other versions of numpy and scipy may round the last digits differently.
    pd.testing.assert_frame_equal(
        found.drop(columns="findings"), written.drop(columns="findings"), rtol=1e-6
    )
    for one, other in zip(found["findings"], written["findings"], strict=True):
        estimates = [[x["estimate"] for x in json.loads(text or "[]")] for text in (one, other)]
        assert estimates[0] == pytest.approx(estimates[1], rel=1e-6)


# --- results that other processors gave, and broken ones ------------------------------------------


@pytest.mark.parametrize("table", list_processor_tables(), ids=lambda path: path.stem)
def test_results_of_another_processor_are_no_worse(table: Path, tmp_path: Path) -> None:
    """Verdicts of the embedded protocol, trained with other vector instructions or threads."""
    reference = read_committed_verdicts(REPOSITORY / "results/embedded", tmp_path)
    assert reference is not None
    assert_no_worse(reference, read_verdicts(table))
    assert_no_worse(read_verdicts(table), reference)


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
    assert find_worse_claims(reference, judge_folder(folder)) == {"T2": "reproduced -> not run"}


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
    assert names == ["embedded", "paper", "paper-confirmation"]
