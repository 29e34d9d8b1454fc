"""The page on one's own weights, from its first command to its last, as it stands there."""

import csv
import hashlib
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from maxgain.tables.zoo import read_zoo
from tests.pages import blocks_on
from tests.whole.conftest import REPOSITORY, run_in

PAGE = REPOSITORY / "docs/how-to/own-weights.md"
BLOCKS = blocks_on(PAGE)


def block(language: str, number: int = 0) -> str:
    return [text for name, text in BLOCKS if name == language][number]


def commands(*beginning: str) -> list[list[str]]:
    """Commands of the page that begin so."""
    lines = [line for name, text in BLOCKS if not name for line in text.splitlines()]
    found = [shlex.split(line, comments=False) for line in lines]
    return [words for words in found if words[: len(beginning)] == list(beginning)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the workflow with the page's files in it."""
    from tests.whole.conftest import clone_workflow

    folder = clone_workflow(tmp_path_factory.mktemp("weights") / "clone")
    (folder / "export.py").write_text(block("python", 0))
    (folder / "my_networks.py").write_text(block("python", 1))
    trained = "torch.save(architecture().state_dict(), 'mine.pt')"
    program = f"import torch; from my_networks import architecture; torch.manual_seed(0); {trained}"
    made = run_in(folder, "python", "-c", program)
    assert made.returncode == 0, made.stdout
    made = run_in(folder, "python", "export.py")
    assert made.returncode == 0, made.stdout
    models = folder / "models"
    models.mkdir()
    content = (folder / "mine.onnx").read_bytes()
    for name in ("small.onnx", "large.onnx"):
        (models / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (models / "manifest.csv").write_text(block("csv").replace("SHA256", digest))
    (folder / "mine.yaml").write_text(block("yaml"))
    return folder


def measured(folder: Path, words: list[str]) -> pd.DataFrame:
    done = run_in(folder, *words, "--csv", "measured.csv")
    assert done.returncode == 0, done.stdout
    return pd.read_csv(folder / "measured.csv")


def test_the_page_has_no_command_that_is_not_run_here() -> None:
    known = (
        *commands("maxgain", "measure"),
        *commands("maxgain", "compare"),
        *commands("snakemake"),
    )
    lines = [line for name, text in BLOCKS if not name for line in text.splitlines()]
    assert len(known) == len(lines) == 5


def test_a_file_and_a_state_dict_give_the_same_gains(folder: Path) -> None:
    of_file, of_function, of_manifest = commands("maxgain", "measure")
    file, function = (measured(folder, words) for words in (of_file, of_function))
    assert len(file) == len(function) > 0
    numbers = ["score", "gain_db", "sensitivity_db"]
    pd.testing.assert_frame_equal(file[numbers], function[numbers], atol=1e-3)
    done = run_in(folder, *of_manifest)
    assert done.returncode == 0, done.stdout
    listed = pd.read_csv(folder / "gains.csv")
    assert set(listed["name"]) == {"small", "large"}
    small = listed[listed["name"] == "small"].reset_index(drop=True)
    pd.testing.assert_frame_equal(small[numbers], file[numbers], atol=1e-3)


def test_a_file_without_a_scaling_says_what_it_is_taken_for(folder: Path) -> None:
    done = run_in(folder, "maxgain", "measure", "mine.onnx")
    assert done.returncode == 0, done.stdout
    assert "taken for a network of 0-255 pixels" in re.sub(r"\s+", " ", done.stdout)


def test_the_checksums_that_the_page_speaks_of_are_those_of_the_manifest(folder: Path) -> None:
    assert "`sha256sum models/*.onnx`" in PAGE.read_text(encoding="utf-8")
    with (folder / "models" / "manifest.csv").open(newline="") as file:
        (digest,) = {row["sha256"] for row in csv.DictReader(file)}
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    done = subprocess.run(
        "sha256sum models/*.onnx", shell=True, cwd=folder, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[1] == f"{digest}  models/small.onnx"


def test_two_networks_of_a_manifest_are_compared(folder: Path) -> None:
    (words,) = commands("maxgain", "compare")
    done = run_in(folder, *words)
    assert done.returncode == 0, done.stdout
    assert "small" in done.stdout
    assert (folder / "compare.png").stat().st_size > 0


def test_figures_6_and_7_are_drawn_of_a_manifest(folder: Path) -> None:
    (words,) = commands("snakemake")
    done = run_in(folder, *words)
    assert done.returncode == 0, done.stdout[-5000:]
    zoo = read_zoo(folder / "results/mine/zoo.csv")
    assert set(zoo["name"]) == {"small", "large"}
    assert set(zoo["architecture"]) == {"ours"}
    assert set(zoo["top5_error"]) == {24.5, 21.0}
    assert set(zoo["year"]) == {2025}
    for name in ("fig06", "fig07"):
        assert (folder / f"figures/mine/{name}.png").stat().st_size > 10_000
