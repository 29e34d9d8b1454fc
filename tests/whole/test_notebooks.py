"""The example notebooks run as they are, and draw the pictures that they open with."""

import os
import re
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LONGEST_SECONDS = 30.0
"""Of processor time, as a machine that tests share is slower by the clock."""


def picture_of(notebook: nbformat.NotebookNode) -> str:
    (name,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", notebook.cells[0].source)
    return str(name)


def outputs_of(notebook: nbformat.NotebookNode) -> str:
    return "".join(
        str(output.get("text", output.get("data", {}).get("text/plain", "")))
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["checkpoints", "overfitting", "pretrained"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_committed_without_outputs_and_open_with_their_picture(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    picture = FOLDER / picture_of(notebook)
    assert 0 < picture.stat().st_size < 60_000


SAID = {
    "checkpoints": "the training is beginning to converge",
    "overfitting": "paper: The gain ",
    "pretrained": "military uniform",
}
"""What each prints."""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = nbformat.read(path, as_version=4)
    binaries = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{binaries}:{os.environ['PATH']}")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    before = sum(os.times()[2:4])
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    deadline = time.monotonic() + 10  # a kernel's time is counted once it has ended
    while sum(os.times()[2:4]) == before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert before < sum(os.times()[2:4]) < before + LONGEST_SECONDS
    assert SAID[path.stem] in outputs_of(notebook)
    # The one that is committed has the size of the one drawn now.
    name = picture_of(notebook)
    with Image.open(tmp_path / name) as drawn, Image.open(FOLDER / name) as committed:
        assert drawn.size == committed.size
