"""Batch normalisation before tokens: torch's CPU kernel misreads the gradient's layout."""

import pytest
import torch
from torch import Tensor, nn

from maxgain.response.measure import measure
from maxgain.response.snapshots import snapshot_gains


class Tokens(nn.Module):
    """Convolution and normalisation, then a head on the transposed places."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolution, self.normalisation = nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 4)
        nn.init.uniform_(self.normalisation.weight, 0.5, 2)
        self.normalisation.running_var.uniform_(0.5, 2)
        self.places = nn.Parameter(torch.randn(36, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        features = self.normalisation(self.convolution(pixels)).flatten(2).transpose(1, 2)
        return self.head((features * self.places).mean(1))


def test_gain_of_tokens_is_that_of_the_matrix() -> None:
    """The network is linear: its Jacobian by columns, from outputs alone."""
    network, image = Tokens().eval().double(), torch.rand(1, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        origin = network(torch.zeros(1, 1, 8, 8).double())[0]
        basis = torch.eye(64, dtype=torch.float64).reshape(64, 1, 8, 8)
        jacobian = torch.stack([network(pixel[None])[0] - origin for pixel in basis], 1)
        scores = network(image[None])[0].softmax(0)
    winner = int(scores.argmax())
    gradient = (jacobian[winner] - scores @ jacobian).reshape(1, 8, 8)
    expected = 20 * torch.fft.fft2(gradient).abs().amax((1, 2)).log10()
    torch.testing.assert_close(measure(network, image).gain, expected)
    single = network.float()
    stacked = {name: value[None] for name, value in single.state_dict().items()}
    found = snapshot_gains(single, stacked, image, window=False)[0]
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-4)
    assert not network.normalisation._forward_hooks


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_layouts_agree(layout: torch.memory_format) -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(216, 4),
    )
    image = torch.rand(3, 8, 8) * 255
    expected = measure(network, image).gain
    network.to(memory_format=layout)  # type: ignore[call-overload]
    torch.testing.assert_close(measure(network, image).gain, expected, rtol=0, atol=1e-3)
