"""A pretrained network, ready to be measured, and the one definition of "after mean subtraction".

A network f(x) of 0-255 pixels x that subtracts an average image a, wherever it does so, is measured
as g(x') = f(x' + a): a function of the pixels *after* mean subtraction, x' = x - a. A natural image
is given to it as x - a, the impulse "centred" as it is, the impulse "raw" as itself minus a
(protocol: the impulse image). The network's scaling by 1/255 and 1/std is a part of g.
"""

import math
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maxgain.networks.scaling import ScaledInput
from maxgain.zoo.architectures import Architecture
from maxgain.zoo.registry import Interpolation, RegistryRow, Scaling

NO_ARCHITECTURE = Architecture("")
"""Of a network that nobody named."""


@dataclass(frozen=True)
class PretrainedNetwork:
    """A network of 0-255 pixels from which its average image is subtracted.

    Attributes
    ----------
    family
        Name of its reader.
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
    precision
        In which the weights were published; empty where not known.
    notes
        What was done or supposed when the network was read, each a sentence for the user.
    architecture
        The design; see `maxgain.zoo.architectures`.
    input_std
        Of the (x / 255 - mean) / std that the network expects, mean over channels; 1/255 where it
        takes pixels, NaN where not known.
    """

    name: str
    family: str
    network: nn.Module
    average_image: Float[Tensor, "channels height width"]
    interpolation: Interpolation
    class_names: tuple[str, ...]
    top5_error: float
    weights: str
    random_weights: bool = False
    precision: str = ""
    notes: tuple[str, ...] = ()
    architecture: Architecture = NO_ARCHITECTURE
    input_std: float = math.nan

    def class_name(self, index: int) -> str:
        """Name of a class, without synonyms."""
        if index >= len(self.class_names):
            return f"class {index}"
        return self.class_names[index].split(",")[0]


@dataclass(frozen=True)
class GivenInput:
    """What the user says of a network's input (`maxgain measure --shape --mean --std`).

    Attributes
    ----------
    shape
        Channels, height, width; None for the network's own.
    mean, std
        In units of x / 255, one number or one per channel; None if not said. Both, or `std` alone:
        the network expects (x / 255 - mean) / std. `mean` alone: the network takes 0-255 pixels and
        subtracts 255 mean itself, out of sight.
    side
        Of a square input whose channels are the network's own; None if not said.
    """

    shape: tuple[int, int, int] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    side: int | None = None

    @property
    def scaling(self) -> Scaling | None:
        """The scaling that the network expects of its caller; None if it is not said."""
        return None if self.std is None else Scaling(self.mean or (0.0,), self.std)

    def shape_or(self, own: tuple[int, int, int] | None) -> tuple[int, int, int] | None:
        """The shape that the user says, as far as they do; else the network's own."""
        if self.shape is not None or self.side is None:
            return self.shape or own
        return (3 if own is None else own[0]), self.side, self.side


class MeanInside(nn.Module):
    """g(x') = network(x' + average) of a network that subtracts the average itself.

    Parameters
    ----------
    network
        Takes 0-255 pixels.
    average
        What it subtracts, in 0-255 pixels.
    """

    average: Float[Tensor, "channels _ _"]

    def __init__(self, network: nn.Module, average: Float[Tensor, "channels _ _"]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("average", average)

    def forward(
        self, pixels: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch *output"]:
        """Output of the network, of pixels after mean subtraction."""
        output: Tensor = self.network(pixels + self.average)
        return output


class ReversedChannels(nn.Module):
    """A network of blue, green, red as one of red, green, blue."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, pixels: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch *output"]:
        """Output of the network."""
        output: Tensor = self.network(pixels.flip(1))
        return output


def after_mean_subtraction(network: nn.Module, scaling: Scaling, channels: int = 3) -> nn.Module:
    """Network of mean-subtracted 0-255 pixels from one that expects (x / 255 - mean) / std.

    The mean is subtracted outside; 1/255 and 1/std stay inside, as a part of f. Means and standard
    deviations are those of red, green and blue whatever the network's channel order.
    """
    if scaling.order == "BGR":
        network = ReversedChannels(network)
    std = scaling.for_channels(channels).std
    return frozen(ScaledInput(network, (0.0,) * channels, std))


def frozen(network: nn.Module) -> nn.Module:
    """The network in evaluation mode, without gradients of its weights.

    Exported programs and frozen TorchScript refuse to change their mode: theirs is fixed.
    """
    with suppress(NotImplementedError, AttributeError, RuntimeError):
        network.eval()
    for parameter in network.parameters():  # TorchScript has no requires_grad_ of all.
        parameter.requires_grad_(False)
    return network


def mean_colour_image(
    scaling: Scaling, side: int | tuple[int, int, int]
) -> Float[Tensor, "channels height width"]:
    """Image in the mean colour that a network of that scaling subtracts, in 0-255 pixels.

    Parameters
    ----------
    side
        Of a square colour image, or channels, height and width.
    """
    shape = (3, side, side) if isinstance(side, int) else side
    mean = torch.tensor(scaling.for_channels(shape[0]).mean, dtype=torch.float64)
    return (255 * mean).float()[:, None, None].expand(shape).contiguous()


def pretrained_of_row(
    row: RegistryRow,
    network: nn.Module,
    scaling: Scaling,
    shape: tuple[int, int, int],
    *,
    class_names: tuple[str, ...],
    weights: str,
    random_weights: bool = False,
    notes: tuple[str, ...] = (),
) -> PretrainedNetwork:
    """A row's network that expects its caller to scale the input, ready to be measured."""
    return PretrainedNetwork(
        name=row.name,
        family=row.family,
        network=after_mean_subtraction(network, scaling, shape[0]),
        average_image=mean_colour_image(scaling, shape),
        interpolation=row.interpolation,
        class_names=class_names,
        top5_error=row.top5_error,
        weights=weights,
        random_weights=random_weights,
        precision=row.precision,
        notes=notes,
        input_std=fmean(scaling.std),
    )
