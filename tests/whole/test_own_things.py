"""Experiments of the page for users, and things that a package adds, run from data to diagnosis."""

import csv
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from tests.whole.conftest import REPOSITORY, SMOKE, run_in, write_idx_folder

PAGE = REPOSITORY / "docs/how-to/own-experiment.md"


def block_of_page(protocol: str) -> str:
    """The page's YAML block of a protocol's name, as it stands there."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    (block,) = (block for block in blocks if yaml.safe_load(block)["protocol"] == protocol)
    assert len(block.splitlines()) <= 10
    return block


def run_block(folder: Path, protocol: str, overlay: dict[str, Any]) -> tuple[pd.DataFrame, str]:
    """Curves of a block's experiment, run on smaller data, and the text of its figure."""
    block = block_of_page(protocol)
    settings = yaml.safe_load(block)
    (experiment,) = settings["only"]
    (request,) = settings["figures"]["requests"]
    (folder / "mine.yaml").write_text(block, encoding="utf-8")
    (folder / "small.yaml").write_text(yaml.safe_dump(overlay))
    table = f"results/{protocol}/curves/{experiment}.csv"
    figure = f"figures/{protocol}/{request['name']}.svg"
    diagnoses = f"results/{protocol}/diagnoses.csv"
    configuration = ("--configfile", "mine.yaml", "small.yaml")
    plan = run_in(folder, "snakemake", "-n", "--quiet", *configuration)
    assert plan.returncode == 0, plan.stdout[-5000:]
    words = ("--cores", "2", table, figure, diagnoses)
    done = run_in(folder, "snakemake", *words, *configuration)
    assert done.returncode == 0, done.stdout[-5000:]
    curves = pd.read_csv(folder / table)
    runs = ["network", "capacity", "rate_factor", "learning_rate", "seed"]
    diagnosed = pd.read_csv(folder / diagnoses)
    assert set(diagnosed["experiment"]) == {experiment}
    assert sorted(map(tuple, diagnosed[runs].to_numpy())) == sorted(
        map(tuple, curves[runs].drop_duplicates().to_numpy())
    )
    assert diagnosed["sentence"].str.endswith(".").all()
    numbers = curves[["gain_db", "training_loss", "validation_loss", "validation_error"]]
    assert np.isfinite(numbers.to_numpy()).all()
    return curves, (folder / figure).read_text(encoding="utf-8")


def test_resnet20_at_three_rates(workflow_copy: Path) -> None:
    sizes = {"training_images": 60, "validation_images": 20, "statistics_images": None}
    overlay = {
        "datasets": {"cifar10": {"source": "embedded", "embedded": sizes}},
        "experiments": {"rates": {"epochs": 2, "seeds": [0]}},
    }
    curves, figure = run_block(workflow_copy, "resnet", overlay)
    assert set(curves["network"]) == {"resnet20"}
    assert sorted(set(curves["learning_rate"])) == pytest.approx([0.1 / 3, 0.1, 0.3])
    assert len(curves) == 3 * 2
    assert "resnet20" in figure
    assert "stand-in" in figure


