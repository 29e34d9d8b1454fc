"""The toy network of figures 1 to 4: one Gaussian filter and a ReLU."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.errors import InputError


class GaussianToy(nn.Module):
    """Convolution of one channel with a symmetric Gaussian filter, then ReLU (section III-A).

    The filter sums to one. Pixels outside the image count as zero, so the feature map has the
    image's size.

    Parameters
    ----------
    size
        Rows and columns of the filter, an odd number.
    sigma
        Standard deviation of the Gaussian in pixels.

    Raises
    ------
    InputError
        `size` is not a positive odd number, or `sigma` is not positive.
    """

    filter: Float[Tensor, "1 1 size size"]

    def __init__(self, size: int = 7, sigma: float = 1.0) -> None:
        super().__init__()
        if size < 1 or size % 2 == 0:
            raise InputError(f"filter size is {size}; it must be a positive odd number.")
        if not sigma > 0:
            raise InputError(f"sigma is {sigma} pixels; it must be positive.")
        offsets = torch.arange(size, dtype=torch.float64) - size // 2
        profile = torch.exp(-0.5 * (offsets / sigma) ** 2)
        profile /= profile.sum()
        self.register_buffer("filter", torch.outer(profile, profile).float()[None, None])

    def forward(
        self, pixels: Float[Tensor, "batch 1 height width"]
    ) -> Float[Tensor, "batch 1 height width"]:
        """Feature map z of mean-subtracted 0-255 pixels."""
        padding = self.filter.shape[-1] // 2
        return torch.relu(nn.functional.conv2d(pixels, self.filter, padding=padding))
