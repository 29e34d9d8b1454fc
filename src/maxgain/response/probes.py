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
    """
    for name, size in (("channels", channels), ("height", height), ("width", width)):
        if size < 1:
            raise InputError(f"{name} is {size}; it must be at least 1.")
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
