"""Small networks in float64 whose quantities are known or quickly computed one by one."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from maxgain.quantities.snapshot import Past, Snapshot, TrainingImages
from maxgain.response.probes import impulse_image

CLASSES, SIZE = 4, 6


def linear_network() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(SIZE * SIZE, CLASSES)).double()


def two_layers() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(SIZE * SIZE, 7), nn.Tanh(), nn.Linear(7, CLASSES)
    ).double()


def made_snapshot(
    network: nn.Module, images: int = 120, seed: int = 0, learning_rate: float = 0.1
) -> Snapshot:
    """A snapshot of random weights and random images, in float64."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    state = {name: 0.3 * draw(*value.shape) for name, value in network.state_dict().items()}
    training = TrainingImages(
        draw(images, 1, SIZE, SIZE), torch.randint(CLASSES, (images,), generator=generator)
    )
    centre = impulse_image(1, SIZE, SIZE)
    impulses = torch.stack([centre, centre.roll(1, dims=2), centre.roll(-1, dims=1)])
    return Snapshot(network, state, training, impulses, learning_rate)


def with_past(snapshot: Snapshot, past: Past) -> Snapshot:
    return replace(snapshot, past=past)


def loaded(snapshot: Snapshot) -> nn.Module:
    """The snapshot's network with its weights in place, to be called as any other."""
    snapshot.network.load_state_dict(dict(snapshot.state))
    return snapshot.network.eval()


def gradient_of(network: nn.Module, loss: Tensor) -> Tensor:
    found = torch.autograd.grad(loss, list(network.parameters()))
    return torch.cat([part.flatten() for part in found])
