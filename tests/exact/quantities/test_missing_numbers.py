"""Where quantities have no number, or are zero or infinite, as their documentation says."""

import math
from dataclasses import replace

import pytest
import torch

from maxgain.quantities.estimate import mean_of
from maxgain.quantities.gain import gain, impulse_gradient_norm, saturation, sensitivity
from maxgain.quantities.images import measure_images
from maxgain.quantities.impulses import measure_impulses
from maxgain.quantities.jacobian import jacobian_norm, measure_jacobians
from maxgain.quantities.predictions import training_loss
from maxgain.quantities.snapshot import Snapshot
from tests.exact.quantities.snapshots_by_hand import (
    CLASSES,
    SIZE,
    linear_network,
    loaded,
    made_snapshot,
)

WEIGHTS, BIASES = "1.weight", "1.bias"


def with_state(**changed: torch.Tensor) -> Snapshot:
    made = made_snapshot(linear_network())
    names = {"weights": WEIGHTS, "biases": BIASES}
    state = {**made.state, **{names[name]: value.double() for name, value in changed.items()}}
    return replace(made, state=state)


def dead() -> Snapshot:
    """A network that does not see its input."""
    return with_state(weights=torch.zeros(CLASSES, SIZE * SIZE))


def broken() -> Snapshot:
    """A network one of whose logits is not a number."""
    return with_state(biases=torch.tensor([0.0, math.nan, 0, 0]))


def test_a_mean_has_no_number_where_a_value_has_none() -> None:
    values = torch.tensor([1.0, 3.0])
    assert mean_of(values) == pytest.approx((2, 1))
    for value, mean in ((math.nan, math.nan), (math.inf, math.inf), (-math.inf, -math.inf)):
        found = mean_of(torch.tensor([1.0, value]))
        assert found == pytest.approx((mean, math.nan), nan_ok=True)
    both = mean_of(torch.tensor([math.inf, -math.inf]))
    assert both == pytest.approx((math.nan, math.nan), nan_ok=True)
    assert mean_of(values[:1]) == pytest.approx((1, math.nan), nan_ok=True)
    assert math.isnan(mean_of(values[:0]).value)


def test_training_error_is_a_number_where_the_loss_is_none() -> None:
    snapshot = broken()
    found = training_loss(measure_images(snapshot))
    assert math.isnan(found["training_loss"].value)
    assert math.isnan(found["training_loss"].standard_error)
    wrong = (snapshot.training.labels != 1).double().mean()
    assert found["training_error"].value == pytest.approx(float(wrong))
    # One image's loss that is infinite makes the mean infinite.
    images = measure_images(made_snapshot(linear_network()))
    losses = images.losses.clone()
    losses[0] = math.inf
    assert training_loss(replace(images, losses=losses))["training_loss"].value == math.inf


def test_norms_of_derivatives_are_zero_of_a_dead_network_and_nan_of_a_broken_one() -> None:
    columns = "jacobian_norm", "impulse_jacobian_norm", "impulse_gradient_norm"

    def norms(snapshot: Snapshot) -> list[float]:
        jacobians = jacobian_norm(measure_jacobians(snapshot))
        found = {**jacobians, **impulse_gradient_norm(measure_impulses(snapshot))}
        return [getattr(found[name], "value", found[name]) for name in columns]

    assert norms(dead()) == [0, 0, 0]
    assert all(math.isnan(norm) for norm in norms(broken()))
    # Where the softmax is 1 to rounding its derivative is zero, and that of log z_c is small.
    assert norms(with_state(biases=torch.tensor([2000.0, 0, 0, 0])))[:2] == [0, 0]


def test_impulse_gradient_norm_by_autograd() -> None:
    snapshot = made_snapshot(linear_network())
    image = snapshot.impulses[:1].double().requires_grad_()
    loaded(snapshot)(image).log_softmax(1).max().backward()
    found = impulse_gradient_norm(measure_impulses(snapshot))["impulse_gradient_norm"]
    assert found == pytest.approx(float(image.grad.norm()))


def test_gain_and_its_parts_without_a_derivative() -> None:
    def numbers(snapshot: Snapshot) -> list[float]:
        impulses = measure_impulses(snapshot)
        found = {**gain(impulses), **sensitivity(impulses), **saturation(impulses)}
        return [getattr(value, "value", value) for value in found.values()]

    # Gain and sensitivity, of the centred impulse and their means, then the saturation's.
    flat = numbers(dead())
    assert flat[:4] == [-math.inf] * 4
    assert all(math.isfinite(value) for value in flat[4:])
    # A logit that is NaN leaves the derivative of the log-odds a number, and the score none.
    assert [math.isnan(value) for value in numbers(broken())] == [True] * 2 + [False] * 2 + [
        True
    ] * 2
    steep = with_state(weights=torch.full((CLASSES, SIZE * SIZE), math.inf))
    assert [math.isnan(value) for value in numbers(steep)] == [True] * 6
    alone = numbers(replace(dead(), impulses=dead().impulses[:1]))
    assert [math.isnan(value) for value in alone] == [False, True] * 3