def test_a_timm_network_on_an_image_folder(workflow_copy: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for split, count in (("train", 6), ("test", 3)):
        for name in ("rose", "tulip", "daisy"):
            place = tmp_path / "flowers" / split / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 256, (64, 64, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{number}.png")
    overlay = {
        "datasets": {"flowers": {"location": str(tmp_path / "flowers")}},
        "experiments": {"rates": {"epochs": 2}},
    }
    curves, figure = run_block(workflow_copy, "flowers", overlay)
    assert set(curves["network"]) == {"timm-resnet10t"}
    assert sorted(set(curves["learning_rate"])) == pytest.approx([0.001, 0.01])
    assert len(curves) == 2 * 2
    # Of nine images.
    ninths = curves["validation_error"] * 9
    assert np.allclose(ninths, ninths.round())
    assert "timm-resnet10t" in figure


OWN_NETWORK = """
from torch import nn


def build(channels, height, width, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 4, 5, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2),
        nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64, classes),
    )
"""


def test_a_function_of_ones_own_on_fashion(workflow_copy: Path, tmp_path: Path) -> None:
    write_idx_folder(tmp_path / "fashion", 40, 20)
    (workflow_copy / "my_networks.py").write_text(OWN_NETWORK)
    local = {"source": "local", "set": None, "location": str(tmp_path / "fashion")}
    overlay = {
        "datasets": {"fashion": local},
        "experiments": {"mine": {"epochs": 2, "seeds": [0, 1]}},
    }
    curves, figure = run_block(workflow_copy, "fashion", overlay)
    assert set(curves["network"]) == {"my_networks-build", "lenet"}
    assert len(curves) == 2 * 2 * 2
    assert "my_networks-build" in figure


def test_a_users_module_is_not_imported_to_plan(workflow_copy: Path, tmp_path: Path) -> None:
    write_idx_folder(tmp_path / "fashion", 40, 20)
    (workflow_copy / "my_networks.py").write_text("raise SystemExit('imported')\n")
    (workflow_copy / "mine.yaml").write_text(block_of_page("fashion"))
    plan = run_in(workflow_copy, "snakemake", "-n", "--configfile", "mine.yaml")
    assert plan.returncode == 0, plan.stdout[-3000:]


ROWS = '''
"""Rows that the package announces; like every registry, without torch."""

import math

from maxgain.claims.registry import Claim
from maxgain.figures.registry import FigureRow
from maxgain.figures.rows import Kind
from maxgain.networks.registry import NetworkRow
from maxgain.registry import Row

NETWORK = NetworkRow("two-layers", "extra.things:TwoLayers", least_size=8, channels=(1, 3))
PREPROCESSING = Row("to-one-half", "extra.things:to_one_half")
AUGMENTATION = Row("negative", "extra.things:negative")
OPTIMISER = Row("signs", "extra.things:signs")
CLAIM = Claim(
    "X1", "extra.things:judge_x1", "extra", "it trains", "The training loss falls", "", "extra",
    "gain_db", "change of the training loss, below threshold",
    0.0, 0.0, math.nan, math.nan, math.nan, 2.0, "",
)
FIGURE = FigureRow("losses", "extra.things:draw_losses", ("extra.csv",), "Losses of the runs.")
KIND = Kind("points", "extra.things:draw_points", "Points, one an epoch.")
'''

THINGS = '''
"""What the rows name."""

from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import nn

from maxgain.claims.evidence import Evidence
from maxgain.data.augmentation import Augmentation
from maxgain.data.preprocessing import PreprocessedImages
from maxgain.training.optimisers import Optimiser


class TwoLayers(nn.Module):
    def __init__(self, channels, height, width, classes):
        super().__init__()
        self.first = nn.Conv2d(channels, 4, 5, stride=3)
        self.second = nn.LazyLinear(classes)
        self(torch.zeros(1, channels, height, width))

    def forward(self, images):
        return self.second(self.first(images).relu().flatten(1))


def to_one_half(data):
    mean = torch.full(data.training.images.shape[1:], 127.5)
    parts = [part.images - mean for part in (data.training, data.validation)]
    return PreprocessedImages(*parts, mean)


def negative():
    return Augmentation(
        lambda count, batch_size, generator: torch.randint(2, (count, 1), generator=generator),
        lambda images, numbers: images * (1 - 2 * numbers[:, :, None, None]),
    )


class Signs(Optimiser):
    def __init__(self, groups, weight_decay):
        super().__init__(groups, weight_decay)
        self.state = {}

    def _update(self, parameters, learning_rate):
        for parameter in parameters:
            parameter -= learning_rate * parameter.grad.sign()


def signs(groups, run, weight_decay):
    assert (run.momentum, run.optimiser) == (0, "signs")
    return Signs(groups, weight_decay)


def judge_x1(tables, claim):
    losses = tables.curves["extra"].sort_values("epoch")["training_loss"].to_numpy()
    change = float(losses[-1] - losses[0])
    return Evidence("holds" if change < claim.threshold else "fails", change, numbers="by losses")


def draw_losses(table):
    figure = Figure()
    figure.subplots().plot(table["epoch"], table["training_loss"])
    figure.suptitle("losses of the extra package")
    return figure


def draw_points(table, request):
    figure = Figure()
    figure.subplots().plot(table["epoch"], table["gain_db"], "o")
    figure.suptitle(f"points of {request.experiment}")
    return figure
'''

ENTRY_POINTS = """
[maxgain.networks]
two-layers = extra.rows:NETWORK
[maxgain.preprocessings]
to-one-half = extra.rows:PREPROCESSING
[maxgain.augmentations]
negative = extra.rows:AUGMENTATION
[maxgain.optimisers]
signs = extra.rows:OPTIMISER
[maxgain.claims]
X1 = extra.rows:CLAIM
[maxgain.figures]
losses = extra.rows:FIGURE
[maxgain.figure-kinds]
points = extra.rows:KIND
"""


@pytest.fixture
def installed_package(tmp_path: Path) -> str:
    """PYTHONPATH with a package that adds one thing of each kind, as pip would install it."""
    site = tmp_path / "site"
    (site / "extra").mkdir(parents=True)
    (site / "extra/__init__.py").write_text("")
    (site / "extra/rows.py").write_text(ROWS)
    (site / "extra/things.py").write_text(THINGS)
    information = site / "extra-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    return os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))


def test_a_package_adds_one_thing_of_each_kind(workflow_copy: Path, installed_package: str) -> None:
    overlay = {
        "datasets": {
            "digits": {
                **{"source": "embedded", "set": "mnist"},
                **{"preprocessing": "to-one-half", "augmentation": "negative"},
                "embedded": {"training_images": 100, "validation_images": 50},
            }
        },
        "experiments": {
            "extra": {
                **{"dataset": "digits", "networks": ["two-layers"], "optimiser": "signs"},
                **{"learning_rate": 0.0001, "epochs": 3, "seeds": [0]},
            }
        },
        "figures": {"requests": [{"name": "mine", "kind": "points", "experiment": "extra"}]},
    }
    (workflow_copy / "extra.yaml").write_text(yaml.safe_dump(overlay))
    # The tables of all experiments, and of all figures those that the package draws.
    targets = ("results/smoke/provenance.json", "results/smoke/diagnoses.csv")
    targets += ("figures/smoke/losses.svg", "figures/smoke/mine.svg")
    words = ("snakemake", "--cores", "2", *targets, *SMOKE, "extra.yaml")
    done = run_in(workflow_copy, *words, PYTHONPATH=installed_package)
    assert done.returncode == 0, done.stdout[-5000:]
    results, figures = workflow_copy / "results/smoke", workflow_copy / "figures/smoke"
    curves = pd.read_csv(results / "curves/extra.csv")
    assert curves["network"].tolist() == ["two-layers"] * 3
    assert np.isfinite(curves["gain_db"]).all()
    assert "losses of the extra package" in (figures / "losses.svg").read_text()
    assert "points of extra" in (figures / "mine.svg").read_text()
    with (results / "verdicts.csv").open(newline="", encoding="utf-8") as file:
        verdicts = {row["id"]: row for row in csv.DictReader(file)}
    assert verdicts["X1"]["verdict"] == "seen"
    change = curves["training_loss"].iloc[-1] - curves["training_loss"].iloc[0]
    assert float(verdicts["X1"]["effect"]) == pytest.approx(change)
    assert "extra" in set(pd.read_csv(results / "diagnoses.csv")["experiment"])
    assert "| X1 |" in (results / "verdicts.md").read_text()


def test_what_a_missing_package_added_is_refused_before_any_job(workflow_copy: Path) -> None:
    overlay = {"datasets": {"mnist": {"preprocessing": "to-one-half"}}}
    (workflow_copy / "extra.yaml").write_text(yaml.safe_dump(overlay))
    done = run_in(workflow_copy, "snakemake", "--cores", "1", *SMOKE, "extra.yaml")
    assert done.returncode != 0
    assert "preprocessing 'to-one-half' is not known" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (workflow_copy / "results").exists()
