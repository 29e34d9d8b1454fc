"""The updates of each optimiser against those of torch's classes."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from maxgain.errors import InputError
from maxgain.training.optimisers import AdamW, MomentumSGD, Optimiser

RATES = {1.0: slice(0, 2), 0.1: slice(2, 3), 5.0: slice(3, 4)}
DECAY = 0.02


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double().float()


def _step(network: nn.Module, images: torch.Tensor) -> None:
    network(images).square().mean().backward()


@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (lambda g: MomentumSGD(g, 0.9, DECAY), torch.optim.SGD, {"momentum": 0.9}),
        (lambda g: MomentumSGD(g, 0.0, DECAY), torch.optim.SGD, {"momentum": 0.0}),
        (
            lambda g: MomentumSGD(g, 0.9, DECAY, nesterov=True),
            torch.optim.SGD,
            {"momentum": 0.9, "nesterov": True},
        ),
        (lambda g: AdamW(g, DECAY), torch.optim.AdamW, {}),
    ],
    ids=["momentum", "plain", "nesterov", "adamw"],
)
def test_steps_are_those_of_torch(
    ours: Callable[..., Optimiser], theirs: type[torch.optim.Optimizer], options: dict[str, Any]
) -> None:
    first, second = _network(), _network()
    optimiser = ours({m: list(first.parameters())[part] for m, part in RATES.items()})
    groups = [
        {"params": list(second.parameters())[part], "lr": 0.01 * m} for m, part in RATES.items()
    ]
    reference = theirs(groups, weight_decay=DECAY, **options)  # type: ignore[call-arg]
    start = _network()
    for number in range(4):
        images = torch.randn(6, 4, generator=torch.Generator().manual_seed(number))
        optimiser.clear_gradients()
        reference.zero_grad()
        _step(first, images)
        _step(second, images)
        optimiser.step(0.01)
        reference.step()
    for one, other, before in zip(
        first.parameters(), second.parameters(), start.parameters(), strict=True
    ):
        assert not torch.equal(one, before)
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("make", [lambda g: MomentumSGD(g, 0.9, DECAY), lambda g: AdamW(g, DECAY)])
def test_parameters_without_a_gradient_stay(make: Callable[..., Optimiser]) -> None:
    network, unused = _network(), nn.Parameter(torch.ones(3))
    optimiser = make({1.0: [unused, *network.parameters()], 2.0: [nn.Parameter(torch.ones(2))]})
    before = [p.detach().clone() for p in network.parameters()]
    _step(network, torch.ones(2, 4))
    optimiser.step(0.1)
    assert torch.equal(unused, torch.ones(3))
    assert not any(torch.equal(p, b) for p, b in zip(network.parameters(), before, strict=True))


def test_nesterov_needs_a_momentum() -> None:
    with pytest.raises(InputError, match="nesterov is true and momentum is 0"):
        MomentumSGD({1.0: []}, 0.0, 0.0, nesterov=True)
