"""Takes the mean that a user's network subtracts out of it, wherever it can be seen."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.networks.scaling import ScaledInput


class _Divided(nn.Module):
    """A normalisation without its mean."""

    std: Tensor

    def __init__(self, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("std", std)

    def forward(self, image: Tensor) -> Tensor:
        """The image, divided."""
        return image / self.std


def lift_mean(network: nn.Module) -> tuple[nn.Module, Float[Tensor, "_ 1 1"]]:
    """A network of x - m from a network of x, and m in the units of x.

    The mean is found in `ScaledInput`, in a normalisation of torchvision, timm or kornia (a module
    `Normalize` with `mean` and `std`), and in any chain of these at the beginning of an
    `nn.Sequential`, also behind `nn.DataParallel`. The rest of the network is shared, not copied.
    A network whose mean cannot be seen is returned as it is, with a mean of 0.
    """
    forward = type(network).forward
    if isinstance(network, nn.DataParallel):
        return lift_mean(network.module)
    if forward is ScaledInput.forward:
        inner, mean = lift_mean(network.network)
        std = _per_channel(network.std)
        scaled = ScaledInput(inner, (0.0,) * len(std), std.flatten().tolist())
        return scaled, 255 * (_per_channel(network.mean) + std * mean)
    if isinstance(network, nn.Sequential) and forward is nn.Sequential.forward and len(network):
        return _lift_chain(*network)
    if isinstance(network, nn.Identity):
        return _Divided(torch.ones(1, 1, 1)), torch.zeros(1, 1, 1)
    if type(network).__name__ == "Normalize" and hasattr(network, "std"):
        return _Divided(_per_channel(network.std)), _per_channel(network.mean)
    return network, torch.zeros(1, 1, 1)


def _lift_chain(first: nn.Module, *rest: nn.Module) -> tuple[nn.Module, Tensor]:
    lifted, mean = lift_mean(first)
    if isinstance(lifted, _Divided) and rest:
        after, further = _lift_chain(*rest)
        return nn.Sequential(lifted, after), mean + lifted.std * further
    return nn.Sequential(lifted, *rest) if rest else lifted, mean


def _per_channel(numbers: Tensor | Sequence[float] | float) -> Tensor:
    return torch.as_tensor(numbers, dtype=torch.float32).detach().cpu().reshape(-1, 1, 1)
