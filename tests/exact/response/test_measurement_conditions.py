"""What a measurement asks for while it runs, and that it leaves all as it was found."""

import threading

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from maxgain.errors import InputError
from maxgain.response.measure import measure
from maxgain.response.probes import impulse_image
from maxgain.response.snapshots import snapshot_gains
from tests.exact.response.response_networks import (
    WithBatchStatistics,
    generator,
    paper_network,
)


def test_network_is_left_as_it_was_found() -> None:
    network = WithBatchStatistics().train()
    network.normalisation.eval()  # Modes may differ within a network.
    modes = [module.training for module in network.modules()]
    before = {key: value.clone() for key, value in network.state_dict().items()}
    image = torch.rand(2, 6, 6, generator=generator())
    first, second = measure(network, image), measure(network, image)
    stacked = {key: value[None] for key, value in network.state_dict().items()}
    snapshot_gains(network, stacked, image)
    assert torch.equal(first.gradient, second.gradient)  # Dropout is off.
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not image.requires_grad
    assert not first.gradient.requires_grad


def test_modes_are_restored_after_an_error() -> None:
    network = WithBatchStatistics().train()
    with pytest.raises(InputError):
        measure(network, torch.zeros(3, 6, 6))
    assert network.dropout.training


def test_measuring_works_where_gradients_are_off_and_precision_is_mixed() -> None:
    network, image = paper_network("lenet-mnist"), impulse_image(1, 28, 28)
    expected = measure(network, image).gain
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(measure(network, image).gain, expected)
        stacked = {key: value[None] for key, value in network.state_dict().items()}
        gains = snapshot_gains(network, stacked, image, window=False)
    torch.testing.assert_close(gains[0], expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.float64, torch.float16])
def test_any_real_image_is_measured_in_float32(dtype: torch.dtype) -> None:
    network = paper_network("lenet-cifar")
    image = impulse_image(3, 32, 32)
    measured = measure(network, image.to(dtype))
    assert measured.gradient.dtype == torch.float32
    assert torch.equal(measured.gain, measure(network, image).gain)
    stacked = {key: value[None] for key, value in network.state_dict().items()}
    gains = snapshot_gains(network, stacked, image.to(dtype), window=False)
    torch.testing.assert_close(gains[0], measured.gain, rtol=0, atol=1e-3)


def test_half_precision_network_is_measured_in_float32() -> None:
    network, image = paper_network("lenet-cifar").bfloat16(), impulse_image(3, 32, 32)
    measured = measure(network, image)
    assert measured.gradient.dtype == torch.float32
    assert torch.equal(measured.gain, measure(network.float(), image).gain)


def test_network_may_begin_in_place() -> None:
    network = nn.Sequential(nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(4, 2))
    image = torch.ones(1, 2, 2)
    assert measure(network, image).gain.isfinite().all()
    assert torch.equal(image, torch.ones(1, 2, 2))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_scripted_network_is_measured() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    scripted = torch.jit.trace(network, torch.ones(1, 1, 2, 2))
    image = torch.ones(1, 2, 2)
    torch.testing.assert_close(measure(scripted, image).gain, measure(network, image).gain)


# --- full precision, inside the forward pass too


def _classifier() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))


class _Inside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = _classifier()


