"""All snapshots in one call against the plain path."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from maxgain.errors import InputError
from maxgain.response import vectorised
from maxgain.response.measure import measure
from maxgain.response.probes import impulse_image, impulse_set
from maxgain.response.projections import ALL_CLASS_PROJECTIONS, ClassProjection
from maxgain.response.snapshots import (
    mean_over_impulses,
    snapshot_gains,
    snapshot_responses,
)
from tests.exact.response.response_networks import (
    SHAPES,
    WithBatchStatistics,
    generator,
    paper_network,
)


def _healthy_dead_and_nan(name: str, window: bool) -> tuple[nn.Module, dict[str, Tensor], Tensor]:
    networks = [paper_network(name, seed, gain=1.0 + seed / 4) for seed in range(5)]
    dead, diverged = networks[1], networks[3]
    with torch.no_grad():
        layers = [m for m in dead.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        layers[-2].weight.zero_()
        layers[-2].bias.fill_(-1)  # type: ignore[union-attr]
        next(diverged.parameters())[0] = math.nan
    states = [network.state_dict() for network in networks]
    stacked = {key: torch.stack([state[key] for state in states]) for key in states[0]}
    image = impulse_image(*SHAPES[name])
    plain = torch.stack([measure(network, image, window=window).gain for network in networks])
    return networks[0], stacked, plain


@pytest.mark.parametrize("at_once", [1, 2, 32])
@pytest.mark.parametrize(
    ("name", "window"), [("lenet-mnist", True), ("lenet-cifar", False), ("lenet-cifar", True)]
)
def test_snapshots_agree_with_the_plain_path(name: str, window: bool, at_once: int) -> None:
    network, stacked, plain = _healthy_dead_and_nan(name, window)
    gains = snapshot_gains(
        network,
        stacked,
        impulse_image(*SHAPES[name]),
        window=window,
        snapshots_at_once=at_once,
    )
    assert (plain[1] == -math.inf).all()
    assert plain[3].isnan().all()
    assert plain[[0, 2, 4]].isfinite().all()
    torch.testing.assert_close(gains, plain, rtol=0, atol=2e-3, equal_nan=True)


def test_snapshots_of_network_in_network_agree_with_the_plain_path() -> None:
    network, stacked, plain = _healthy_dead_and_nan("nin", True)
    gains = snapshot_gains(network, stacked, impulse_image(3, 32, 32), snapshots_at_once=3)
    assert (plain[1] == -math.inf).all()
    torch.testing.assert_close(gains, plain, rtol=0, atol=2e-3, equal_nan=True)


def test_snapshots_under_the_score_projection() -> None:
    network = paper_network("lenet-mnist", gain=2)
    stacked = {key: value[None] for key, value in network.state_dict().items()}
    image = impulse_image(1, 28, 28)
    gains = snapshot_gains(network, stacked, image, "score", window=False)
    torch.testing.assert_close(gains[0], measure(network, image, "score").gain, atol=1e-3, rtol=0)


def test_snapshots_may_hold_half_precision_and_buffers() -> None:
    network = WithBatchStatistics()
    network.normalisation.running_var.fill_(2.5)  # type: ignore[union-attr]
    network.bfloat16()
    stacked = {key: value[None] for key, value in network.state_dict().items()}
    image = torch.rand(2, 6, 6, generator=generator())
    gains = snapshot_gains(network, stacked, image, window=False)
    torch.testing.assert_close(gains[0], measure(network, image).gain, atol=1e-3, rtol=0)
    assert {value.dtype for value in network.parameters()} == {torch.bfloat16}


def test_no_snapshots_give_no_gains() -> None:
    network = paper_network("lenet-cifar")
    stacked = {key: value[None][:0] for key, value in network.state_dict().items()}
    assert snapshot_gains(network, stacked, impulse_image(3, 32, 32)).shape == (0, 3)


@pytest.mark.parametrize("projection", ALL_CLASS_PROJECTIONS)
@pytest.mark.parametrize("at_once", [1, 2, None])
def test_responses_agree_with_the_plain_path_at_every_impulse(
    projection: ClassProjection, at_once: int | None
) -> None:
    networks = [paper_network("lenet-cifar", seed, gain=1.0 + seed / 2) for seed in range(3)]
    states = [network.state_dict() for network in networks]
    stacked = {key: torch.stack([state[key] for state in states]) for key in states[0]}
    impulses = impulse_set(3, 32, 32, 4, signs=True)
    responses = snapshot_responses(
        networks[0], stacked, impulses, projection, snapshots_at_once=at_once
    )
    for epoch, network in enumerate(networks):
        for place, image in enumerate(impulses):
            plain = measure(network, image, projection, window=True)
            assert plain.sensitivity is not None
            torch.testing.assert_close(responses.gain[epoch, place], plain.gain, rtol=0, atol=2e-3)
            torch.testing.assert_close(
                responses.sensitivity[epoch, place], plain.sensitivity, rtol=0, atol=2e-3
            )
            assert float(responses.saturation[epoch, place]) == pytest.approx(
                plain.saturation, abs=1e-4
            )


class _LargestBatch(TorchDispatchMode):
    """Images that one convolution is given, at most: below vmap, where they lie in memory.

    All pixels of a call reach the first layer, so they count the images times the snapshots.
    """

    images = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is torch.ops.aten.convolution.default:
            self.images = max(self.images, args[0].numel() // (64 * 64))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("number", "at_once", "largest"),
    [(16, None, 64), (63, None, 63), (1000, None, 64), (1000, 2, 128), (1000, 32, 320)],
)
def test_memory_is_bounded_over_snapshots_and_impulses(
    number: int, at_once: int | None, largest: int
) -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 9, stride=8), nn.Flatten(), nn.Linear(49, 3))
    stacked = {key: torch.stack([value] * 5) for key, value in network.state_dict().items()}
    impulses = impulse_set(1, 64, 64, number)
    with _LargestBatch() as counted:
        responses = snapshot_responses(network, stacked, impulses, snapshots_at_once=at_once)
    assert counted.images == largest
    assert responses.gain.shape == (5, number, 1)


@pytest.mark.parametrize("number", [16, 64, 65, 150])
def test_impulses_in_several_calls_answer_as_in_one(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, stacked, _ = _healthy_dead_and_nan("lenet-mnist", True)
    impulses = impulse_set(1, 28, 28, number)
    several = snapshot_responses(network, stacked, impulses, snapshots_at_once=2)
    monkeypatch.setattr(vectorised, "MEASURED_AT_ONCE", number)
    one = snapshot_responses(network, stacked, impulses, snapshots_at_once=2)
    # What fits into one call is the very same call; other batches round otherwise.
    tolerance = 0.0 if number <= 64 else 1e-4
    for name, values in vars(one).items():
        torch.testing.assert_close(
            getattr(several, name), values, rtol=0, atol=tolerance, equal_nan=True, msg=name
        )


def test_gain_of_snapshots_is_sensitivity_plus_saturation() -> None:
    network, stacked, _ = _healthy_dead_and_nan("lenet-mnist", True)
    responses = snapshot_responses(network, stacked, impulse_set(1, 28, 28, 5))
    whole = responses.sensitivity + responses.saturation[..., None]
    torch.testing.assert_close(responses.gain, whole, rtol=0, atol=1e-4, equal_nan=True)
    paper = snapshot_gains(network, stacked, impulse_set(1, 28, 28, 5)[3])
    torch.testing.assert_close(responses.gain[:, 3], paper, rtol=0, atol=1e-3, equal_nan=True)
    assert responses.saturation[3].isnan().all()


def test_mean_over_impulses_and_its_standard_error() -> None:
    values = torch.randn(3, 7, 2, generator=generator())
    mean, error = mean_over_impulses(values)
    each = values.double().numpy().mean(2)
    np.testing.assert_allclose(mean.numpy(), each.mean(1))
    np.testing.assert_allclose(error.numpy(), each.std(1, ddof=1) / math.sqrt(7))
    mean, error = mean_over_impulses(values[:, :1, 0])
    np.testing.assert_allclose(mean.numpy(), values[:, 0, 0])
    assert error.isnan().all()


def test_standard_error_covers_the_mean_over_all_places() -> None:
    """The estimator with its own error, against the mean over every place there is."""
    network = paper_network("lenet-mnist", gain=1.5)
    stacked = {key: value[None] for key, value in network.state_dict().items()}
    every = snapshot_responses(network, stacked, impulse_set(1, 28, 28, 196)).sensitivity
    truth = float(mean_over_impulses(every)[0])
    inside = 0
    for seed in range(20):
        sample = snapshot_responses(network, stacked, impulse_set(1, 28, 28, 16, seed=seed))
        mean, error = mean_over_impulses(sample.sensitivity)
        inside += abs(float(mean) - truth) < 2 * float(error)
    assert inside >= 16  # 19 are expected of 20.


def test_buffers_keep_their_type_and_counters_are_no_numbers() -> None:
    network = WithBatchStatistics()
    network.register_buffer("order", torch.tensor([1, 0]))
    network.register_buffer("mask", torch.tensor([-math.inf, 0.0]))
    image = torch.rand(2, 6, 6, generator=generator())
    plain_forward = network.forward
    network.forward = lambda x: plain_forward(x[:, network.order])  # type: ignore[method-assign]
    stacked = {key: torch.stack([value, value]) for key, value in network.state_dict().items()}
    assert not stacked["normalisation.num_batches_tracked"].is_floating_point()
    stacked["normalisation.running_var"][1] = math.inf
    gains = snapshot_gains(network, stacked, image, window=False)
    torch.testing.assert_close(gains[0], measure(network, image).gain, atol=1e-3, rtol=0)
    assert gains[1].isnan().all()  # Overflowed statistics are divergence, not death.


class _Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 3, padding=1)
        self.c = nn.Linear(16, 5)
        self.b.weight = self.a.weight

    def forward(self, pixels: Tensor) -> Tensor:
        return self.c(self.b(self.a(pixels)).flatten(1))


def test_tied_weights_are_taken_once() -> None:
    network, image = _Tied(), impulse_image(1, 4, 4)
    stacked = {key: value[None].clone() for key, value in network.state_dict().items()}
    gains = snapshot_gains(network, stacked, image, window=False)
    torch.testing.assert_close(gains[0], measure(network, image).gain, atol=1e-3, rtol=0)
    stacked["b.weight"] = stacked["b.weight"] + 1
    with pytest.raises(InputError, match=r"'a.weight' and 'b.weight' differ; the network ties"):
        snapshot_gains(network, stacked, image)


def test_snapshots_of_a_wrapped_network_bear_its_names() -> None:
    network = nn.DataParallel(_Tied())
    stacked = {key: value[None] for key, value in network.state_dict().items()}
    assert "module.a.weight" in stacked
    assert snapshot_gains(network, stacked, impulse_image(1, 4, 4)).isfinite().all()


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize("shape", [(1, 4, 4), (0, 1, 4, 4)])
def test_impulses_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    stacked = {key: value[None] for key, value in _Tied().state_dict().items()}
    with pytest.raises(InputError, match=r"impulses have the shape .*; it must be \(impulses, "):
        snapshot_responses(_Tied(), stacked, torch.zeros(shape))
