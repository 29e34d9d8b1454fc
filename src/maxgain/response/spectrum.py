"""From a derivative to its frequency response and the peak of it (eq. 5)."""

import torch
from jaxtyping import Float
from torch import Tensor


def frequency_response(
    gradient: Float[Tensor, "*batch height width"], *, window: bool = False
) -> Float[Tensor, "*batch height width"]:
    """Fourier amplitude of a derivative, 20 log10 |F(dz/dx)| in dB (eq. 5).

    F is the unnormalised two-dimensional DFT; zero frequency lies at index [0, 0]. An amplitude of
    zero is minus infinity dB, and a derivative that is not finite gives NaN.

    Examples
    --------
    >>> gradient = torch.zeros(8, 8)
    >>> gradient[4, 4] = 10.0
    >>> float(frequency_response(gradient)[0, 0])  # An impulse has the same amplitude everywhere.
    20.0
    """
    if window:
        gradient = gradient * hann_window(*gradient.shape[-2:]).to(gradient)
    amplitude = torch.fft.fft2(gradient).abs()
    finite = gradient.isfinite().all(dim=(-2, -1), keepdim=True)
    return torch.where(finite, 20 * amplitude.log10(), torch.nan)


def maximum_gain(
    response: Float[Tensor, "*batch height width"],
) -> Float[Tensor, "*batch"]:
    """Peak of a frequency response over all frequencies, in dB (section III-C).

    Minus infinity for a dead network (derivative zero everywhere), NaN for a diverged one.

    Examples
    --------
    >>> float(maximum_gain(torch.tensor([[-20.0, -3.0], [-9.0, -40.0]])))
    -3.0
    """
    return response.amax(dim=(-2, -1))


def hann_window(height: int, width: int) -> Float[Tensor, "height width"]:
    """Outer product of two symmetric Hann windows (end of section III-B)."""
    rows = torch.hann_window(height, periodic=False, dtype=torch.float64)
    columns = torch.hann_window(width, periodic=False, dtype=torch.float64)
    return torch.outer(rows, columns)
