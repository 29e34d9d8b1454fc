"""What tells a learning rate wrong early: against whole Hessians and torch's own optimiser."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from maxgain.quantities.batches import (
    FiveBatches,
    measure_batch_gradients,
    measure_plain_batches,
)
from maxgain.quantities.curvature import (
    largest_eigenvalue,
    measure_curvature,
    noise_rate_ratio,
    sharpness,
)
from maxgain.quantities.estimate import Estimate
from maxgain.quantities.range_test import RangeTest, measure_range, range_test
from maxgain.quantities.snapshot import Snapshot, flat
from maxgain.quantities.steps_in_turn import hypergradient, measure_steps_in_turn, update_ratio
from tests.exact.quantities.snapshots_by_hand import linear_network, loaded, made_snapshot

MULTIPLIERS = {"1.weight": 0.25, "1.bias": 4.0}


def hessian(snapshot: Snapshot, places: Tensor) -> Tensor:
    """Of the mean loss, by torch, entry by entry."""
    images, labels = snapshot.training.images[places], snapshot.training.labels[places]

    def loss(weights: Tensor) -> Tensor:
        logits = functional_call(snapshot.network, snapshot.shaped(weights), (images,))
        return F.cross_entropy(logits, labels)

    found: Tensor = torch.autograd.functional.hessian(loss, snapshot.weights)
    return found


def tuned(learning_rate: float = 0.3) -> Snapshot:
    made = made_snapshot(linear_network(), images=100, learning_rate=learning_rate)
    return replace(made, multipliers=MULTIPLIERS, momentum=0.9)


def test_sharpness_is_the_largest_eigenvalue_with_multipliers() -> None:
    snapshot = tuned()
    found = measure_curvature(snapshot, measure_batch_gradients(snapshot))
    root = torch.cat([torch.full((144,), 0.5), torch.full((4,), 2.0)]).double()
    whole = root[:, None] * hessian(snapshot, torch.arange(100)) * root
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(148, generator=generator, dtype=torch.float64)
    direction = torch.linalg.matrix_power(whole, 9) @ direction
    expected = direction @ whole @ direction / (direction @ direction)
    assert found.largest == pytest.approx(float(expected))
    # From below, as a Rayleigh quotient must.
    assert 0.8 * torch.linalg.eigvalsh(whole)[-1] < found.largest
    assert found.largest <= torch.linalg.eigvalsh(whole)[-1] * (1 + 1e-9)
    gradient = root * measure_batch_gradients(snapshot).mean
    along = gradient @ whole @ gradient / (gradient @ gradient)
    assert found.along_gradient == pytest.approx(float(along))
    ratios = sharpness(found)
    assert ratios["edge_ratio"] == pytest.approx(0.3 * found.largest / (2 * 1.9))


def test_the_eigenvalue_of_the_largest_size_keeps_its_sign() -> None:
    values = torch.tensor([-8.0, 2.0, 1.0]).double()
    assert largest_eigenvalue(lambda v: values * v, values) == pytest.approx(-8)
    assert largest_eigenvalue(lambda v: -values * v, values) == pytest.approx(8)
    assert largest_eigenvalue(lambda v: 0 * v, values) == 0


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_sharpness_without_finite_products_is_no_number(broken: float) -> None:
    """And not zero, which would read as a rate that is too low."""
    like = torch.zeros(3).double()
    products = iter([torch.ones(3).double(), torch.tensor([1.0, broken, 1.0]).double()])
    assert math.isnan(largest_eigenvalue(lambda v: next(products), like))


def test_sharpness_and_best_rate_without_a_gradient() -> None:
    snapshot = tuned()
    found = measure_curvature(snapshot, measure_batch_gradients(snapshot))
    one = found.of_batches.clone()
    one[3] = math.nan
    assert sharpness(replace(found, of_batches=one))["batch_edge_ratio"] == pytest.approx(
        Estimate(math.nan, math.nan), nan_ok=True
    )
    gradients = measure_batch_gradients(snapshot)
    still = measure_curvature(snapshot, replace(gradients, mean=torch.zeros(148).double()))
    assert math.isnan(noise_rate_ratio(still)["noise_rate_ratio"])
    bent = replace(found, along_gradient=-found.along_gradient)
    assert noise_rate_ratio(bent)["noise_rate_ratio"] < 0


def test_batch_sharpness_is_the_mean_over_batches() -> None:
    snapshot = replace(tuned(), multipliers={})
    values = []
    for places in snapshot.training.shuffled().split(10):
        g, h = snapshot.loss_gradient(places), hessian(snapshot, places)
        values.append(float(g @ h @ g / (g @ g)))
    found = sharpness(measure_curvature(snapshot, measure_batch_gradients(snapshot)))
    assert found["batch_edge_ratio"].value == pytest.approx(0.15 * np.mean(values))


def test_noise_makes_the_best_rate_smaller() -> None:
    snapshot = tuned()
    found = measure_curvature(snapshot, measure_batch_gradients(snapshot))
    expected = 0.3 * found.along_gradient * (1 + found.noise_scale / 100)
    assert noise_rate_ratio(found)["noise_rate_ratio"] == pytest.approx(expected)
    quiet = replace(found, noise_scale=0.0)
    assert noise_rate_ratio(quiet)["noise_rate_ratio"] < expected


def test_a_small_step_agrees_with_itself_and_a_huge_one_turns() -> None:
    # One batch again and again: after a tiny step the gradient is the same.
    snapshot = replace(tuned(1e-9), multipliers={})
    images, labels = (x[:20].repeat(5, *[1] * (x.ndim - 1)) for x in same_images(snapshot))
    same = replace(snapshot, training=replace(snapshot.training, images=images, labels=labels))
    plain = torch.stack([same.loss_gradient(torch.arange(20))] * 5)
    batches = FiveBatches(plain, [torch.arange(20)] * 5)
    found = hypergradient(measure_steps_in_turn(same, batches))["hypergradient_cosine"]
    assert found.value == pytest.approx(1)
    far = hypergradient(measure_steps_in_turn(replace(same, learning_rate=100.0), batches))
    assert far["hypergradient_cosine"].value < 0


def same_images(snapshot: Snapshot) -> tuple[Tensor, Tensor]:
    return snapshot.training.images, snapshot.training.labels


def test_update_ratio_is_the_momentum_step_over_the_weights() -> None:
    snapshot = tuned()
    batches = measure_plain_batches(snapshot)
    rates = snapshot.rates
    assert rates.tolist() == [0.25] * 144 + [4.0] * 4
    steps = [0.3 * float((rates * g).norm()) / 0.1 for g in batches.gradients]
    expected = np.mean(steps) / float(snapshot.weights.norm())
    found = update_ratio(measure_steps_in_turn(snapshot, batches))["update_ratio"]
    assert found.value == pytest.approx(expected)


def test_range_test_is_that_of_torchs_optimiser() -> None:
    made = made_snapshot(linear_network(), images=250)
    snapshot = replace(made, initial=made.state, momentum=0.9)
    network = loaded(snapshot)
    optimiser = torch.optim.SGD(network.parameters(), lr=1.0, momentum=0.9)
    average, losses = 0.0, []
    for step, rate in enumerate(np.geomspace(1e-7, 10, 100)):
        places = snapshot.training.shuffled()[:200].split(100)[step % 2]
        loss = F.cross_entropy(
            network(snapshot.training.images[places]), snapshot.training.labels[places]
        )
        average = 0.98 * average + 0.02 * loss.item()
        losses.append(average / (1 - 0.98 ** (step + 1)))
        if losses[-1] > 4 * min(losses):
            break
        optimiser.param_groups[0]["lr"] = float(rate)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    found = measure_range(snapshot)
    assert found is not None
    assert found.losses == pytest.approx(losses)
    assert measure_range(made) is None


def test_suggestions_of_a_made_curve() -> None:
    rates = np.geomspace(1e-4, 1e1, 6)
    losses = np.array([2.3, 2.4, 2.2, 1.0, 0.9, 5.0])
    found = range_test(RangeTest(rates, losses, 0.1))
    assert found["range_test_steepest_ratio"] == pytest.approx(0.1 / rates[2])
    # The longest fall is 2.3, 2.2, 1.0, 0.9 or 2.4, 2.2, ...: its middle is 1.0.
    assert found["range_test_valley_ratio"] == pytest.approx(0.1 / rates[3])
    assert all(math.isnan(value) for value in range_test(None).values())


def test_a_loss_without_curvature_has_none() -> None:
    class Bent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(2, dtype=torch.float64))

        def forward(self, images: Tensor) -> Tensor:
            return torch.zeros(len(images), 4, dtype=torch.float64) + 0 * self.weight.sum()

    base = made_snapshot(linear_network())
    network = Bent()
    snapshot = Snapshot(
        network, {"weight": torch.zeros(2).double()}, base.training, base.impulses, 0.1
    )
    found = measure_curvature(snapshot, measure_batch_gradients(snapshot))
    assert found.largest == 0
    assert math.isnan(sharpness(found)["batch_edge_ratio"].value)
    assert flat([network.weight]).tolist() == [0, 0]
