"""The images at which networks are linearised."""

import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.errors import InputError


def impulse_image(
    channels: int, height: int, width: int, value: float = 255.0
) -> Float[Tensor, "channels height width"]:
    """Synthetic impulse: `value` at row height//2, column width//2 of every channel, 0 elsewhere.

    In 0-255 pixel units. It is the network's input *after* mean subtraction (section III-D), so a
    network that subtracts its mean image must be given the impulse without that step.

    Raises
    ------
    InputError
        A size is not positive.

    Examples
    --------
    >>> image = impulse_image(3, 32, 32)
    >>> float(image[0, 16, 16]), float(image.sum())
    (255.0, 765.0)
    """
    _check_sizes(channels, height, width)
    image = torch.zeros(channels, height, width)
    image[:, height // 2, width // 2] = value
    return image


def raw_impulse_image(
    mean_image: Float[Tensor, "channels height width"], value: float = 255.0
) -> Float[Tensor, "channels height width"]:
    """Impulse from which the training set's mean image is subtracted: the other choice.

    An option only: its gain curves are erratic, those of `impulse_image` reproduce the paper's.
    """
    channels, height, width = mean_image.shape
    return impulse_image(channels, height, width, value) - mean_image


def impulse_set(
    channels: int,
    height: int,
    width: int,
    number: int = 16,
    *,
    seed: int = 0,
    value: float = 255.0,
    signs: bool = False,
    single_channels: bool = False,
) -> Float[Tensor, "number channels height width"]:
    """Impulses at fixed random places of the central half: an estimator of a quantity in dB.

    One impulse tells of one place. The estimator takes the quantity (gain, sensitivity,
    saturation) at each impulse in dB, averages it over the channels, and then over the impulses;
    its standard error is that of the mean of these `number` values, their standard deviation over
    the square root of their number (`maxgain.response.snapshots.mean_over_impulses`). The error
    says how far the mean would move with other places. Snapshots of one training share the
    places, so their differences are known better than that.

    Parameters
    ----------
    channels, height, width
        Of the images.
    number
        How many impulses; their places differ.
    seed
        Of the places, signs and channels. One seed gives the same set everywhere.
    value
        Of an impulse, in 0-255 pixel units after mean subtraction.
    signs
        Give each impulse `value` or `-value` at random.
    single_channels
        Put each impulse into one random channel, not into all.

    Returns
    -------
    Tensor
        One image an impulse. The central half are the rows and columns from a quarter to three
        quarters, where the Hann window is at least one half.

    Raises
    ------
    InputError
        A size is not positive, or the central half has fewer places than impulses are asked for.

    Examples
    --------
    >>> impulses = impulse_set(1, 28, 28, number=4, seed=0)
    >>> impulses.shape
    torch.Size([4, 1, 28, 28])
    >>> bool((impulses.flatten(1).sum(1) == 255).all())
    True
    """
    _check_sizes(channels, height, width)
    available = central_places(height, width)
    if not 1 <= number <= available:
        raise InputError(
            f"number is {number}; the central half of {height} x {width} pixels has {available} "
            f"places, so it must be from 1 to {available}."
        )
    top, left, columns = height // 4, width // 4, width - 2 * (width // 4)
    generator = torch.Generator().manual_seed(seed)
    places = torch.randperm(available, generator=generator)[:number]
    values = torch.full((number, channels), float(value))
    if signs:
        values *= 1 - 2 * torch.randint(2, (number, 1), generator=generator)
    if single_channels:
        chosen = torch.randint(channels, (number, 1), generator=generator)
        values *= torch.arange(channels) == chosen
    images = torch.zeros(number, channels, height, width)
    images[torch.arange(number), :, top + places // columns, left + places % columns] = values
    return images


def central_places(height: int, width: int) -> int:
    """Number of pixels in the central half, rows and columns from a quarter to three quarters."""
    return (height - 2 * (height // 4)) * (width - 2 * (width // 4))


def _check_sizes(channels: int, height: int, width: int) -> None:
    for name, size in (("channels", channels), ("height", height), ("width", width)):
        if size < 1:
            raise InputError(f"{name} is {size}; it must be at least 1.")
