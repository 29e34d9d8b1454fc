"""What features say, against loops, closed forms and optimality conditions."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn

from maxgain.quantities.credibility import DIRECTIONS, credibility
from maxgain.quantities.features import (
    _kernel_weights,
    _neighbours,
    gradient_weight_alignment,
    local_dimension,
    neighbour_errors,
)
from maxgain.quantities.images import ImagePass, measure_images
from maxgain.quantities.pair import Pair, counterfactual_distance, measure_pair
from maxgain.quantities.predictions import training_loss
from tests.exact.quantities.snapshots_by_hand import (
    CLASSES,
    SIZE,
    linear_network,
    loaded,
    made_snapshot,
    two_layers,
)


def images_with(features: torch.Tensor, labels: torch.Tensor, classes: int = 2) -> ImagePass:
    """A pass in which only features and labels matter."""
    count = len(features)
    return ImagePass(
        torch.zeros(count),
        torch.zeros(count, dtype=torch.int64),
        torch.full((count, classes), 1 / classes),
        labels,
        features,
        torch.zeros(classes, features.shape[1]),
        None,
        (),
    )


def test_alignment_is_the_cosine_of_last_layer_gradients_and_weights() -> None:
    snapshot = made_snapshot(two_layers(), images=40)
    network = loaded(snapshot)
    last = network[3]
    cosines = []
    for image, label in zip(snapshot.training.images, snapshot.training.labels, strict=True):
        loss = F.cross_entropy(network(image[None]), label[None])
        (gradient,) = torch.autograd.grad(loss, last.weight)
        cosines.append(
            float(F.cosine_similarity(-gradient.flatten(), last.weight.detach().flatten(), 0))
        )
    expected = np.mean(cosines) / (stats.kurtosis(cosines) + 1.2)
    found = gradient_weight_alignment(measure_images(snapshot))["gradient_weight_alignment"]
    assert found == pytest.approx(expected)


def test_local_dimension_by_loops() -> None:
    features = torch.randn(150, 5, generator=torch.Generator().manual_seed(0)).double()
    values = []
    for start, end in ((0, 128), (128, 150)):
        batch = features[start:end].numpy()
        for own in range(len(batch)):
            others = np.delete(batch, own, axis=0)
            nearest = np.sort(np.linalg.norm(others - batch[own], axis=1))[:20]
            values.append(-1 / np.mean(np.log(nearest / nearest[-1])))
    found = local_dimension(images_with(features, torch.zeros(150, dtype=torch.int64)))
    assert found["local_dimension"].value == pytest.approx(np.mean(values))


def test_local_dimension_sees_the_dimension_of_a_plane() -> None:
    generator = torch.Generator().manual_seed(0)
    plane = torch.rand(1000, 2, generator=generator) @ torch.randn(2, 30, generator=generator)
    found = local_dimension(images_with(plane, torch.zeros(1000, dtype=torch.int64)))
    assert found["local_dimension"].value == pytest.approx(2, rel=0.2)


def test_equal_features_have_no_dimension() -> None:
    alike = images_with(torch.ones(60, 3), torch.zeros(60, dtype=torch.int64))
    assert math.isnan(local_dimension(alike)["local_dimension"])


def test_neighbour_error_by_loops() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(80, 6, generator=generator).double()
    labels = torch.randint(2, (80,), generator=generator)
    units = F.normalize(features, dim=1)
    wrong = 0
    for own in range(80):
        likeness = units @ units[own]
        likeness[own] = -math.inf
        votes = labels[likeness.topk(25)[1]].double().mean()  # 25 is odd: no ties of two classes
        wrong += int(votes > 0.5) != int(labels[own])
    assert neighbour_errors(images_with(features, labels))["neighbour_error"] == wrong / 80


def test_neighbours_of_two_clusters_make_no_error_and_wrong_labels_do() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(80) % 2
    centres = torch.tensor([[10.0, 0], [0, 10]])
    features = centres[labels] + 0.1 * torch.randn(80, 2, generator=generator)
    clean = images_with(features, labels)
    assert neighbour_errors(clean)["neighbour_error"] == neighbour_errors(clean)["nnk_error"] == 0
    labels = labels.clone()
    labels[:8] = 1 - labels[:8]
    assert neighbour_errors(images_with(features, labels))["neighbour_error"] == 0.1


def test_kernel_weights_are_the_minimum_over_non_negative_weights() -> None:
    """The conditions of Karush, Kuhn and Tucker hold."""
    features = torch.randn(60, 8, generator=torch.Generator().manual_seed(0)).double()
    units = F.normalize(features, dim=1).numpy()
    for own, others in list(enumerate(_neighbours(features)))[:10]:
        x = _kernel_weights(units, own, others)
        kernel = (1 + units[others] @ units[others].T) / 2
        slope = kernel @ x - (1 + units[others] @ units[own]) / 2
        assert (x >= 0).all()
        assert (x > 0).any()
        assert slope.min() > -1e-6
        assert np.abs(slope[x > 0]).max() < 1e-6


def test_equal_images_are_not_their_own_neighbours() -> None:
    found = _neighbours(torch.ones(30, 3))
    assert found.shape == (30, 25)
    assert all(own not in places for own, places in enumerate(found))


def test_counterfactual_weights_of_a_rotated_network_are_its_own() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(50, 5, generator=generator).double()
    weights = torch.randn(3, 5, generator=generator).double()
    turn = torch.linalg.qr(torch.randn(5, 5, generator=generator).double())[0]
    same = distance(Pair(features, weights, features @ turn, weights @ turn))
    assert same == pytest.approx(0, abs=1e-12)
    other = torch.randn(50, 4, generator=generator).double()
    theirs = torch.randn(3, 4, generator=generator).double()
    implied = (np.linalg.pinv(features.numpy()) @ other.numpy() @ theirs.numpy().T).T
    cosines = [
        row @ own / np.linalg.norm(row) / np.linalg.norm(own)
        for row, own in zip(implied, weights.numpy(), strict=True)
    ]
    found = distance(Pair(features, weights, other, theirs))
    assert found == pytest.approx(1 - np.mean(cosines))
    assert math.isnan(distance(Pair(features, torch.zeros(3, 5), other, theirs)))
    assert math.isnan(distance(None))


def test_pair_is_of_the_same_images_in_both_networks() -> None:
    snapshot = made_snapshot(two_layers())
    partner = {name: 2 * value for name, value in snapshot.state.items()}
    found = measure_pair(replace(snapshot, partner=partner))
    assert found is not None
    own = measure_images(snapshot)
    torch.testing.assert_close(found.features, own.features)
    torch.testing.assert_close(found.other_weights, 2 * own.last_layer)
    again = measure_pair(replace(snapshot, partner=partner), own)
    assert again is not None
    assert distance(again) == distance(found)
    assert measure_pair(snapshot) is None
    diverged = {name: value * math.nan for name, value in partner.items()}
    assert measure_pair(replace(snapshot, partner=diverged)) is None


def test_pair_is_of_all_images_however_many() -> None:
    snapshot = made_snapshot(two_layers(), images=2100)
    partner = {name: 2 * value for name, value in snapshot.state.items()}
    found = measure_pair(replace(snapshot, partner=partner))
    assert found is not None
    order = snapshot.training.shuffled()
    assert sorted(order.tolist()) == list(range(2100))
    for state, features in ((snapshot.state, found.features), (partner, found.other_features)):
        network = loaded(replace(snapshot, state=state))
        with torch.no_grad():
            expected = network[:3](snapshot.training.images[order])
        torch.testing.assert_close(features, expected)


def distance(pair: Pair | None) -> float:
    return float(counterfactual_distance(pair)["counterfactual_distance"])


def test_credibility_by_explicit_gradients() -> None:
    snapshot = made_snapshot(nn.Sequential(nn.Flatten(), nn.Linear(SIZE * SIZE, CLASSES)).double())
    found = measure_images(snapshot)
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(CLASSES, DIRECTIONS, generator=generator, dtype=torch.float64).numpy()
    b = torch.randn(SIZE * SIZE, DIRECTIONS, generator=generator, dtype=torch.float64).numpy()
    rows = []
    for p, label, z in zip(found.probabilities, found.labels, found.features, strict=True):
        gradient = np.outer(p - F.one_hot(label, CLASSES), z)
        rows.append([a[:, j] @ gradient @ b[:, j] for j in range(DIRECTIONS)])
    rows = np.array(rows)
    mean = rows.mean(0)
    distance = len(rows) * mean @ np.linalg.inv(np.cov(rows.T)) @ mean
    expected = stats.chi2.sf(distance, DIRECTIONS)
    assert credibility(found)["credibility"] == pytest.approx(expected, rel=1e-6)


def test_credibility_is_one_at_a_minimum_and_nan_without_noise() -> None:
    found = measure_images(made_snapshot(linear_network(), images=120))
    assert found.features is not None
    mirrored = replace(
        found,
        probabilities=torch.full((120, 2), 0.5),
        labels=torch.zeros(120, dtype=torch.int64),
        features=torch.cat([found.features[:60], -found.features[:60]]),
        last_layer=torch.zeros(2, SIZE * SIZE),
    )
    assert credibility(mirrored)["credibility"] == pytest.approx(1)
    still = replace(mirrored, features=torch.zeros(120, SIZE * SIZE))
    assert math.isnan(credibility(still)["credibility"])
    few = measure_images(made_snapshot(linear_network(), images=50))
    assert math.isnan(credibility(few)["credibility"])


def test_without_a_linear_end_there_are_no_features() -> None:
    network = nn.Sequential(nn.Conv2d(1, CLASSES, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    scaled = nn.Sequential(nn.Flatten(), nn.Linear(SIZE * SIZE, CLASSES), nn.Tanh())
    for made in (network.double(), scaled.double()):
        found = measure_images(made_snapshot(made))
        assert found.features is None
        for function in (
            gradient_weight_alignment,
            local_dimension,
            neighbour_errors,
            credibility,
        ):
            assert all(math.isnan(value) for value in function(found).values())
        assert training_loss(found)["training_loss"].value > 0
