"""Impulses, Jacobians, losses, predictions and weights, against loops and closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn

from maxgain.quantities.gain import gain, impulse_gradient_norm, saturation, sensitivity
from maxgain.quantities.images import measure_images
from maxgain.quantities.impulses import measure_impulses
from maxgain.quantities.jacobian import jacobian_norm, measure_jacobians
from maxgain.quantities.predictions import mastered_share, prediction_changes, training_loss
from maxgain.quantities.snapshot import Past
from maxgain.quantities.weights import power_law_exponent, spectral_alpha, weight_norm
from maxgain.response.measure import measure
from tests.exact.quantities.snapshots_by_hand import (
    CLASSES,
    SIZE,
    linear_network,
    loaded,
    made_snapshot,
    two_layers,
)

# --- impulses and Jacobian ------------------------------------------------------------------------


def test_gain_is_sensitivity_plus_saturation() -> None:
    found = measure_impulses(made_snapshot(two_layers()))
    torch.testing.assert_close(found.gain, found.sensitivity + found.saturation, atol=1e-4, rtol=0)


def test_gain_of_the_centred_impulse_is_that_of_one_measurement() -> None:
    snapshot = made_snapshot(two_layers())
    found = measure_impulses(snapshot)
    alone = measure(loaded(snapshot), snapshot.impulses[0], window=True)
    assert gain(found)["gain_db"] == pytest.approx(float(alone.gain.mean()), abs=1e-4)
    assert saturation(found)["saturation_db"] == pytest.approx(20 * math.log10(1 - alone.score))
    assert impulse_gradient_norm(found)["impulse_gradient_norm"] == pytest.approx(
        float(alone.gradient.norm())
    )


def test_sensitivity_of_a_linear_network_is_its_closed_form() -> None:
    snapshot = made_snapshot(linear_network())
    weights = snapshot.state["1.weight"].numpy()
    logits = snapshot.call(snapshot.impulses.double()).numpy()
    window = np.outer(np.hanning(SIZE), np.hanning(SIZE))
    expected = []
    for row in logits:
        winner = row.argmax()
        others = [c for c in range(CLASSES) if c != winner]
        shares = np.exp(row[others]) / np.exp(row[others]).sum()
        slope = weights[winner] - shares @ weights[others]
        spectrum = np.fft.fft2(slope.reshape(SIZE, SIZE) * window)
        expected.append(20 * np.log10(np.abs(spectrum).max()))
    found = sensitivity(measure_impulses(snapshot))
    assert found["sensitivity_db"] == pytest.approx(expected[0])
    mean = found["sensitivity_mean_db"]
    assert mean.value == pytest.approx(np.mean(expected[1:]))
    assert mean.standard_error == pytest.approx(stats.sem(expected[1:]))


def test_jacobian_of_a_linear_network_is_its_closed_form() -> None:
    snapshot = made_snapshot(linear_network(), images=60)
    weights = snapshot.state["1.weight"]
    chosen = snapshot.training.images[snapshot.training.shuffled()[:50]]
    norms = []
    for image in torch.cat([chosen, snapshot.impulses[:1].double()]):
        p = snapshot.call(image[None]).softmax(1)[0]
        norms.append(float(((p.diag() - torch.outer(p, p)) @ weights).norm()))
    found = jacobian_norm(measure_jacobians(snapshot))
    assert found["jacobian_norm"].value == pytest.approx(np.mean(norms[:-1]))
    assert found["impulse_jacobian_norm"] == pytest.approx(norms[-1])


# --- losses and predictions -----------------------------------------------------------------------


def test_losses_and_predictions_are_the_networks() -> None:
    snapshot = made_snapshot(two_layers(), images=1100)
    found = measure_images(snapshot)
    places = snapshot.training.shuffled()
    images, labels = snapshot.training.images[places], snapshot.training.labels[places]
    logits = loaded(snapshot)(images)
    losses = F.cross_entropy(logits, labels, reduction="none").detach()
    torch.testing.assert_close(found.losses, losses)
    values = training_loss(found)
    assert values["training_loss"].value == pytest.approx(float(losses.mean()))
    wrong = (logits.argmax(1) != labels).double()
    assert values["training_error"].value == pytest.approx(float(wrong.mean()))
    hidden = snapshot.network[2](snapshot.network[1](images.flatten(1)))
    torch.testing.assert_close(found.features, hidden.detach())
    torch.testing.assert_close(found.last_layer, snapshot.state["3.weight"])


def test_changes_are_counted_against_the_snapshot_before() -> None:
    snapshot = made_snapshot(two_layers())
    first = measure_images(snapshot)
    assert math.isnan(prediction_changes(first)["prediction_changes"])
    other = first.predictions.clone()
    other[[3, 50, 77]] += 1
    second = measure_images(replace(snapshot, past=Past(snapshot.state, other, (first.losses,))))
    assert prediction_changes(second)["prediction_changes"] == 3


def test_an_image_is_mastered_where_its_loss_is_straight() -> None:
    snapshot = made_snapshot(two_layers(), images=40)
    found = measure_images(snapshot)
    bend = torch.zeros(40, dtype=torch.float64)
    bend[:10] = 0.1
    # Losses t and t + bend t^2: second differences 0 and 2 bend.
    losses = tuple(found.losses + step + bend * step**2 for step in (-4, -3, -2, -1))
    assert mastered_share(replace(found, previous_losses=losses))["mastered_share"] == 0.75
    early = replace(found, previous_losses=losses[1:])
    assert math.isnan(mastered_share(early)["mastered_share"])


# --- weights --------------------------------------------------------------------------------------


def test_norms_by_hand() -> None:
    snapshot = made_snapshot(linear_network())
    ones = {name: torch.ones_like(value) for name, value in snapshot.state.items()}
    zeros = {name: torch.zeros_like(value) for name, value in snapshot.state.items()}
    count = CLASSES * (SIZE * SIZE + 1)
    past = Past({name: 3 * value for name, value in ones.items()}, None, ())
    values = weight_norm(replace(snapshot, state=ones, initial=zeros, past=past))
    assert values["weight_norm"] == values["distance_from_start"] == pytest.approx(count**0.5)
    assert values["update_norm"] == pytest.approx(2 * count**0.5)
    first = weight_norm(snapshot)
    assert math.isnan(first["distance_from_start"])
    assert math.isnan(first["update_norm"])


def test_exponent_of_a_power_law_is_found() -> None:
    values = np.random.default_rng(0).pareto(2.0, 1500) + 1
    assert power_law_exponent(values) == pytest.approx(3, rel=0.1)
    assert math.isnan(power_law_exponent(values[:9]))
    assert math.isnan(power_law_exponent(np.ones(20)))
    assert math.isnan(power_law_exponent(np.zeros(20)))


def test_alpha_is_that_of_the_largest_layer() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(SIZE * SIZE, 20), nn.Linear(20, CLASSES))
    snapshot = made_snapshot(network.double())
    values = np.linalg.svd(snapshot.state["1.weight"].numpy(), compute_uv=False) ** 2
    found = spectral_alpha(snapshot)["spectral_alpha"]
    assert found == pytest.approx(power_law_exponent(values))
