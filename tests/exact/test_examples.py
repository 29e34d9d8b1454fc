"""The examples of docstrings do what they say."""

import doctest
import importlib
import pkgutil

import pytest

import maxgain

FINDER = doctest.DocTestFinder(exclude_empty=True)
MODULES = [
    module.name
    for module in pkgutil.walk_packages(maxgain.__path__, "maxgain.")
    if not module.name.endswith("__main__")
]
RESULTS = {"Diagnosis", "Measurement", "SnapshotResponses"}
"""What functions give; the examples of those functions show them."""


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"{name} needs {error.name}")
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_the_package_itself_shows_how() -> None:
    assert doctest.testmod(maxgain).attempted > 0
    assert doctest.testmod(maxgain).failed == 0


@pytest.mark.parametrize("name", sorted(set(maxgain.__all__) - RESULTS))
def test_every_public_name_has_an_example(name: str) -> None:
    documented = getattr(maxgain, name).__doc__ or ""
    assert ">>> " in documented


def test_walking_finds_examples() -> None:
    examples = [
        test
        for name in ("maxgain.response.measure", "maxgain.statistics.fall")
        for test in FINDER.find(importlib.import_module(name))
        if test.examples
    ]
    assert len(examples) >= 2
