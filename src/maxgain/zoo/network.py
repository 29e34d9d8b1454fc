"""A pretrained network, ready to be measured, whatever family it comes from."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.networks.scaling import ScaledInput
from maxgain.zoo.registry import Family, Scaling

Interpolation = Literal["bilinear", "bicubic"]


@dataclass(frozen=True)
class PretrainedNetwork:
    """A network of 0-255 pixels from which its average image is subtracted.

    Attributes
    ----------
    network
        Takes 0-255 pixels minus `average_image` and returns logits; the network's scaling by
        1/255 and 1/std is inside.
    average_image
        In 0-255 pixels, of the network's input size.
    interpolation
        By which a photograph is resized.
    class_names
        Of every class; empty where not known.
    top5_error
        Percent; NaN where not known.
    weights
        What the weights are, to print.
    random_weights
        Whether the weights are random: a control, no trained network.
    """

    name: str
    family: Family
    network: nn.Module
    average_image: Float[Tensor, "channels height width"]
    interpolation: Interpolation
    class_names: tuple[str, ...]
    top5_error: float
    weights: str
    random_weights: bool = False

    def class_name(self, index: int) -> str:
        """Name of a class, without synonyms."""
        if index >= len(self.class_names):
            return f"class {index}"
        return self.class_names[index].split(",")[0]


def after_mean_subtraction(network: nn.Module, scaling: Scaling) -> nn.Module:
    """Network of mean-subtracted 0-255 pixels from one of (x / 255 - mean) / std.

    The mean is subtracted outside; 1/255 and 1/std stay inside, as a part of f.
    """
    scaled = ScaledInput(network, (0.0, 0.0, 0.0), scaling.std)
    return scaled.eval().requires_grad_(False)


def mean_colour_image(scaling: Scaling, side: int) -> Float[Tensor, "3 height width"]:
    """Image in the mean colour that a network of that scaling subtracts, in 0-255 pixels."""
    return 255 * torch.tensor(scaling.mean)[:, None, None].expand(3, side, side).contiguous()
