"""The three descriptions of the environment agree: pyproject.toml, the lock and environment.yml."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REPOSITORY = Path(__file__).parents[2]


def _pins(lines: list[str]) -> dict[str, str]:
    pins: dict[str, str] = {}
    for line in lines:
        name, version = line.split("==")
        assert canonicalize_name(name) not in pins, line
        pins[canonicalize_name(name)] = version
    return pins


@pytest.fixture(scope="module")
def lock() -> dict[str, str]:
    lines = (REPOSITORY / "requirements.lock").read_text().splitlines()
    return _pins([line for line in lines if line and not line.startswith("#")])


@pytest.fixture(scope="module")
def requirements() -> list[Requirement]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    parsed = [Requirement(text) for group in groups for text in group]
    return [requirement for requirement in parsed if requirement.name != "maxgain"]


def test_every_direct_dependency_is_pinned_within_its_bounds(
    lock: dict[str, str], requirements: list[Requirement]
) -> None:
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        assert name in lock, f"{name} is not in requirements.lock"
        assert Version(lock[name]) in requirement.specifier, f"{requirement} but {lock[name]}"


def test_conda_environment_has_the_pins_of_the_lock(
    lock: dict[str, str], requirements: list[Requirement]
) -> None:
    content = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    (pip,) = [entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)]
    pins = _pins(pip)
    assert pins == {name: lock.get(name) for name in pins}
    assert {canonicalize_name(requirement.name) for requirement in requirements} == pins.keys()


def test_python_of_the_conda_environment_is_supported() -> None:
    content = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    (python,) = [entry for entry in content["dependencies"] if str(entry).startswith("python=")]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    least = project["requires-python"].removeprefix(">=")
    assert Version(python.removeprefix("python=")) >= Version(least)


def test_lock_pins_public_versions_of_packages_alone(lock: dict[str, str]) -> None:
    for name, version in lock.items():
        assert re.fullmatch(r"[0-9][0-9a-z.]*", version), f"{name}=={version}"
    assert not {"maxgain", "pip", "setuptools", "wheel"} & lock.keys()


@pytest.mark.parametrize("module", ["maxgain", "maxgain.config.protocol", "maxgain.cli"])
def test_doors_import_nothing_heavy(module: str) -> None:
    heavy = ("torch", "pandas", "matplotlib", "scipy", "seaborn", "timm", "sklearn")
    program = f"import sys, {module}; print(*[m for m in {heavy} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []


def test_torchvision_imports_after_its_operators_are_declared() -> None:
    program = (
        "import maxgain.networks.torchvision_ops, torchvision; print(torchvision.models.alexnet)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
