"""Takes the mean that a user's network subtracts out of it, wherever it can be seen."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.networks.scaling import ScaledInput
from maxgain.response.guards import unwrapped


class _Divided(nn.Module):
    """A normalisation without its mean."""

    std: Tensor

    def __init__(self, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("std", std)

    def forward(self, image: Tensor) -> Tensor:
        """The image, divided."""
        return image / self.std


def lift_mean(network: nn.Module) -> tuple[nn.Module, Float[Tensor, "_ 1 1"]] | None:
    """A network of x - m from a network of x, and m in the units of x; None if m is not seen.

    The mean is found in `ScaledInput`, in a normalisation of torchvision, timm or kornia (a module
    `Normalize` with `mean` and `std`), and in any chain of these at the beginning of an
    `nn.Sequential`, also inside what distributes or compiles them. It may be 0. The rest of the
    network is shared, not copied.
    """
    network = unwrapped(network)[0]
    forward = getattr(type(network), "forward", None)  # TorchScript's has none.
    if isinstance(network, ScaledInput) and forward is ScaledInput.forward:
        return _lift_scaling(network)
    if isinstance(network, nn.Sequential) and forward is nn.Sequential.forward:
        return _lift_chain(*network)
    if type(network).__name__ == "Normalize" and hasattr(network, "std"):
        std, mean = (_per_channel(getattr(network, name)) for name in ("std", "mean"))
        return _Divided(std), mean
    return None


def _lift_scaling(network: ScaledInput) -> tuple[nn.Module, Tensor]:
    std, mean = _per_channel(network.std), _per_channel(network.mean)
    inner = network.network
    further = lift_mean(inner)
    if further is not None:
        inner, mean = further[0], mean + std * further[1]
    scaled = ScaledInput(inner, (0.0,) * len(std), std.flatten().tolist())
    return scaled.to(std.device), 255 * mean


def _lift_chain(*modules: nn.Module) -> tuple[nn.Module, Tensor] | None:
    if not modules:
        return None
    first, *rest = modules
    if isinstance(first, nn.Identity):
        return _lift_chain(*rest)
    found = lift_mean(first)
    if found is None:
        return None
    lifted, mean = found
    further = _lift_chain(*rest) if isinstance(lifted, _Divided) else None
    if further is not None and isinstance(lifted, _Divided):
        return nn.Sequential(lifted, further[0]), mean + lifted.std * further[1]
    return nn.Sequential(lifted, *rest), mean


def _per_channel(numbers: Tensor | Sequence[float] | float) -> Tensor:
    return torch.as_tensor(numbers, dtype=torch.float32).detach().reshape(-1, 1, 1)
