"""Input scaling is one finite number a channel, or a sentence."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from maxgain.errors import InputError
from maxgain.networks.scaling import ScaledInput


def test_pixels_are_scaled_by_channel() -> None:
    scaled = ScaledInput(nn.Identity(), (0.5, 0.25), (0.2, 2))
    pixels = torch.full((1, 2, 1, 1), 255.0)
    torch.testing.assert_close(scaled(pixels).flatten(), torch.tensor([2.5, 0.375]))


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize(
    ("mean", "std", "said"),
    [
        (0.5, 0.5, "mean is 0.5; it must be one finite number a channel, as a list"),
        ([0.5], 0.5, "std is 0.5; it must be one finite number"),
        ([0.5], [0.5, 0.5], "mean has 1 channels and std 2"),
        ([0.5], [0.0], "std holds 0"),
        ([math.nan], [1.0], "mean is .*nan.*; it must be one finite number"),
        (["red"], [1.0], "mean is .*red.*; it must be one number a channel"),
        ([], [], r"mean is \[\]; it must be one finite number"),
        ([[0.5]], [1.0], "it must be one finite number a channel"),
    ],
)
def test_what_is_no_scaling_is_refused(mean: Any, std: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ScaledInput(nn.Identity(), mean, std)
