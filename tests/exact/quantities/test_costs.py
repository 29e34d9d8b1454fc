"""Costs of passes against the images that go forward and backward through the network."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from maxgain.quantities import jacobian, range_test
from maxgain.quantities.batches import measure_batch_gradients
from maxgain.quantities.costs import (
    CENTRED_COLUMNS,
    COLUMN_COSTS,
    CURVATURE_IMAGES,
    PASS_COSTS,
    with_bases,
)
from maxgain.quantities.curvature import (
    curvature_along,
    curvature_of_batches,
    largest_eigenvalue,
    scaled_hessian,
)
from maxgain.quantities.passes import PASSES, compute_passes
from maxgain.quantities.registry import QUANTITIES, columns_of, snapshot_cost
from maxgain.quantities.snapshot import Past, Snapshot
from tests.exact.quantities.snapshots_by_hand import CLASSES, made_snapshot, two_layers

TIMED = Path(__file__).parents[3] / "benchmarks" / "results" / "quantities.csv"


@dataclass
class Count:
    """Images that were sent through a network: forward, backward, and through both for Hessians."""

    forward: int = 0
    backward: int = 0
    products: int = 0

    @property
    def equivalents(self) -> float:
        """In forward and backward passes of an image: 1/3 and 2/3.

        A product of the Hessian goes back through both, at twice their cost, as a backward pass
        has twice the cost of what it goes back through.
        """
        return self.forward / 3 + self.backward * 2 / 3 + self.products * 2


@contextmanager
def counting(network: nn.Module) -> Iterator[Count]:
    count, last, twice = Count(), 0, False
    original = torch.autograd.grad

    def forward(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        nonlocal last, twice
        last, twice = len(inputs[0]), False
        count.forward += last

    def grad(*args: Any, **options: Any) -> tuple[Tensor, ...]:
        nonlocal twice
        if twice:
            count.products += last
        else:
            count.backward += last
            twice = options.get("create_graph", False)
        return original(*args, **options)

    handle = network.register_forward_pre_hook(forward)
    try:
        with patch.object(torch.autograd, "grad", grad):
            yield count
    finally:
        handle.remove()


def counted(snapshot: Snapshot, *passes: str) -> float:
    """What passes really cost; no rate of the range test makes it end early."""
    with patch.object(range_test, "HIGHEST_RATE", 1e-5), counting(snapshot.network) as count:
        compute_passes(snapshot, passes)
    return count.equivalents


def complete(images: int) -> Snapshot:
    """With everything that a pass may ask for, and two impulses beside the centred one."""
    made = made_snapshot(two_layers(), images=images)
    state: Mapping[str, Tensor] = made.state
    return replace(made, initial=state, past=Past(state, None, ()), partner=state)


@pytest.mark.parametrize("images", [200, 1000, 6000])
@pytest.mark.parametrize("name", PASSES)
def test_a_pass_costs_what_goes_through_the_network(name: str, images: int) -> None:
    found = counted(complete(images), name)
    # No pass trains the second network: its epoch is counted beside the pass.
    trained = images if name == "pair" else 0
    declared = sum(PASS_COSTS[each](images, 2, CLASSES) for each in with_bases([name]))
    assert found + trained == pytest.approx(declared)


def test_columns_cost_their_passes_once_and_no_less_than_these_together() -> None:
    names = [row.name for row in QUANTITIES.rows() if row.needs not in ("pair", "range-test")]
    found = counted(complete(1000), *{QUANTITIES.find(name).needs for name in names})
    declared = snapshot_cost(columns_of(names), 1000, 2, CLASSES)
    # The images' pass and the ten steps' take what two others know of their first images.
    assert found == pytest.approx(declared - 1000 / 3 - 500)


def test_the_centred_impulse_alone_is_one_image() -> None:
    made = complete(200)
    alone = replace(made, impulses=made.impulses[:1])
    columns = ["gain_db", "sensitivity_db", "saturation_db", "impulse_gradient_norm"]
    assert counted(alone, "impulses") == 1
    assert snapshot_cost(columns, 200, 16, CLASSES) == 1
    assert snapshot_cost([*columns, "gain_mean_db"], 200, 16, CLASSES) == 17
    with patch.object(jacobian, "JACOBIAN_IMAGES", 0):
        found = counted(alone, "jacobians")
    assert snapshot_cost(["impulse_jacobian_norm"], 200, 16, CLASSES) == pytest.approx(found)
    both = ["impulse_jacobian_norm", "jacobian_norm"]
    assert snapshot_cost(both, 200, 16, CLASSES) == pytest.approx(51 * found)


def test_the_other_impulses_change_nothing_at_the_centred_one() -> None:
    """So that to charge one image is right."""
    made = complete(200)
    alone = replace(made, impulses=made.impulses[:1])
    for row in (QUANTITIES.find(name) for name in ("gain", "sensitivity", "impulse-gradient-norm")):
        function = QUANTITIES.load(row.name)
        one, all_of_them = (
            function(compute_passes(each, [row.needs])[row.needs]) for each in (alone, made)
        )
        for column in CENTRED_COLUMNS & set(row.columns):
            assert one[column] == pytest.approx(all_of_them[column])


@pytest.mark.parametrize("images", [200, 1000, 6000])
def test_a_column_of_the_curvature_alone_costs_its_part_of_the_pass(images: int) -> None:
    made = complete(images)
    places = made.training.shuffled()[:CURVATURE_IMAGES]
    with counting(made.network) as sharpness:
        _, product = scaled_hessian(made, places)
        largest_eigenvalue(product, made.weights)
    with counting(made.network) as of_batches:
        curvature_of_batches(made)
    with counting(made.network) as noise:
        mean = measure_batch_gradients(made).mean
        _, product = scaled_hessian(made, places)
        curvature_along(product, mean)
    found = {
        "edge_ratio": sharpness.equivalents,
        "batch_edge_ratio": of_batches.equivalents,
        "noise_rate_ratio": noise.equivalents,
    }
    assert {name: cost(images) for name, cost in COLUMN_COSTS.items()} == pytest.approx(found)
    # Together they are the pass, which takes the gradient of its 500 images once.
    declared = snapshot_cost(list(COLUMN_COSTS), images, 2, CLASSES)
    assert sum(found.values()) - min(images, CURVATURE_IMAGES) == pytest.approx(declared)


def test_centred_columns_are_known_ones() -> None:
    assert set(columns_of(QUANTITIES.names())) >= CENTRED_COLUMNS


def test_the_timed_table_has_every_quantity_and_its_charge() -> None:
    """Where it fails, `python -m benchmarks.quantities` writes it anew."""
    table = pd.read_csv(TIMED)
    for row in QUANTITIES.rows():
        lines = table[(table["quantity"] == row.name) & (table["impulses"] > 0)]
        if row.needs != "impulses":
            lines = table[table["quantity"] == row.name]
        assert sorted(lines["training_images"]) == [1000, 4000], row.name
        assert set(lines["pass"]) == {row.needs}
        for line in lines.to_dict("records"):
            images, impulses = int(line["training_images"]), int(line["impulses"])
            charged = snapshot_cost(row.columns, images, impulses, 10)
            assert line["images_charged"] == pytest.approx(charged, abs=0.06), row.name
    alone = table[(table["pass"] == "impulses") & (table["impulses"] == 0)]
    assert set(alone["images_charged"]) == {1}
    assert (table["pass_seconds"] + table["quantity_seconds"] > 0).all()
    assert table["processor"].str.len().min() > 0
