"""Awkward paths and other tools' environment variables change and end nothing."""

import json
import re
import shlex
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

from tests.whole.conftest import (
    SMOKE,
    TARGETS,
    clone_workflow,
    read_results,
    run_in,
    write_idx_folder,
)

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
    text = rules.read_text(encoding="utf-8")
    changed = text.replace("set -euo pipefail; ", f"set -euo pipefail; {export}")
    assert changed != text
    rules.write_text(changed, encoding="utf-8")
    done = run_in(folder, "snakemake", "--cores", "2", *TARGETS, *SMOKE, **snakemake)
    assert done.returncode == 0, done.stdout[-5000:]
    found = read_results(folder)
    assert sorted(found) == sorted(reference)
    assert [name for name in found if found[name] != reference[name]] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("MPLBACKEND", "no"), ("MPLBACKEND", OTHER_TOOLS["MPLBACKEND"])),
        *(("OMP_NUM_THREADS", "0"), ("OMP_NUM_THREADS", None)),
        *(("COLUMNS", "x"), ("COLUMNS", "1"), ("PYTHONWARNINGS", "error")),
    ],
)
def test_a_single_command_heeds_no_other_tool(name: str, value: str | None, tmp_path: Path) -> None:
    """A network is measured on the sample photograph and drawn, and the table printed."""
    words = ("measure", "tf_efficientnet_lite0-random", "--output", "é.svg", "--csv", "é.csv")
    done = run_in(tmp_path, "maxgain", *words, **{name: value})
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout
    assert len(pd.read_csv(tmp_path / "é.csv")) > 2
    assert (tmp_path / "é.svg").stat().st_size > 2000


def write_onnx(path: Path) -> None:
    """A network of one convolution, the average over all places and two classes."""
    filters = np.random.default_rng(2).normal(size=(2, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "filters"], ["c"], "convolution"),
        helper.make_node("GlobalAveragePool", ["c"], ["g"], "average"),
        helper.make_node("Flatten", ["g"], ["logits"], "flat"),
    ]
    values = [("x", [1, 3, 16, 16]), ("logits", [1, 2])]
    inputs, outputs = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)] for name, sizes in values
    )
    tensors = [numpy_helper.from_array(filters, "filters")]
    graph = helper.make_graph(nodes, "classifier", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)


def test_every_path_may_be_awkward(reference: dict[str, bytes], tmp_path: Path) -> None:
    """Clone, configuration, images, downloads, weights, photograph and network file."""
    folder = clone_workflow(tmp_path / AWKWARD)
    images, photograph = tmp_path / "images" / AWKWARD, tmp_path / f"{AWKWARD}.jpg"
    write_idx_folder(images, 20, 10)
    _copy_sample_photograph(photograph)
    write_onnx(folder / f"{AWKWARD}.onnx")
    local = {"source": "local", "location": str(images)}
    mine = {"dataset": "mine", "networks": ["lenet-mnist"], "learning_rate": 0.001}
    overlay = {
        "data_folder": AWKWARD,
        "datasets": {"mine": local},
        "experiments": {"mine": {**mine, "epochs": 2, "seeds": [0]}},
        "pretrained": {
            "networks": ["tf_efficientnet_lite0", f"{AWKWARD}.onnx"],
            **{"weights_folder": AWKWARD, "image": str(photograph)},
        },
    }
    _write_yaml(folder / f"{AWKWARD}.yaml", overlay)
    words = ("--cores", "2", *TARGETS, "results/smoke/curves/mine.csv")
    done = run_in(folder, "snakemake", *words, *SMOKE, f"./{AWKWARD}.yaml")
    assert done.returncode == 0, done.stdout[-5000:]
    found = read_results(folder)
    same = [
        *(name for name in found if name.endswith(("history.csv", "gains.csv"))),
        *(f"results/smoke/curves/{name}.csv" for name in ("mnist_rates", "capacity")),
        *("results/smoke/toy.csv", "figures/smoke/fig10.svg"),
    ]
    same = [name for name in same if "/mine/" not in name]
    assert len(same) > 12
    assert [name for name in same if found[name] != reference[name]] == []
    curves = pd.read_csv(folder / "results/smoke/curves/mine.csv")
    assert np.isfinite(curves["gain_db"]).all()
    zoo = pd.read_csv(folder / "results/smoke/zoo.csv")
    assert {name for name in zoo["name"] if AWKWARD in name}, set(zoo["name"])
    assert found["results/smoke/zoo_missing.csv"] == b"name,reason\n"
    again = run_in(folder, "snakemake", "-n", *words[2:], *SMOKE, f"./{AWKWARD}.yaml")
    assert "Nothing to be done" in again.stdout, again.stdout[-3000:]
    # The images are watched, though Snakemake could not take their folder as an input.
    (images / "notes.txt").write_text("another file\n")
    changed = run_in(folder, "snakemake", "-n", *words[2:], *SMOKE, f"./{AWKWARD}.yaml")
    assert "results/smoke/prepared/mine.safetensors" in changed.stdout, changed.stdout[-3000:]


