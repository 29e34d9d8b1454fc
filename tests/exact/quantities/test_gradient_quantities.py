"""Gradients and what is made of them, against loops and closed forms."""

import itertools
import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from maxgain.quantities.batches import (
    BatchGradients,
    FiveBatches,
    SingleGradients,
    measure_batch_gradients,
    measure_five_batches,
    measure_plain_batches,
    measure_single_gradients,
    measure_steps,
)
from maxgain.quantities.gradients import (
    eb_criterion,
    eb_criterion_batch,
    gradient_disparity,
    gradient_noise,
    overshoot,
)
from maxgain.quantities.predictions import optimisation_variance
from maxgain.quantities.snapshot import Past
from tests.exact.quantities.snapshots_by_hand import (
    CLASSES,
    gradient_of,
    linear_network,
    loaded,
    made_snapshot,
    two_layers,
    with_past,
)


def test_gradient_of_a_linear_network_is_its_closed_form() -> None:
    snapshot = made_snapshot(linear_network())
    x = snapshot.training.images.flatten(1)
    off = snapshot.call(snapshot.training.images).softmax(1) - F.one_hot(
        snapshot.training.labels, CLASSES
    )
    expected = torch.cat([(off.T @ x / len(x)).flatten(), off.mean(0)])
    found = snapshot.loss_gradient(torch.arange(len(x)))
    torch.testing.assert_close(found, expected)


def test_moments_of_twenty_batches_are_those_of_all_gradients_at_once() -> None:
    snapshot = made_snapshot(two_layers(), images=130)
    found = measure_batch_gradients(snapshot)
    network = loaded(snapshot)
    gradients = torch.stack(
        [
            gradient_of(
                network,
                F.cross_entropy(
                    network(snapshot.training.images[places]), snapshot.training.labels[places]
                ),
            )
            for places in snapshot.training.shuffled()[:120].split(6)
        ]
    )
    assert (found.batches, found.images) == (20, 120)
    torch.testing.assert_close(found.mean, gradients.mean(0))
    torch.testing.assert_close(found.variance, gradients.var(0))
    assert found.step is None


def test_evidence_by_its_formula() -> None:
    mean, variance = torch.tensor([1.0, 2.0, 5.0]), torch.tensor([4.0, 10.0, 0.0])
    gradients = BatchGradients(mean, variance, 20, 100, None)
    expected = 1 - 17 / 19 * 20 * (1 / 4 + 4 / 10) / 2
    assert eb_criterion(gradients)["eb_criterion"] == pytest.approx(expected)
    still = BatchGradients(mean, torch.zeros(3), 20, 100, None)
    assert math.isnan(eb_criterion(still)["eb_criterion"])


def test_evidence_of_pure_noise_is_zero_on_average() -> None:
    gradients = torch.randn(20, 100_000, generator=torch.Generator().manual_seed(0))
    noise = BatchGradients(gradients.mean(0), gradients.var(0), 20, 100, None)
    assert eb_criterion(noise)["eb_criterion"] == pytest.approx(0, abs=0.02)


def test_single_gradients_are_those_of_each_image() -> None:
    snapshot = made_snapshot(two_layers(), images=60)
    found = measure_single_gradients(snapshot)
    network = loaded(snapshot)
    assert found.size == 60
    for batch, places in enumerate(snapshot.training.shuffled().split(60)):
        each = torch.stack(
            [
                gradient_of(
                    network,
                    F.cross_entropy(
                        network(snapshot.training.images[place : place + 1]),
                        snapshot.training.labels[place : place + 1],
                    ),
                )
                for place in places.tolist()
            ]
        )
        torch.testing.assert_close(found.means[batch], each.mean(0))
        torch.testing.assert_close(found.variances[batch], each.var(0))


def test_evidence_of_batches_by_its_formula() -> None:
    singles = SingleGradients(
        torch.tensor([[1.0, 3.0], [2.0, 1.0], [1.0, 1.0]]),
        torch.tensor([[10.0, 0.0], [16.0, 4.0], [0.0, 0.0]]),
        5,
    )
    found = eb_criterion_batch(singles)["eb_criterion_batch"]
    values = [1 - 5 * 1 / 10, 1 - 5 * (4 / 16 + 1 / 4) / 2]
    assert found.value == pytest.approx(sum(values) / 2)
    assert found.standard_error == pytest.approx(abs(values[0] - values[1]) / 2)
    nothing = SingleGradients(torch.ones(2, 2), torch.zeros(2, 2), 5)
    assert math.isnan(eb_criterion_batch(nothing)["eb_criterion_batch"])


def test_disparity_is_the_mean_distance_of_gradients_of_standardised_losses() -> None:
    snapshot = made_snapshot(two_layers(), images=100)
    network = loaded(snapshot)
    gradients = []
    for places in snapshot.training.shuffled().split(20):
        losses = F.cross_entropy(
            network(snapshot.training.images[places]),
            snapshot.training.labels[places],
            reduction="none",
        )
        # The deviation stays in the graph, as in the authors' code.
        gradients.append(gradient_of(network, (losses / losses.std()).mean()))
    pairs = list(itertools.combinations(gradients, 2))
    expected = sum(math.dist(a.tolist(), b.tolist()) for a, b in pairs) / 10
    found = gradient_disparity(measure_five_batches(snapshot))["gradient_disparity"]
    assert found == pytest.approx(expected)


