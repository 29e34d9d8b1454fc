"""All quantities of a run: what is asked for, in order, once; what fails hinders no other."""

import math
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from maxgain.errors import InputError
from maxgain.quantities import passes
from maxgain.quantities.costs import PASS_COSTS
from maxgain.quantities.measure import Measured, measure_run
from maxgain.quantities.passes import PASSES, compute_passes
from maxgain.quantities.registry import QUANTITIES, columns_of
from maxgain.quantities.snapshot import Snapshot, TrainingImages
from maxgain.registry import load_function
from maxgain.tables.quantities import (
    QUANTITY_COLUMNS,
    read_quantities,
    signals_of,
    write_quantities,
)
from tests.exact.quantities.snapshots_by_hand import made_snapshot, two_layers

SNAPSHOT = made_snapshot(two_layers())


def stacked(*factors: float) -> dict[str, torch.Tensor]:
    """Snapshots of one run: the same weights, each time scaled."""
    return {
        name: torch.stack([factor * value for factor in factors])
        for name, value in SNAPSHOT.state.items()
    }


def measured(quantities: list[str], *factors: float) -> list[Measured]:
    return list(
        measure_run(replace(SNAPSHOT, initial=SNAPSHOT.state), stacked(*factors), quantities)
    )


def norm_of_first(snapshot: Snapshot) -> float:
    return float(snapshot.state["1.weight"].norm())


def raises_late(snapshot: Snapshot) -> float:
    if snapshot.past is not None:
        raise ArithmeticError("cannot")
    return 1.0


def test_every_row_names_a_function_a_pass_and_its_columns() -> None:
    assert PASSES.keys() == PASS_COSTS.keys()
    made = compute_passes(SNAPSHOT, {row.needs for row in QUANTITIES.rows()})
    for row in QUANTITIES.rows():
        values = load_function(row.function, row.name)(made[row.needs])
        assert tuple(values) == row.columns, row.name
        assert row.source
        assert PASS_COSTS[row.needs](1000, 9, 10) >= 0
    counts = Counter(columns_of(QUANTITIES.names()))
    assert max(counts.values()) == 1


def test_rows_come_by_epoch_and_column() -> None:
    found = measured(["training-loss", "weight-norm"], 1.0, 2.0)
    columns = columns_of(["training-loss", "weight-norm"])
    assert [(row.epoch, row.quantity) for row in found] == [
        (epoch, column) for epoch in (1, 2) for column in columns
    ]
    by_name = {(row.epoch, row.quantity): row.value for row in found}
    assert by_name[2, "weight_norm"] == pytest.approx(2 * by_name[1, "weight_norm"])
    assert by_name[1, "distance_from_start"] == 0
    assert by_name[2, "update_norm"] == pytest.approx(by_name[1, "weight_norm"])


def test_each_pass_is_made_once_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Counter[str] = Counter()

    def counted(name: str) -> object:
        original = PASSES[name]

        def count(snapshot: Snapshot, others: dict[str, object]) -> object:
            made[name] += 1
            return original(snapshot, others)

        return count

    monkeypatch.setattr(passes, "PASSES", {name: counted(name) for name in PASSES})
    measured(["training-loss", "local-dimension", "eb-criterion", "gradient-noise"], 1.0, 2.0)
    assert made == {"images": 2, "batch-gradients": 2}


def test_shared_passes_give_what_single_ones_do() -> None:
    together = {row.quantity: row.value for row in measured(QUANTITIES.names(), 1.0)}
    alone = ["training-loss", "optimisation-variance", "noise-rate-ratio", "hypergradient"]
    for name in alone:
        for row in measured([name], 1.0):
            assert row.value == pytest.approx(together[row.quantity], rel=1e-9), name


def test_quantities_of_the_first_epochs_end_there() -> None:
    found = measured(["hypergradient", "range-test", "weight-norm"], *[1.0] * 5)
    epochs = Counter(row.quantity for row in found)
    assert epochs["hypergradient_cosine"] == 3
    assert epochs["range_test_valley_ratio"] == 1
    assert epochs["weight_norm"] == 5


def test_looking_back_does_not_reach_over_a_diverged_snapshot() -> None:
    found = measured(["prediction-changes", "weight-norm"], 1.0, 1.0, math.nan, 1.0, 1.0)
    values = {(row.epoch, row.quantity): row.value for row in found}
    changes = [values[epoch, "prediction_changes"] for epoch in range(1, 6)]
    assert changes == pytest.approx([math.nan, 0, math.nan, math.nan, 0], nan_ok=True)
    assert math.isnan(values[3, "weight_norm"])
    assert values[4, "weight_norm"] > 0


