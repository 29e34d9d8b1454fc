"""The verdict table as a page and on the terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from maxgain.claims.judge import judge
from maxgain.claims.page import describe_verdict, render_markdown, write_verdicts_markdown
from maxgain.tables.results import ResultTables
from maxgain.tables.verdicts import write_verdicts_csv
from tests.exact.claims.synthetic import MAKERS, make_toy


@pytest.fixture(scope="module")
def verdicts() -> pd.DataFrame:
    curves = {name: maker(True) for name, maker in MAKERS.items()}
    return judge(ResultTables(curves, make_toy(True)))


def test_markdown_shows_every_claim(verdicts: pd.DataFrame, tmp_path: Path) -> None:
    write_verdicts_markdown(verdicts, tmp_path / "verdicts.md", "Verdicts, protocol test")
    text = (tmp_path / "verdicts.md").read_text(encoding="utf-8")
    assert text == render_markdown(verdicts, "Verdicts, protocol test")
    assert text.startswith("# Verdicts, protocol test\n")
    assert f"{(verdicts['verdict'] == 'not run').sum()} not run" in text
    assert "| **seen on the stand-in** |" in text
    for row in verdicts.itertuples():
        assert f"| {row.id} | {row.statement.replace('|', chr(92) + '|')} |" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in tables} == {7, 8}


def test_a_note_stands_above_the_verdicts(verdicts: pd.DataFrame) -> None:
    noted = render_markdown(verdicts, "T", "Half of the runs are to come.")
    assert noted.splitlines()[2] == "**Half of the runs are to come.**"
    assert noted.replace("**Half of the runs are to come.**\n\n", "") == render_markdown(
        verdicts, "T"
    )


def test_a_verdict_says_what_it_is_about() -> None:
    assert describe_verdict("seen", True) == "seen on the stand-in"
    assert describe_verdict("inconclusive", True) == "inconclusive on the stand-in"
    assert describe_verdict("seen", False) == "seen"
    assert describe_verdict("not run", True) == "not run"


SHOW = """
import sys
from pathlib import Path
from maxgain.cli.verdicts import show_verdicts
show_verdicts(Path(sys.argv[1]))
"""


def show(table: Path, **environment: str) -> str:
    """What the command prints into a pipe, in a process of its own."""
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "LC_ALL")}
    done = subprocess.run(
        [sys.executable, "-c", SHOW, str(table)],
        env=kept | environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8")


@pytest.fixture(scope="module")
def table(verdicts: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shown") / "verdicts.csv"
    write_verdicts_csv(verdicts, path)
    return path


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"COLUMNS": "100"},
        {"COLUMNS": "240"},
        {"NO_COLOR": "1", "COLUMNS": "100"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_every_claim_is_one_line_of_at_most_100_columns(
    table: Path, verdicts: pd.DataFrame, environment: dict[str, str]
) -> None:
    text = show(table, **environment)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in text
    for row in verdicts.itertuples():
        (line,) = [x for x in lines if x.strip("| ").startswith(f"{row.id} ")]
        star = "*" if row.stand_in and row.verdict != "not run" else ""
        assert f" {row.verdict}{star} " in line
        if row.seeds:
            assert line.rstrip("| ").endswith(f" {row.seeds}")
    assert lines[-1].startswith(f"{len(verdicts)} claims: ")
    assert "* judged on data that stand in for the paper's" in lines
    if environment.get("LC_ALL"):
        assert text.isascii()


def test_a_narrow_terminal_cuts_and_does_not_break(table: Path, verdicts: pd.DataFrame) -> None:
    lines = show(table, COLUMNS="60").splitlines()
    assert max(map(len, lines)) <= 60
    assert len(lines) <= len(verdicts) + 8


def test_colours_follow_the_terminal(table: Path) -> None:
    assert "\x1b[32m" in show(table, FORCE_COLOR="1", TERM="xterm-256color", COLUMNS="100")
    dull = show(table, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color", COLUMNS="100")
    assert "\x1b[32m" not in dull
