"""One definition of "after mean subtraction", against independent float64 values."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from maxgain.data.pictures import read_photograph
from maxgain.errors import InputError
from maxgain.networks.scaling import ScaledInput
from maxgain.zoo.centring import lift_mean
from maxgain.zoo.crop import crop_photograph
from maxgain.zoo.measurement import measure_network
from maxgain.zoo.network import GivenInput, PretrainedNetwork
from maxgain.zoo.readers.function import pretrained_of_user
from maxgain.zoo.registry import RegistryRow, Scaling

SIDE = 16

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def core() -> nn.Module:
    """A smooth network, so that a wrong mean shows in every gain."""
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 6, 5, padding=2), nn.Tanh(), nn.Flatten(), nn.Linear(6 * SIDE**2, 7)
    )


class Normalize(nn.Module):
    """As torchvision's, on images of 0-1."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, image: Tensor) -> Tensor:
        mean, std = (torch.tensor(x).to(image)[:, None, None] for x in (self.mean, self.std))
        return (image - mean) / std


class Hidden(nn.Module):
    """Normalises itself, out of sight."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        mean, std = (torch.tensor(x).to(pixels)[:, None, None] for x in (MEAN, STD))
        return self.network((pixels / 255 - mean) / std)


def independent_gains(network: nn.Module) -> list[np.ndarray]:
    """Gains at the natural image and both impulses in float64, from the definition alone."""
    network = network.double()
    mean, std = (np.array(x)[:, None, None] for x in (MEAN, STD))
    photograph = (
        crop_photograph(read_photograph(None)[0], (SIDE, SIDE), "bilinear").double().numpy()
    )
    impulse = np.zeros((3, SIDE, SIDE))
    impulse[:, SIDE // 2, SIDE // 2] = 255
    gains = []
    hann = np.hanning(SIDE)
    for centred, window in (
        (photograph - 255 * mean, 1.0),
        (impulse, np.outer(hann, hann)),
        (impulse - 255 * mean, np.outer(hann, hann)),
    ):
        image = torch.from_numpy(centred / 255 / std)[None].requires_grad_(True)
        network(image).log_softmax(1).max().backward()
        assert image.grad is not None
        gradient = image.grad[0].numpy() / 255 / std  # by the chain rule, per 0-255 pixel
        gains.append(20 * np.log10(np.abs(np.fft.fft2(gradient * window)).max((1, 2))))
    return gains


def user(network: nn.Module, given: GivenInput) -> PretrainedNetwork:
    row = RegistryRow("mine", "function", "mine")
    return pretrained_of_user(row, network, given, (3, SIDE, SIDE), weights="mine")


def normalised_inside(network: nn.Module) -> nn.Module:
    return ScaledInput(nn.Sequential(Normalize(MEAN, STD), network), (0.0,), (1.0,))


def normalised_twice(network: nn.Module) -> nn.Module:
    first = Normalize((0.2,) * 3, (2.0,) * 3)
    second = Normalize(tuple((m - 0.2) / 2 for m in MEAN), tuple(s / 2 for s in STD))
    return ScaledInput(nn.Sequential(first, second, network), (0.0,), (1.0,))


def _exported(network: nn.Module) -> nn.Module:
    """An exported program, which refuses to change its mode."""
    return torch.export.export(network.eval(), (torch.zeros(1, 3, SIDE, SIDE),)).module()


@pytest.mark.parametrize(
    ("wrapped", "given"),
    [
        (lambda f: ScaledInput(f, MEAN, STD), GivenInput()),
        (lambda f: nn.Sequential(ScaledInput(f, MEAN, STD), nn.Identity()), GivenInput()),
        (lambda f: nn.Sequential(nn.Identity(), ScaledInput(f, MEAN, STD)), GivenInput()),
        (lambda f: nn.DataParallel(ScaledInput(f, MEAN, STD)), GivenInput()),
        (lambda f: torch.compile(ScaledInput(f, MEAN, STD), backend="eager"), GivenInput()),
        (lambda f: ScaledInput(_exported(f), MEAN, STD), GivenInput()),
        (_exported, GivenInput(mean=MEAN, std=STD)),
        (normalised_inside, GivenInput()),
        (normalised_twice, GivenInput()),
        (Hidden, GivenInput(mean=MEAN)),
        (lambda f: f, GivenInput(mean=MEAN, std=STD)),
        (lambda f: ScaledInput(f, (0.0,) * 3, STD), GivenInput(mean=MEAN)),
    ],
)
def test_whoever_subtracts_the_mean_the_gains_are_the_same(
    wrapped: Callable[[nn.Module], nn.Module], given: GivenInput
) -> None:
    network = user(wrapped(core()), given)
    np.testing.assert_allclose(
        network.average_image[:, 0, 0].numpy(), 255 * np.array(MEAN), rtol=1e-5
    )
    measured = measure_network(network, read_photograph(None)[0])
    found = [m.result.gain.numpy() for m in measured if m.projection == "inverse-score"]
    np.testing.assert_allclose(found, independent_gains(core()), atol=1e-3)


def test_projection_by_the_score_is_that_of_a_second_pass() -> None:
    from maxgain.response.measure import measure

    network = user(ScaledInput(core(), MEAN, STD), GivenInput())
    for measurement in measure_network(network, read_photograph(None)[0]):
        probe = measurement.probe
        again = measure(
            network.network, probe.pixels, measurement.projection, window=probe.is_windowed
        )
        torch.testing.assert_close(measurement.result.gain, again.gain, atol=1e-3, rtol=0)
        torch.testing.assert_close(measurement.result.gradient, again.gradient)


def test_without_a_mean_the_user_is_told() -> None:
    network = user(ScaledInput(core(), (0.0,) * 3, STD), GivenInput())
    assert "without mean subtraction" in network.notes[0]
    assert not network.average_image.any()
    assert user(ScaledInput(core(), MEAN, STD), GivenInput()).notes == ()


def test_what_cannot_be_seen_is_left_alone() -> None:
    network = core()
    assert lift_mean(network) is None
    assert lift_mean(Hidden(network)) is None

    class Own(ScaledInput):
        def forward(self, pixels: Tensor) -> Tensor:
            return super().forward(pixels).square()

    assert lift_mean(Own(network, MEAN, STD)) is None


def test_a_mean_said_twice_or_of_other_channels_is_refused() -> None:
    with pytest.raises(InputError, match="leave out --mean"):
        user(ScaledInput(core(), MEAN, STD), GivenInput(mean=MEAN))
    with pytest.raises(InputError, match="mean has 2 numbers"):
        user(core(), GivenInput(mean=(0.1, 0.2), std=(1.0,)))
    with pytest.raises(InputError, match="std has 2 numbers"):
        Scaling((0.5,), (0.1, 0.2)).for_channels(4)
    assert math.isclose(Scaling((0.5,), (0.1,)).for_channels(4).mean[3], 0.5)
