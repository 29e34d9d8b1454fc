"""What README and docs/ show can be run: their blocks of code, outputs and commands."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from click import Command

from maxgain.cli.app import app
from tests.pages import blocks_on

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def pages_with_outputs() -> list[Path]:
    return [page for page in PAGES if any(language == "text" for language, _ in blocks_on(page))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_there_are_outputs_to_check() -> None:
    assert ROOT / "docs" / "tutorial.md" in pages_with_outputs()


@pytest.mark.parametrize("page", pages_with_outputs(), ids=name_of)
def test_outputs_are_what_the_code_prints(page: Path, tmp_path: Path) -> None:
    """All Python of a page is one program; numbers agree to one in the last digit shown."""
    blocks = [block for block in blocks_on(page) if block[0] in ("python", "text")]
    mark = "-- end of a block --"
    code = [text for language, text in blocks if language == "python"]
    program = "\n".join(f"{text}\nprint({mark!r})" for text in code)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    printed = iter(done.stdout.split(f"{mark}\n"))
    said = ""
    for language, text in blocks:
        if language == "python":
            said = next(printed)
        else:
            assert_same(said, text)


def assert_same(printed: str, claimed: str) -> None:
    assert NUMBER.sub("#", printed) == NUMBER.sub("#", claimed), printed
    for found, wanted in zip(NUMBER.findall(printed), NUMBER.findall(claimed), strict=True):
        digits = len(wanted.partition(".")[2])
        # A whole number is a count or a label.
        tolerance = 1.01 * 10.0**-digits if digits else 0
        assert abs(float(found) - float(wanted)) <= tolerance, printed


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_of_python_are_python(page: Path) -> None:
    for language, text in blocks_on(page):
        # Rules of Snakemake are marked as Python for their colours.
        if language == "python" and not text.startswith("rule "):
            compile(text, str(page), "exec")


def commands() -> Iterator[tuple[str, str]]:
    """Page and line of every command of a block without a language."""
    for page in PAGES:
        for language, text in blocks_on(page):
            if language in ("", "bash", "console"):
                for line in text.replace("\\\n", " ").splitlines():
                    yield name_of(page), line.partition("#")[0].strip()


def subcommand(words: list[str]) -> tuple[Command, list[str]]:
    """The command of a line and its words; an unknown one fails."""
    command: Command = typer.main.get_command(app)
    while isinstance(command, typer.main.TyperGroup):
        word = words.pop(0)
        assert word in command.commands, word
        command = command.commands[word]
    return command, words


def test_commands_of_maxgain_exist_with_their_options() -> None:
    lines = [(page, line) for page, line in commands() if line.startswith("maxgain ")]
    assert len(lines) > 3
    for page, line in lines:
        command, words = subcommand(shlex.split(line)[1:])
        known = {option for parameter in command.params for option in parameter.opts}
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert used <= known, f"{page}: {line}"


def test_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.M)) | {".venv/installed"}
    lines = [(page, line.split()) for page, line in commands() if line.startswith("make ")]
    assert len(lines) > 2
    for page, words in lines:
        assert set(words[1:]) <= targets, f"{page}: {words}"


def test_files_that_commands_name_exist() -> None:
    for page, line in commands():
        for word in line.split():
            if word.startswith(("workflow/", "results/embedded", "tests/", "benchmarks/")):
                assert (ROOT / word).exists(), f"{page}: {line}"
