"""Switches on run-time checks of every shape and type annotation of the library, for all tests."""

import sys
from collections.abc import Iterator

import jaxtyping
import pytest

import tests.annotation_checks  # noqa: F401 - the hook looks its function up by this name

if imported := sorted(name for name in sys.modules if name.split(".")[0] == "maxgain"):
    # A module imported before the hook would stay unchecked, and nobody would notice.
    raise pytest.UsageError(f"{imported[0]} is imported before its annotations can be checked.")
jaxtyping.install_import_hook("maxgain", "tests.annotation_checks.check")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--results",
        action="append",
        default=[],
        metavar="FOLDER",
        help="results folder that tests/trends judges, for example results/embedded (may be "
        "repeated; default: every results/PROTOCOL of this repository)",
    )


@pytest.fixture
def unchecked_annotations() -> Iterator[None]:
    """Calls inside the test meet the library's own checks, as they do for a user."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
