"""A derivative that arrives and is not the output's is refused; true ones of all kinds pass."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from maxgain.errors import InputError
from maxgain.monitor import GainMonitor
from maxgain.response.measure import input_gradient, measure
from maxgain.response.probes import impulse_image
from maxgain.response.slopes import check_slopes
from maxgain.response.snapshots import snapshot_gains

IMAGE = impulse_image(1, 8, 8)


class Two(nn.Module):
    """Two classifiers, and a forward pass made of them."""

    def __init__(self, forward: Callable[["Two", Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = (
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4))
            for _ in range(2)
        )
        self._forward = forward

    def forward(self, pixels: Tensor) -> Tensor:
        return self._forward(self, pixels)


class RoundedStraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return gradient


def _reversed(two: Two, x: Tensor) -> Tensor:
    """Gradient reversal, of adversarial training."""
    doubled: Tensor = 2 * x.detach()
    return two.first(doubled - x)


def _features_of_no_grad(two: Two, x: Tensor) -> Tensor:
    with torch.no_grad():
        features = two.second(x)
    return two.first(x) + features


WRONG: dict[str, Callable[[Two, Tensor], Tensor]] = {
    "detached branch": lambda two, x: two.first(x) + two.second(x.detach()),
    "small detached branch": lambda two, x: two.first(x) + 0.1 * two.second(x.detach()),
    "branch under no_grad": _features_of_no_grad,
    "straight-through": lambda two, x: two.first(RoundedStraightThrough.apply(x)),
    "straight-through by detach": lambda two, x: two.first(x + (x.round() - x).detach()),
    "reversed gradient": _reversed,
    "detached gate": lambda two, x: two.first(x) * two.second(x).sigmoid().detach(),
}


@pytest.mark.parametrize("kind", WRONG)
def test_gradients_that_are_not_the_outputs_are_refused(kind: str) -> None:
    network, said = Two(WRONG[kind]), "the derivative that arrives is not that of the output"
    with pytest.raises(InputError, match=said):
        measure(network, IMAGE, window=True)
    with pytest.raises(InputError, match=said):
        input_gradient(network, IMAGE, torch.ones(1, 4))
    stacked = {name: value[None] for name, value in network.state_dict().items()}
    if kind != "straight-through":  # vmap has its own words for such a function.
        with pytest.raises(InputError, match=said):
            snapshot_gains(network, stacked, IMAGE)
    with pytest.raises(InputError, match=said):
        GainMonitor(network, (1, 8, 8)).record()


RIGHT: dict[str, Callable[[Two, Tensor], Tensor]] = {
    "plain": lambda two, x: two.first(x),
    "detached maximum": lambda two, x: two.first(x) - two.first(x).amax().detach(),
    "random": lambda two, x: two.first(x + torch.rand_like(x)),
    "in float32 by a cast": lambda two, x: copy.deepcopy(two.first).float()(x.float()),
    "of the spectrum": lambda two, x: two.first(torch.fft.ifft2(torch.fft.fft2(x)).real),
    "clamped": lambda two, x: two.first(x.clamp(0, 255)),
    "pooled": lambda two, x: two.first(nn.functional.max_pool2d(x, 3, 1, 1)),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_gradients_of_the_output_pass(kind: str) -> None:
    assert measure(Two(RIGHT[kind]), IMAGE, window=True).gain.isfinite().all()


def test_first_record_of_a_monitor_checks_and_the_others_are_two_passes_an_image() -> None:
    network = Two(lambda two, x: two.first(x))
    calls: list[torch.dtype] = []
    network.register_forward_hook(lambda *_: calls.append(network.first[0].weight.dtype))
    monitor = GainMonitor(network, (1, 8, 8), impulses=2)
    monitor.record()
    assert len(calls) > 3
    calls.clear()
    monitor.record()
    assert len(calls) == 3


def test_devices_without_float64_are_not_checked() -> None:
    def none() -> Callable[[Tensor], Tensor]:
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype")

    check_slopes(none, IMAGE)


HALF: dict[str, Callable[[Two, Tensor], Tensor]] = {
    "half": lambda two, x: two.first(x.half().float()),
    "bfloat16 features": lambda two, x: two.first(x).bfloat16().float(),
    "bfloat16 network": lambda two, x: copy.deepcopy(two.first).bfloat16()(x.bfloat16()).float(),
}


@pytest.mark.parametrize("kind", HALF)
def test_casts_to_half_precision_in_the_forward_pass_are_refused(kind: str) -> None:
    network = Two(HALF[kind])
    with pytest.raises(InputError, match=r"computes in torch\.b?float16 by a cast in its forward"):
        measure(network, IMAGE)
    stacked = {name: value[None] for name, value in network.state_dict().items()}
    with pytest.raises(InputError, match="by a cast in its forward pass"):
        snapshot_gains(network, stacked, IMAGE)


@pytest.mark.parametrize("returned", [torch.float32, torch.bfloat16])
def test_autocast_that_is_switched_on_by_hand_is_refused(returned: torch.dtype) -> None:
    def forward(two: Two, x: Tensor) -> Tensor:
        torch.set_autocast_enabled("cpu", True)
        return two.first(x).to(returned)

    with pytest.raises(InputError, match=r"torch\.bfloat16"):
        measure(Two(forward), IMAGE)
    assert not torch.is_autocast_enabled("cpu")