class _AutocastInside(_Inside):
    def forward(self, pixels: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return self.network(pixels)


class _AutocastTwice(_Inside):
    def forward(self, pixels: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False), torch.amp.autocast("cpu", torch.bfloat16):
            return self.network(pixels)


class _AutocastDecorated(_Inside):
    @torch.autocast("cpu", dtype=torch.bfloat16)
    def forward(self, pixels: Tensor) -> Tensor:
        return self.network(pixels).float()


class _CastIfAutocast(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.bfloat16)
    def forward(ctx: object, pixels: Tensor) -> Tensor:
        return pixels * 1

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return gradient


class _AutocastOfOwnFunction(_Inside):
    def forward(self, pixels: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return self.network(_CastIfAutocast.apply(pixels))


class _AutocastUnderCheckpoint(_Inside):
    def forward(self, pixels: Tensor) -> Tensor:
        def part(x: Tensor) -> Tensor:
            with torch.autocast("cpu", torch.bfloat16):
                return self.network(x)

        return checkpoint(part, pixels, use_reentrant=False)


@pytest.mark.parametrize(
    "kind",
    [
        _AutocastInside,
        _AutocastTwice,
        _AutocastDecorated,
        _AutocastOfOwnFunction,
        _AutocastUnderCheckpoint,
    ],
)
def test_autocast_inside_forward_is_measured_in_float32(kind: type[_Inside]) -> None:
    network, image = kind(), impulse_image(1, 8, 8)
    assert network(image[None] / 3).dtype in (torch.bfloat16, torch.float32)
    expected = measure(_classifier(), image)
    found = measure(network, image)
    assert torch.equal(found.gain, expected.gain)
    assert torch.equal(found.gradient, expected.gradient)


def test_autocast_works_again_after_a_measurement_and_in_other_threads() -> None:
    entering, measured = threading.Event(), threading.Event()
    seen: list[torch.dtype] = []

    class Waits(_Inside):
        def forward(self, pixels: Tensor) -> Tensor:
            entering.set()
            assert measured.wait(10)
            return self.network(pixels)

    def train() -> None:
        assert entering.wait(10)
        with torch.autocast("cpu", torch.bfloat16):
            seen.append(_classifier()(torch.zeros(1, 1, 8, 8)).dtype)
        measured.set()

    thread = threading.Thread(target=train)
    thread.start()
    measure(Waits(), impulse_image(1, 8, 8))
    thread.join()
    assert seen == [torch.bfloat16]
    with torch.autocast("cpu", torch.bfloat16):
        assert _classifier()(torch.zeros(1, 1, 8, 8)).dtype == torch.bfloat16


@pytest.mark.parametrize("made_inside", [False, True])
def test_measuring_works_in_inference_mode(made_inside: bool) -> None:
    image = impulse_image(1, 8, 8)
    expected = measure(_classifier(), image)
    network = _classifier()
    with torch.inference_mode():
        network = _classifier() if made_inside else network
        stacked = {name: value[None] for name, value in network.state_dict().items()}
        assert torch.equal(measure(network, image.clone()).gain, expected.gain)
        gains = snapshot_gains(network, stacked, image.clone(), window=False)
    torch.testing.assert_close(gains[0], expected.gain, rtol=0, atol=1e-3)


def test_random_numbers_and_buffers_are_left_as_they_were() -> None:
    class Noisy(_Inside):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("calls", torch.tensor(0))
            self.register_buffer("mask", torch.tensor([True]))

        def forward(self, pixels: Tensor) -> Tensor:
            self.calls += 1
            self.mask.logical_not_()
            return self.network(pixels) + 0 * torch.rand(1)

    network, state = Noisy(), torch.get_rng_state()
    measure(network, impulse_image(1, 8, 8))
    assert torch.equal(torch.get_rng_state(), state)
    assert int(network.calls) == 0
    assert network.mask.all()


def test_graph_that_the_caller_holds_stays_valid() -> None:
    network = WithBatchStatistics().train()
    loss = network(torch.rand(4, 2, 6, 6)).sum()
    measure(network, torch.rand(2, 6, 6))
    loss.backward()


def test_compiled_network_is_measured_as_it_was_written() -> None:
    image = impulse_image(1, 8, 8)
    expected = measure(_classifier(), image)
    compiled = torch.compile(_classifier(), backend="eager")
    inside = nn.Sequential(nn.Identity(), torch.compile(_classifier(), backend="eager"))
    in_place = _classifier()
    in_place.compile(backend="eager")
    for network in (compiled, inside, in_place):
        assert torch.equal(measure(network, image).gain, expected.gain)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_frozen_and_exported_networks_are_measured() -> None:
    image = impulse_image(1, 8, 8)
    expected = measure(_classifier(), image)
    frozen = torch.jit.freeze(torch.jit.script(_classifier().eval()))
    exported = torch.export.export(_classifier().eval(), (image[None],)).module()
    for network in (frozen, exported):
        torch.testing.assert_close(measure(network, image).gain, expected.gain)


def test_data_parallel_in_half_precision_is_measured_in_float32() -> None:
    image = impulse_image(1, 8, 8)
    half = _classifier().bfloat16()
    wrapped = nn.DataParallel(half)
    found = measure(wrapped, image)
    assert torch.equal(found.gain, measure(half.float(), image).gain)
