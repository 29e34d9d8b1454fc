"""Order, augmentation and rates of a run's epochs; networks of any kind, killed and resumed."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from maxgain.config.runs import Run
from maxgain.data.augmentation import batch_flip, flip_and_crop, no_augmentation
from maxgain.errors import InputError
from maxgain.networks.building import build_network
from maxgain.pipeline.training import training_data
from maxgain.response.measure import measure
from maxgain.response.probes import impulse_image
from maxgain.response.snapshots import snapshot_gains
from maxgain.training.batches import draw_batches
from maxgain.training.loop import TrainingData, train
from maxgain.training.schedule import rate_at
from maxgain.training.snapshots import Architecture, read_snapshots, write_snapshots
from maxgain.training.state import Epoch, TrainingState
from tests.exact.training.training_cases import COUNT, RUN, killed_in_epoch, noise, prepared

HERE = "tests.exact.training.test_loop"
SHAPE = (3, 9, 8)

# --- order, augmentation, rates


def test_order_depends_on_seed_and_epoch_alone() -> None:
    flips = batch_flip()
    first = draw_batches(RUN, 3, 100, flips)
    after = torch.rand(())
    torch.manual_seed(99)
    draw_batches(RUN, 1, 100, flips)
    draw_batches(RUN, 2, 77, flips)
    second = draw_batches(replace(RUN, epochs=50, learning_rate=1.0), 3, 100, flips)
    assert torch.equal(first.indices, second.indices)
    assert torch.equal(first.numbers, second.numbers)
    assert torch.rand(()) == after  # Dropout follows.
    for other in (
        draw_batches(RUN, 4, 100, flips),
        draw_batches(replace(RUN, seed=4), 3, 100, flips),
    ):
        assert not torch.equal(first.indices, other.indices)
    assert first.indices.sort().values.tolist() == list(range(100))


def test_augmentation_does_not_change_the_order() -> None:
    orders = [
        draw_batches(RUN, 1, 50, make()) for make in (no_augmentation, batch_flip, flip_and_crop)
    ]
    assert [order.numbers.shape[1] for order in orders] == [0, 1, 3]
    assert all(torch.equal(order.indices, orders[0].indices) for order in orders)


def test_schedule() -> None:
    run = replace(RUN, learning_rate=0.05, schedule=((30, 1.0), (10, 0.1), (5, 0.01)))
    rates = [rate_at(run, epoch) for epoch in range(1, 60)]
    assert rates == pytest.approx([0.05] * 30 + [0.005] * 10 + [0.0005] * 19)
    assert {rate_at(RUN, epoch) for epoch in range(1, 60)} == {RUN.learning_rate}


def test_a_repetition_disturbs_the_initial_weights_by_their_last_bits(tmp_path: Path) -> None:
    numbers = itertools.count()

    def initial(repetition: int) -> Tensor:
        run = replace(RUN, epochs=1, learning_rate=1e-30, repetition=repetition)
        state = TrainingState(tmp_path / f"{next(numbers)}", {})
        (epoch,) = train(run, training_data(prepared(), run), "cpu", state)
        return torch.cat([value.flatten() for value in epoch.weights.values()])

    plain, first, second = (initial(repetition) for repetition in (0, 1, 2))
    for disturbed in (first, second):
        assert not torch.equal(disturbed, plain)
        assert torch.allclose(disturbed, plain, rtol=1e-6, atol=1e-20)
    assert not torch.equal(first, second)
    assert torch.equal(first, initial(1))


# --- networks of any kind


class Running(nn.Module):
    """Subtracts a mean that it follows, and counts its steps and, in bytes, whether it ran."""

    steps: Tensor
    has_run: Tensor
    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("steps", torch.zeros(2, dtype=torch.int32))
        self.register_buffer("has_run", torch.zeros((), dtype=torch.bool))
        self.register_buffer("mean", torch.zeros((), dtype=torch.float64))

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            self.steps += 1
            self.has_run.fill_(True)
            self.mean.mul_(0.9).add_(images.detach().mean().double(), alpha=0.1)
        return images - self.mean.float()


def with_buffers(channels: int, height: int, width: int, classes: int) -> nn.Module:
    return nn.Sequential(Running(), nn.Flatten(), nn.Linear(channels * height * width, classes))


def with_dropout(channels: int, height: int, width: int, classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(6 * (height - 2) * (width - 2), classes),
    )


class Tied(nn.Module):
    """Two layers share their weights, none has a bias, and one parameter is not for learning."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 6, 3, padding=1, bias=False)
        self.second = nn.Conv2d(6, 6, 3, padding=1, bias=False)
        self.third = nn.Conv2d(6, 6, 3, padding=1, bias=False)
        self.third.weight = self.second.weight
        self.scale = nn.Parameter(torch.tensor(0.5), requires_grad=False)
        self.unused = nn.Linear(2, 2)
        self.number = nn.Linear(6, classes, bias=False)  # A name that files of state use too.

    def forward(self, images: Tensor) -> Tensor:
        features = self.second(self.first(images).relu()).relu()
        return self.number(self.third(features * self.scale).relu().mean((2, 3)))


