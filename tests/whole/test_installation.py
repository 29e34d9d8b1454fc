"""Wheel and source archive: built, checked, and the wheel alone in an environment of the core."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]

MOST_PACKAGES = 30
"""Of an environment of the core; most of them are torch's."""

STAND_IN = """
from torch import nn

def resnet18(weights):
    assert weights == "IMAGENET1K_V1"
    return nn.Sequential(nn.Conv2d(3, 4, 7, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""
"""What README takes from torchvision, which the core does without, and whose weights lie afar."""


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=variables | {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of wheel and source archive, built from what git would pack of this checkout."""
    source = tmp_path_factory.mktemp("source")
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        place = REPOSITORY / name
        if place.is_dir():
            shutil.copytree(
                place, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        else:
            shutil.copy(place, source / name)
    output = tmp_path_factory.mktemp("built")
    done = run(
        sys.executable, "-m", "build", "--no-isolation", "--outdir", output, source, folder=output
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return output


def core_distributions() -> Iterator[Distribution]:
    """The packages that the core asks for, and those that they ask for in turn."""
    waiting, seen = [Requirement(text) for text in PROJECT["dependencies"]], set()
    while waiting:
        wanted = waiting.pop()
        name = wanted.name.lower().replace("_", "-")
        if name in seen or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        try:
            found = distribution(wanted.name)
        except PackageNotFoundError:
            continue  # torch's own, of which a build for CPUs has none
        yield found
        waiting += map(Requirement, found.requires or [])


@pytest.fixture(scope="module")
def python(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with the wheel and the packages of the core alone.

    They are linked, not installed: that needs no download.
    """
    folder = tmp_path_factory.mktemp("environment")
    made = run(sys.executable, "-m", "venv", folder, folder=folder)
    if made.returncode != 0:
        pytest.skip(f"no environment can be made here: {made.stdout}{made.stderr}")
    python = folder / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    packages = list(core_distributions())
    assert len(packages) <= MOST_PACKAGES, sorted(package.name for package in packages)
    for package in packages:
        for name in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
            place = Path(str(package.locate_file(name)))
            if not (site / name).exists():
                (site / name).symlink_to(place)
    (wheel,) = built.glob("*.whl")
    done = run(python, "-m", "pip", "install", "--no-deps", wheel, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return python


def test_archives_pass_twine(built: Path) -> None:
    names = sorted(path.name for path in built.iterdir())
    version = PROJECT["version"]
    assert names == [f"maxgain-{version}-py3-none-any.whl", f"maxgain-{version}.tar.gz"]
    done = run(sys.executable, "-m", "twine", "check", "--strict", *built.iterdir(), folder=built)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_version_is_that_of_the_changelog() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## (\d+\.\d+\.\d+)$", changelog, re.MULTILINE)
    assert released[0] == PROJECT["version"]


def test_readmes_lines_run_on_the_core_alone(python: Path, tmp_path: Path) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    five, follow = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)[:2]
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("from torchvision import models\n")
    (package / "models.py").write_text(STAND_IN)
    trained = "epochs, train_one_epoch = 12, lambda network: None\n"
    (tmp_path / "lines.py").write_text(five + trained + follow)
    done = run(python, "lines.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    gain, sentence = done.stdout.splitlines()
    assert re.match(r"tensor\(\[-?\d", gain)
    assert sentence.endswith(".")


MISSING = {
    "maxgain.figures.curves": "figures",
    "maxgain.zoo.readers.timm": "zoo",
    "maxgain.zoo.readers.torchvision": "zoo",
    "maxgain.config.protocol": "workflow",
    "maxgain.kernels.compiled": "workflow",
    "maxgain.quantities.features": "data",
    "maxgain.integrations.lightning": "lightning",
    "maxgain.integrations.transformers": "transformers",
    "maxgain.cli.app": "cli",
}
"""Modules of this package, and the extra that each needs."""


def test_what_is_missing_is_said(python: Path, tmp_path: Path) -> None:
    program = f"""
from importlib import import_module
import maxgain
for name in {list(MISSING)}:
    try:
        import_module(name)
    except maxgain.InputError as error:
        print(name, error)
"""
    done = run(python, "-c", program, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for line, (name, extra) in zip(done.stdout.splitlines(), MISSING.items(), strict=True):
        assert line.startswith(f"{name} ")
        assert f"pip install maxgain[{extra}]" in line


def test_the_command_says_what_it_needs(python: Path, tmp_path: Path) -> None:
    done = run(python.parent / "maxgain", "--help", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: 'typer' is not installed; this needs pip install maxgain[cli].\n"


def test_plots_and_tables_say_what_they_need(python: Path, tmp_path: Path) -> None:
    program = """
import maxgain
from torch import nn

monitor = maxgain.GainMonitor(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), (1, 8, 8))
monitor.record()
for show in (monitor.plot, monitor.to_frame):
    try:
        show()
    except maxgain.InputError as error:
        print(error)
"""
    done = run(python, "-c", program, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [("maxgain[figures]" in line) for line in done.stdout.splitlines()] == [True, True]


def test_others_who_look_for_a_library_are_told_what_they_always_are(
    python: Path, tmp_path: Path
) -> None:
    program = """
import maxgain
from importlib.util import find_spec

assert find_spec("torchvision") is None
assert find_spec("pandas") is None
try:
    import pandas
except ModuleNotFoundError as error:
    assert "maxgain" not in str(error)
    print("as always")
"""
    done = run(python, "-c", program, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "as always\n"