def test_mastering_needs_five_epochs() -> None:
    found = measured(["mastered-share"], *[1.0] * 6)
    assert [math.isnan(row.value) for row in found] == [True] * 4 + [False] * 2
    assert found[-1].value == 1


def test_a_users_function_is_a_quantity() -> None:
    found = measured([f"{__name__}:norm_of_first", "weight-norm"], 1.0)
    assert found[0].quantity == "norm_of_first"
    assert found[0].value == pytest.approx(float(SNAPSHOT.state["1.weight"].norm()))


def test_a_quantity_that_raises_is_nan_and_the_others_stand() -> None:
    with pytest.warns(RuntimeWarning, match="at epoch 2: ArithmeticError: cannot"):
        found = measured([f"{__name__}:raises_late", "weight-norm"], 1.0, 1.0)
    values = {(row.epoch, row.quantity): row.value for row in found}
    assert values[1, "raises_late"] == 1
    assert math.isnan(values[2, "raises_late"])
    assert values[2, "weight_norm"] > 0


def test_bad_input_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(InputError, match="did you mean 'weight-norm'"):
        measured(["weight-norms"], 1.0)
    with pytest.raises(InputError, match="both give the column 'gain_db'"):
        measured(["gain", "gain"], 1.0)
    wrong = stacked(1.0) | {"1.weight": torch.zeros(1, 2)}
    with pytest.raises(InputError, match=r"not the network's: '1\.weight' differs"):
        measure_run(SNAPSHOT, wrong, ["gain"])
    with pytest.raises(InputError, match="second training has fewer than 2 snapshots"):
        measure_run(SNAPSHOT, stacked(1.0, 1.0), ["gain"], stacked(1.0))
    with pytest.raises(InputError, match="at least one is needed"):
        measure_run(replace(SNAPSHOT, impulses=SNAPSHOT.impulses[:0]), stacked(1.0), ["gain"])
    with pytest.raises(InputError, match="there are 19 training images"):
        TrainingImages(SNAPSHOT.training.images[:19], SNAPSHOT.training.labels[:19])
    with pytest.raises(InputError, match="the pass 'none' of a quantity is not known"):
        compute_passes(SNAPSHOT, ["none"])


def test_normalised_networks_in_half_precision_are_measured_in_float32() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 4)
    )
    snapshots = {
        name: value[None].half() if value.is_floating_point() else value[None]
        for name, value in network.state_dict().items()
    }
    training = TrainingImages(SNAPSHOT.training.images.float(), SNAPSHOT.training.labels)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        frame = Snapshot(network, {}, training, SNAPSHOT.impulses, 0.1)
        found = list(measure_run(frame, snapshots, QUANTITIES.names()))
    values = {row.quantity: row.value for row in found}
    assert math.isfinite(values["eb_criterion"])
    assert math.isfinite(values["gain_db"])
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_table_survives_and_becomes_signals(tmp_path: Path) -> None:
    rows = [
        {"run": "r", "epoch": 1, "quantity": "gain_db", "value": -math.inf},
        {"run": "r", "epoch": 1, "quantity": "training_loss", "value": 2.5},
        {"run": "r", "epoch": 2, "quantity": "training_loss", "value": math.nan},
    ]
    path = tmp_path / "quantities.csv"
    write_quantities(path, ({"standard_error": math.nan} | row for row in rows))
    table = read_quantities(path)
    assert tuple(table) == QUANTITY_COLUMNS
    signals = signals_of(table)
    assert signals.columns.tolist() == ["run", "epoch", "gain_db", "training_loss"]
    assert signals["gain_db"].tolist() == pytest.approx([-math.inf, math.nan], nan_ok=True)
    assert signals["training_loss"].tolist() == pytest.approx([2.5, math.nan], nan_ok=True)


def test_two_values_of_one_quantity_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "quantities.csv"
    row = {"run": "r", "epoch": 1, "quantity": "gain_db", "value": 1.0, "standard_error": 0.0}
    write_quantities(path, [row, row])
    with pytest.raises(InputError, match="two values of gain_db at epoch 1 of the run r"):
        read_quantities(path)
