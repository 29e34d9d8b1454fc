"""The photograph of figures 1 to 3."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.data.pictures import sample_photograph


def read_red_channel() -> Float[Tensor, "1 height width"]:
    """Mean-subtracted red channel, in 0-255 units, of matplotlib's sample photo of Grace Hopper.

    The paper's photograph is not published with it; this one (600 rows, 512 columns) comes with a
    dependency.

    Raises
    ------
    InputError
        matplotlib is not installed, or without its sample data.
    """
    red = np.asarray(sample_photograph(), dtype=np.float64)[:, :, 0]
    return torch.from_numpy(red - red.mean()).float()[None]