def printed_commands(plan: str) -> list[list[str]]:
    """The words of the commands that a dry run prints, as a shell would take them."""
    commands = re.findall(r"^Shell command: .*?(maxgain pipeline .*)$", plan, re.M)
    return [shlex.split(command) for command in commands]


@pytest.mark.parametrize("home", ["home", AWKWARD])
def test_a_home_folder_stands_for_its_sign(workflow_copy: Path, tmp_path: Path, home: str) -> None:
    """Downloads go to the folders that are meant; nothing is downloaded here."""
    overlay = {
        "data_folder": "~/my data",
        "datasets": {"mnist": {"source": "official"}},
        "pretrained": {"networks": ["alexnet"], "weights_folder": f"~/{AWKWARD}"},
    }
    _write_yaml(workflow_copy / "home.yaml", overlay)
    targets = ("results/smoke/prepared/mnist.safetensors", "results/smoke/zoo.csv")
    words = ("-n", "--printshellcmds", *targets, *SMOKE, "home.yaml")
    plan = run_in(workflow_copy, "snakemake", *words, HOME=str(tmp_path / home))
    assert plan.returncode == 0, plan.stdout[-3000:]
    commands = {words[2]: words[3:] for words in printed_commands(plan.stdout)}
    assert commands["fetch-dataset"][:2] == ["mnist", str(tmp_path / home / "my data/mnist")]
    for name in ("fetch-weights", "measure-network"):
        given = commands[name]
        assert given[given.index("--folder") + 1] == str(tmp_path / home / AWKWARD)
    job = json.loads(commands["prepare"][0])
    assert job["location"] == str(tmp_path / home / "my data/mnist")


def test_values_of_the_command_line_may_be_nested(workflow_copy: Path) -> None:
    change = "experiments={mnist_rates: {epochs: 3, rate_factors: [1, 1/7]}}"
    words = ("-n", "--printshellcmds", "results/embedded/curves/mnist_rates.csv")
    plan = run_in(workflow_copy, "snakemake", *words, "--config", change, "device=cpu")
    assert plan.returncode == 0, plan.stdout[-3000:]
    jobs = [json.loads(words[3]) for words in printed_commands(plan.stdout) if words[2] == "train"]
    assert {job["run"]["epochs"] for job in jobs} == {3}
    assert {job["device"] for job in jobs} == {"cpu"}
    rates = {job["run"]["learning_rate"] for job in jobs}
    assert sorted(rates) == pytest.approx([0.001 / 7, 0.001])


def _write_yaml(path: Path, overlay: Mapping[str, object]) -> None:
    path.write_text(yaml.safe_dump(overlay, allow_unicode=True), encoding="utf-8")


def _copy_sample_photograph(path: Path) -> None:
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    shutil.copy(Path(found.origin).parent / "mpl-data/sample_data/grace_hopper.jpg", path)