def test_disparity_of_a_square() -> None:
    corners = torch.tensor([[0.0, 0], [0, 0], [0, 0], [0, 0], [3, 4]])
    assert gradient_disparity(FiveBatches(corners, []))["gradient_disparity"] == pytest.approx(2.0)


def test_noise_scale_is_trace_over_squared_norm() -> None:
    gradients = BatchGradients(torch.tensor([3.0, 4.0]), torch.tensor([1.0, 1.5]), 20, 200, None)
    found = gradient_noise(gradients)
    # A batch holds ten images: one image's variance is ten times a batch's.
    assert found["gradient_noise_scale"] == pytest.approx(10 * 2.5 / 25)
    assert found["gradient_noise_ratio"] == pytest.approx(1 / 200)
    none = BatchGradients(torch.zeros(2), torch.ones(2), 20, 200, None)
    assert math.isnan(gradient_noise(none)["gradient_noise_scale"])


def test_noise_scale_estimates_the_covariance_of_single_images() -> None:
    snapshot = made_snapshot(two_layers(), images=4000)
    found = gradient_noise(measure_batch_gradients(snapshot))["gradient_noise_scale"]
    network = loaded(snapshot)
    images, labels = snapshot.training.images, snapshot.training.labels
    some = [
        gradient_of(network, F.cross_entropy(network(images[[i]]), labels[[i]])) for i in range(400)
    ]
    whole = gradient_of(network, F.cross_entropy(network(images), labels))
    expected = float(torch.stack(some).var(0).sum() / whole.square().sum())
    assert found == pytest.approx(expected, rel=0.2)


def test_overshoot_is_the_cosine_with_the_last_step() -> None:
    snapshot = made_snapshot(two_layers())
    gradient = measure_batch_gradients(snapshot).mean
    before = snapshot.moved(-0.5 * gradient)
    past = with_past(snapshot, Past(before, None, ()))
    assert overshoot(measure_batch_gradients(past))["overshoot_cosine"] == pytest.approx(1)
    against = with_past(snapshot, Past(snapshot.moved(gradient), None, ()))
    assert overshoot(measure_batch_gradients(against))["overshoot_cosine"] == pytest.approx(-1)
    still = with_past(snapshot, Past(snapshot.state, None, ()))
    assert math.isnan(overshoot(measure_batch_gradients(still))["overshoot_cosine"])
    assert math.isnan(overshoot(measure_batch_gradients(snapshot))["overshoot_cosine"])


def test_multipliers_do_not_change_the_sign_of_overshoot() -> None:
    made = replace(made_snapshot(two_layers()), multipliers={"1.weight": 0.01, "3.bias": 4.0})
    root, signs = made.rates.sqrt(), set()
    generator = torch.Generator().manual_seed(0)
    for _ in range(8):
        direction = torch.randn(len(root), generator=generator, dtype=torch.float64)
        before = made.moved(direction)
        found = measure_batch_gradients(with_past(made, Past(before, None, ())))
        assert found.step is not None
        cosine = overshoot(found)["overshoot_cosine"]
        weighed = F.cosine_similarity(root * found.mean, found.step / root, dim=0)
        assert isinstance(cosine, float)
        assert cosine != pytest.approx(float(weighed))
        assert (cosine > 0) == bool(weighed > 0)
        signs.add(cosine > 0)
    assert signs == {True, False}


def test_one_batch_of_single_gradients_has_no_error() -> None:
    found = measure_single_gradients(made_snapshot(two_layers(), images=300))
    assert (len(found.means), found.size) == (1, 100)
    assert math.isnan(eb_criterion_batch(found)["eb_criterion_batch"].standard_error)


def test_optimisation_variance_of_a_linear_network_is_its_closed_form() -> None:
    rate = 0.7
    snapshot = made_snapshot(linear_network(), images=50, learning_rate=rate)
    x, shuffle = snapshot.training.images.flatten(1), snapshot.training.shuffled()
    logits = snapshot.call(snapshot.training.images)
    off = logits.softmax(1) - F.one_hot(snapshot.training.labels, CLASSES)
    after = []
    for places in shuffle.split(5):
        # A step changes the logits of x by -rate mean_i(off_i (x_i x + 1)).
        kernel = x[places] @ x.T + 1
        after.append(logits - rate * kernel.T @ off[places] / 5)
    stacked = torch.stack(after)
    mean = stacked.mean(0)
    expected = (((stacked - mean) ** 2).sum(2).mean(0) / (stacked**2).sum(2).mean(0)).mean()
    found = optimisation_variance(measure_steps(snapshot))["optimisation_variance"]
    assert found.value == pytest.approx(float(expected))
    # Batches of other sizes are not taken for its own.
    again = optimisation_variance(measure_steps(snapshot, measure_plain_batches(snapshot)))
    assert again["optimisation_variance"].value == pytest.approx(float(expected))


def test_the_snapshot_and_the_network_are_left_as_they_were() -> None:
    snapshot = made_snapshot(two_layers())
    network = snapshot.network.train()
    own = [value.clone() for value in network.parameters()]
    state = {name: value.clone() for name, value in snapshot.state.items()}
    for measure in (measure_batch_gradients, measure_five_batches, measure_steps):
        measure(snapshot)
    assert network.training
    assert all(torch.equal(a, b) for a, b in zip(own, network.parameters(), strict=True))
    assert all(torch.equal(value, snapshot.state[name]) for name, value in state.items())
    assert not any(value.requires_grad for value in snapshot.state.values())