def tied(channels: int, height: int, width: int, classes: int) -> nn.Module:
    return Tied(channels, classes)


def with_capacity(
    channels: int, height: int, width: int, classes: int, capacity: float
) -> nn.Module:
    wide = round(24 * capacity)
    return nn.Sequential(
        nn.Conv2d(channels, wide, 5, padding=2),
        nn.BatchNorm2d(wide),
        nn.ReLU(),
        nn.Conv2d(wide, wide, 5, padding="same"),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(wide, classes),
    )


_PLAIN = replace(RUN, capacity=1.0, epochs=3, learning_rate=1e-3, network="mine")
RUNS = {
    "resnet20": replace(_PLAIN, architecture="resnet20", capacity=0.25),
    "dropout": replace(_PLAIN, architecture=f"{HERE}:with_dropout"),
    "buffers": replace(_PLAIN, architecture=f"{HERE}:with_buffers", learning_rate=1e-5),
    "tied": replace(_PLAIN, architecture=f"{HERE}:tied", weight_decay=0.01),
    "capacity": replace(_PLAIN, architecture=f"{HERE}:with_capacity", learning_rate=1e-4),
    "nesterov": replace(_PLAIN, architecture="lenet-cifar", nesterov=True),
    "adamw": replace(_PLAIN, architecture="resnet20", capacity=0.25, optimiser="adamw"),
    "crop": replace(_PLAIN, architecture="lenet-cifar", augmentation="flip-and-crop"),
    "library": replace(_PLAIN, architecture="lenet-cifar", initialisation="library"),
    "plain": replace(_PLAIN, architecture="lenet-cifar", fast=False),
    "bf16": replace(_PLAIN, architecture="resnet20", capacity=0.25, precision="bf16"),
}


def _data(shape: tuple[int, int, int] = SHAPE, count: int = COUNT) -> TrainingData:
    return TrainingData(
        training_pixels=noise(0, count, shape).permute(0, 2, 3, 1).contiguous(),
        training_labels=torch.arange(count) % 7,
        validation_pixels=noise(1, 9, shape).permute(0, 2, 3, 1).contiguous(),
        validation_labels=torch.arange(9) % 7,
        classes=7,
    )


def _trained(run: Run, folder: Path) -> list[Epoch]:
    return train(run, _data(), "cpu", TrainingState(folder, {}))


def _same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        one.dtype == second[name].dtype and torch.equal(one, second[name])
        for name, one in first.items()
    )


@pytest.mark.parametrize("name", RUNS)
def test_killed_run_of_any_network_ends_with_the_same_bytes(tmp_path: Path, name: str) -> None:
    run = RUNS[name]
    whole = _trained(run, tmp_path / "whole")
    assert all(math.isfinite(epoch.row["validation_loss"]) for epoch in whole)
    assert not _same(whole[0].weights, whole[1].weights)
    for epoch in range(1, run.epochs + 1):
        with killed_in_epoch(epoch):
            _trained(run, tmp_path / str(epoch))
        again = _trained(run, tmp_path / str(epoch))
        assert [one.row for one in again] == [one.row for one in whole]
        for one, other in zip(again, whole, strict=True):
            assert _same(one.weights, other.weights)


