"""What the command line says of itself."""

import os
import subprocess
import sys

import pytest

SCREEN = 24
"""Lines of the smallest terminal in use."""


def maxgain(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    program = "from maxgain.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "80"} | variables,
    )


def test_the_commands_fit_a_screen() -> None:
    done = maxgain("--help")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= 80
    for command in ("measure", "follow", "compare", "diagnose", "pipeline"):
        assert any(line.split()[:1] == [command] for line in lines)


@pytest.mark.parametrize("command", ["measure", "follow", "compare", "diagnose"])
def test_commands_show_an_example(command: str) -> None:
    done = maxgain(command, "--help")
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert any(line.startswith(f"maxgain {command} ") for line in lines)
    assert len(lines) <= 2 * SCREEN


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("measure",), "Missing argument 'networks'"),
        (
            ("measure", "x", "--threads", "0"),
            "'--threads': Input should be greater than or equal to 1",
        ),
        (("measure", "x", "--shap", "3"), "No such option: --shap"),
        (("measure", "x", "--shape", "3,4"), "--shape is '3,4'"),
        (("follow", "x", "--shape", "3,4,4", "--classes", "2", "--std", "1"), "'--network'"),
    ],
)
def test_errors_name_the_option(arguments: tuple[str, ...], said: str) -> None:
    done = maxgain(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_shell_completion_is_printed() -> None:
    # Typer else takes the shell that runs the tests, of which there may be none it knows.
    done = maxgain("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "complete" in done.stdout + done.stderr
