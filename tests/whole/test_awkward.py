"""Awkward paths and other tools' environment variables change and end nothing."""

import os
import shutil
from pathlib import Path

import pytest
import yaml

from tests.whole.conftest import SMOKE, TARGETS, clone_workflow, read_results, run_in

pytestmark = pytest.mark.xdist_group("awkward")

AWKWARD = "-a 'b\" {c} $d %e é;&"
"""A name that a shell, Snakemake's wildcards or an option parser could take for something else."""

OTHER_TOOLS = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONIOENCODING": "ascii",
    "PYTHONWARNINGS": "error",
    "OMP_NUM_THREADS": "many",
    "CUDA_VISIBLE_DEVICES": "",
    "TZ": "Pacific/Chatham",
    "LC_ALL": "C",
    "NO_COLOR": "1",
    "COLUMNS": "20",
}


@pytest.fixture(scope="module")
def reference(finished: tuple[Path, str]) -> dict[str, bytes]:
    return read_results(finished[0])


def test_variables_of_other_tools_change_nothing(
    reference: dict[str, bytes], tmp_path: Path
) -> None:
    folder = clone_workflow(tmp_path / "clone")
    # Snakemake itself is not ours: its own warnings are not turned into errors.
    snakemake = {name: value for name, value in OTHER_TOOLS.items() if name != "PYTHONWARNINGS"}
    rules = folder / "workflow/rules/common.smk"
    export = f"export PYTHONWARNINGS={OTHER_TOOLS['PYTHONWARNINGS']}; "
    rules.write_text(
        rules.read_text().replace("set -euo pipefail; ", f"set -euo pipefail; {export}")
    )
    done = run_in(folder, "snakemake", "--cores", "2", *TARGETS, *SMOKE, **snakemake)
    assert done.returncode == 0, done.stdout[-5000:]
    found = read_results(folder)
    assert {name: found[name] for name in found if name in reference} == found


@pytest.mark.parametrize(
    ("name", "value"),
    [("OMP_NUM_THREADS", "0"), ("OMP_NUM_THREADS", None), ("COLUMNS", "x"), ("MPLBACKEND", "no")],
)
def test_a_single_command_heeds_no_other_tool(name: str, value: str | None, tmp_path: Path) -> None:
    words = ["pipeline", "toy", "--table", "toy.csv", "--arrays", "toy.safetensors"]
    changed = {key: os.environ[key] for key in () if key}
    if value is not None:
        changed[name] = value
    done = run_in(tmp_path, "maxgain", *words, **changed)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "toy.csv").exists()


def test_every_path_may_be_awkward(reference: dict[str, bytes], tmp_path: Path) -> None:
    folder = clone_workflow(tmp_path / AWKWARD)
    data = tmp_path / "data" / AWKWARD
    shutil.copytree(folder, data / "not the images")
    overlay = {
        "data_folder": str(tmp_path / "downloads" / AWKWARD),
        "pretrained": {"weights_folder": AWKWARD, "image": str(tmp_path / f"{AWKWARD}.jpg")},
    }
    _copy_sample_photograph(tmp_path / f"{AWKWARD}.jpg")
    (folder / f"{AWKWARD}.yaml").write_text(yaml.safe_dump(overlay, allow_unicode=True))
    done = run_in(folder, "snakemake", "--cores", "2", *TARGETS, *SMOKE, f"./{AWKWARD}.yaml")
    assert done.returncode == 0, done.stdout[-5000:]
    found = read_results(folder)
    tables = [name for name in found if name.endswith("history.csv") or "/curves/" in name]
    assert len(tables) > 6
    assert {name: found[name] for name in tables} == {name: reference[name] for name in tables}


def _copy_sample_photograph(path: Path) -> None:
    import matplotlib

    shutil.copy(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg", path)
