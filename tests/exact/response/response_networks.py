"""Networks and images that the tests of this room share."""

import numpy as np
import torch
from torch import Tensor, nn

from maxgain.networks.recipes import build_network, initialise

SHAPES = {"lenet-mnist": (1, 28, 28), "lenet-cifar": (3, 32, 32), "nin": (3, 32, 32)}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def linear_network(weight: Tensor) -> nn.Sequential:
    """Two logits whose difference is the sum of weight times image."""
    linear = nn.Linear(weight.numel(), 2, bias=True)
    with torch.no_grad():
        linear.weight[0] = weight.flatten()
        linear.weight[1] = 0
        linear.bias[:] = torch.tensor([0.3, 0.0])
    return nn.Sequential(nn.Flatten(), linear)


def paper_network(name: str, seed: int = 0, gain: float = 1.0) -> nn.Module:
    network = build_network(name, SHAPES[name], 10)
    initialise(name, network, generator(seed))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter *= gain
    return network


def decibels(amplitude: np.ndarray) -> np.ndarray:
    return 20 * np.log10(amplitude)


def assert_close_where_not_tiny(response: Tensor, amplitude: np.ndarray) -> None:
    large = amplitude > 1e-3 * amplitude.max()
    assert large.mean() > 0.2
    np.testing.assert_allclose(
        response.numpy()[large], decibels(amplitude[large]), rtol=0, atol=1e-4
    )


class WithBatchStatistics(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 3, 3)
        self.normalisation = nn.BatchNorm2d(3)
        self.dropout = nn.Dropout(0.5)
        self.classes = nn.Linear(3, 4)

    def forward(self, pixels: Tensor) -> Tensor:
        features = self.dropout(self.normalisation(self.convolution(pixels)).relu())
        return self.classes(features.mean((2, 3)))