@pytest.mark.parametrize("name", ["resnet20", "dropout", "buffers", "tied", "capacity"])
def test_snapshots_hold_the_whole_state_and_their_gains_are_the_networks(
    tmp_path: Path, name: str
) -> None:
    run = RUNS[name]
    epochs = _trained(run, tmp_path)
    architecture = Architecture(run.architecture, SHAPE, 7, run.capacity)
    path = tmp_path / "snapshots.safetensors"
    write_snapshots(path, architecture, [epoch.weights for epoch in epochs], torch.zeros(SHAPE))
    content = read_snapshots(path)
    assert content.architecture == architecture
    network = build_network(run.architecture, SHAPE, 7, run.capacity)
    assert content.parameters.keys() == network.state_dict().keys()
    found = snapshot_gains(network, content.parameters, impulse_image(*SHAPE))
    for epoch, gains in enumerate(found):
        network.load_state_dict({key: x[epoch] for key, x in content.parameters.items()})
        expected = measure(network.eval(), impulse_image(*SHAPE), window=True).gain
        np.testing.assert_allclose(gains.numpy(), expected.numpy(), atol=1e-2)


def test_buffers_of_any_type_are_kept(tmp_path: Path) -> None:
    weights = [epoch.weights for epoch in _trained(RUNS["buffers"], tmp_path)]
    assert [w["0.steps"].tolist() for w in weights] == [[5 * n] * 2 for n in (1, 2, 3)]
    assert weights[0]["0.steps"].dtype == torch.int32
    assert weights[0]["0.has_run"].dtype == torch.bool
    assert weights[0]["0.mean"].dtype == torch.float64
    assert len({float(w["0.mean"]) for w in weights}) == 3


def test_tied_weights_stay_tied_and_others_learn_once(tmp_path: Path) -> None:
    weights = [epoch.weights for epoch in _trained(RUNS["tied"], tmp_path)]
    for one in weights:
        assert torch.equal(one["second.weight"], one["third.weight"])
        assert float(one["scale"]) == 0.5
    assert torch.equal(weights[0]["unused.weight"], weights[2]["unused.weight"])
    assert not torch.equal(weights[0]["second.weight"], weights[2]["second.weight"])


@pytest.mark.parametrize("name", ["resnet20", "buffers"])
def test_divergence_leaves_counters_as_they_were(tmp_path: Path, name: str) -> None:
    run = replace(RUNS[name], learning_rate=1e38, epochs=3)
    whole = _trained(run, tmp_path / "whole")
    for value in whole[-1].weights.values():
        assert not value.is_floating_point() or value.isnan().all()
    with killed_in_epoch(1):
        _trained(run, tmp_path / "killed")
    again = _trained(run, tmp_path / "killed")
    counters = [name for name, x in whole[-1].weights.items() if not x.is_floating_point()]
    assert counters
    for counter in counters:
        assert torch.equal(again[-1].weights[counter], whole[-1].weights[counter])


def test_seed_decides_initial_values_of_either_kind(tmp_path: Path) -> None:
    weights = {}
    for initialisation in ("recipe", "library"):
        for seed in (0, 1):
            run = replace(_PLAIN, architecture="lenet-cifar", epochs=1, learning_rate=1e-12)
            run = replace(run, initialisation=initialisation, seed=seed)
            torch.manual_seed(seed + 5)  # What was drawn before is of no account.
            first = _trained(run, tmp_path / f"{initialisation}{seed}")[0].weights
            torch.manual_seed(77)
            assert _same(first, _trained(run, tmp_path / f"again{initialisation}{seed}")[0].weights)
            weights[initialisation, seed] = float(first["convolution2.weight"].std())
    assert len(set(weights.values())) == 4
    assert weights["recipe", 0] == pytest.approx(0.05, rel=0.05)
    assert weights["library", 0] == pytest.approx(1 / math.sqrt(3 * 32 * 25), rel=0.05)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"architecture": "lenet-cfar"}, "network 'lenet-cfar' is not known; did you mean"),
        ({"architecture": f"{HERE}:none"}, f"the module {HERE} has no 'none'"),
        ({"optimiser": "adam"}, "optimiser 'adam' is not known; did you mean 'adamw'"),
        ({"augmentation": "flips"}, "augmentation 'flips' is not known"),
        ({"initialisation": "he"}, "initialisation is 'he'; allowed are recipe, library"),
        ({"nesterov": True, "momentum": 0.0}, "nesterov is true and momentum is 0"),
        ({"capacity": 2.0, "architecture": f"{HERE}:tied"}, "capacity is 2; .* allows only 1"),
    ],
)
def test_unknown_settings_are_refused_before_anything_is_trained(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        _trained(replace(_PLAIN, **changes), tmp_path)
    assert list(tmp_path.iterdir()) == []
