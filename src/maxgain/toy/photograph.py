"""The photograph of figures 1 to 3."""

import importlib.util
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.data.pictures import read_photograph
from maxgain.errors import InputError


def read_red_channel() -> Float[Tensor, "1 height width"]:
    """Mean-subtracted red channel, in 0-255 units, of matplotlib's sample photo of Grace Hopper.

    The paper's photograph is not published with it; this one (600 rows, 512 columns) comes with a
    dependency.

    Raises
    ------
    InputError
        matplotlib is not installed, or without its sample data.
    """
    photograph, _ = read_photograph(_sample_path())
    red = np.asarray(photograph, dtype=np.float64)[:, :, 0]
    return torch.from_numpy(red - red.mean()).float()[None]


def _sample_path() -> Path:
    """Where the photograph lies; found without importing matplotlib, which may refuse to be.

    It does where MPLBACKEND names a backend that is not installed.
    """
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise InputError("the toy network's photograph comes with matplotlib, which is missing.")
    return Path(found.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg"
