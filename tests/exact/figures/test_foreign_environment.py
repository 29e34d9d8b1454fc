"""Environment variables that other tools set change neither a figure's bytes nor end a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exact.figures.made_up_curves import make_rates

DRAW = """
import os, sys
before = dict(os.environ)
from pathlib import Path
from maxgain.figures.registry import draw_figure
from maxgain.figures.style import save_figure
import matplotlib
chosen = matplotlib.rcParams._get_backend_or_none()
save_figure(draw_figure("fig08", [Path(sys.argv[1])]), Path(sys.argv[2]), ["svg", "png"])
assert dict(os.environ) == before
assert matplotlib.rcParams._get_backend_or_none() == chosen
print(chosen)
"""

ENVIRONMENTS = {
    "none": {},
    "nonsense": {"MPLBACKEND": "nonsense"},
    "module": {"MPLBACKEND": "module://nonsense.backend"},
    "jupyter": {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    "warnings": {"PYTHONWARNINGS": "error"},
    "language": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    "terminal": {"NO_COLOR": "1", "COLUMNS": "20", "TERM": "dumb"},
    "time": {"TZ": "Pacific/Apia"},
    "threads": {"OMP_NUM_THREADS": "3", "CUDA_VISIBLE_DEVICES": ""},
}


def draw(folder: Path, environment: dict[str, str]) -> tuple[bytes, bytes, str]:
    """The figure's files, and the backend that matplotlib has afterwards."""
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", DRAW, str(folder / "mnist_rates.csv"), str(folder / "fig08")],
        env=inherited | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    files = [(folder / f"fig08.{ending}").read_bytes() for ending in ("svg", "png")]
    return files[0], files[1], done.stdout.strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    make_rates(seeds=2).to_csv(folder / "mnist_rates.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path) -> tuple[bytes, bytes]:
    return draw(folder, {})[:2]


@pytest.mark.parametrize("name", list(ENVIRONMENTS))
def test_a_figure_is_the_same_bytes(name: str, folder: Path, expected: tuple[bytes, bytes]) -> None:
    assert draw(folder, ENVIRONMENTS[name])[:2] == expected


def test_jupyters_backend_stays_chosen_where_it_is_installed(
    folder: Path, expected: tuple[bytes, bytes], tmp_path: Path
) -> None:
    package = tmp_path / "matplotlib_inline"
    package.mkdir()
    (package / "__init__.py").touch()
    # It must not even be imported: figures are drawn without a backend.
    (package / "backend_inline.py").write_text("raise RuntimeError('imported')")
    metadata = tmp_path / "matplotlib_inline-0.2.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: matplotlib-inline\nVersion: 0.2.1\n")
    (metadata / "entry_points.txt").write_text(
        "[matplotlib.backend]\ninline = matplotlib_inline.backend_inline\n"
    )
    paths = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    environment = ENVIRONMENTS["jupyter"] | {"PYTHONPATH": paths}
    svg, png, backend = draw(folder, environment)
    assert (svg, png) == expected
    assert "inline" in backend


def test_names_of_figures_cost_no_matplotlib() -> None:
    code = (
        "import sys, maxgain.figures.registry, maxgain.config.figures;"
        "print(sorted({'matplotlib', 'seaborn', 'pandas', 'torch'} & sys.modules.keys()))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
