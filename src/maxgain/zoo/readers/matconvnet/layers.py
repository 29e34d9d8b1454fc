"""The layers of MatConvNet as torch modules.

Semantics are those of `vl_nnconv`, `vl_nnpool`, `vl_nnnormalize` and `vl_nnbnorm`. Every layer says
before anything is computed which shape it makes of those that it is given: a network is checked
layer by layer when it is put together.
"""

from collections.abc import Sequence
from math import ceil, floor
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class Shape(NamedTuple):
    """Shape of one image's feature maps."""

    channels: int
    height: int
    width: int


class Padding(NamedTuple):
    """Rows and columns added at each border, in MatConvNet's order."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0


NO_PADDING = Padding()


class Layer(nn.Module):
    """One layer: maps one or several feature maps to one."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output for inputs of these shapes.

        Raises
        ------
        ValueError
            The shapes do not fit the layer; the message says how.
        """
        if len(inputs) != 1:
            raise ValueError(f"it has {len(inputs)} inputs and needs 1")
        return inputs[0]


class Convolution(Layer):
    """Correlation with filters, with a padding of its own for each border.

    Fewer filter channels than input channels mean groups: the filters are split evenly among the
    groups of input channels, in order.

    Parameters
    ----------
    filters
        One filter per output channel.
    biases
        One number per output channel; None for no bias.
    stride, dilation
        Vertical and horizontal.
    """

    weight: Float[Tensor, "outputs group_channels height width"]
    bias: Float[Tensor, "outputs"] | None

    def __init__(
        self,
        filters: Float[Tensor, "outputs group_channels height width"],
        biases: Float[Tensor, "outputs"] | None = None,
        stride: tuple[int, int] = (1, 1),
        padding: Padding = NO_PADDING,
        dilation: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(filters)
        self.bias = None if biases is None else nn.Parameter(biases)
        self.stride, self.padding, self.dilation = stride, padding, dilation

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output; see `Layer.output_shape`."""
        image = super().output_shape(*inputs)
        outputs, group_channels, *size = self.weight.shape
        groups, left_over = divmod(image.channels, group_channels)
        if left_over or groups == 0 or outputs % groups:
            raise ValueError(
                f"{outputs} filters of {group_channels} channels do not fit {image.channels} "
                "input channels"
            )
        extent = [d * (s - 1) + 1 for d, s in zip(self.dilation, size, strict=True)]
        return Shape(outputs, *_window_positions(image, extent, self.stride, self.padding))

    def forward(self, image: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch o h2 w2"]:
        """Correlate the padded image with the filters."""
        groups = image.shape[1] // self.weight.shape[1]
        padded = _pad(image, self.padding, 0.0)
        return F.conv2d(
            padded, self.weight, self.bias, self.stride, dilation=self.dilation, groups=groups
        )


class Pooling(Layer):
    """Maximum or average over windows clipped to the image.

    A maximum ignores the padding, and an average divides by the pixels that a window really
    covers.
    """

    def __init__(
        self,
        method: Literal["max", "avg"],
        size: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        padding: Padding = NO_PADDING,
    ) -> None:
        super().__init__()
        self.method, self.size, self.stride, self.padding = method, size, stride, padding

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output; see `Layer.output_shape`."""
        image = super().output_shape(*inputs)
        top, bottom, left, right = self.padding
        if max(top, bottom) >= self.size[0] or max(left, right) >= self.size[1]:
            raise ValueError(
                f"padding {tuple(self.padding)} is not smaller than the pooling window {self.size}"
            )
        positions = _window_positions(image, self.size, self.stride, self.padding)
        return Shape(image.channels, *positions)

    def forward(
        self, image: Float[Tensor, "batch channels h w"]
    ) -> Float[Tensor, "batch channels h2 w2"]:
        """Pool the image."""
        if self.method == "max":
            padded = _pad(image, self.padding, -torch.inf)
            return F.max_pool2d(padded, self.size, self.stride)
        covered = _pad(torch.ones_like(image[:1, :1]), self.padding, 0.0)
        total = F.avg_pool2d(
            _pad(image, self.padding, 0.0), self.size, self.stride, divisor_override=1
        )
        return total / F.avg_pool2d(covered, self.size, self.stride, divisor_override=1)


class CrossChannelNormalization(Layer):
    """Local response normalisation: y = x / (kappa + alpha sum x^2)^beta.

    The sum runs over the channels k - floor((size - 1)/2) ... k + ceil((size - 1)/2). It is alpha
    times the sum here, and alpha times the sum over size in `torch.nn.LocalResponseNorm`.
    """

    def __init__(self, size: int, kappa: float, alpha: float, beta: float) -> None:
        super().__init__()
        self.size, self.kappa, self.alpha, self.beta = size, kappa, alpha, beta

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output; see `Layer.output_shape`."""
        image = super().output_shape(*inputs)
        if self.size > 2 * image.channels:
            raise ValueError(f"it sums over {self.size} channels and has {image.channels}")
        return image

    def forward(
        self, image: Float[Tensor, "batch channels h w"]
    ) -> Float[Tensor, "batch channels h w"]:
        """Normalise each pixel by its neighbours in channel direction."""
        around = (0, 0, 0, 0, floor((self.size - 1) / 2), ceil((self.size - 1) / 2))
        squares = F.pad(image.square(), around)
        sums = F.avg_pool3d(squares[:, None], (self.size, 1, 1), 1, divisor_override=1)[:, 0]
        return image * (self.kappa + self.alpha * sums).pow(-self.beta)


class BatchNormalization(Layer):
    """Normalisation by recorded moments: y = scale (x - mean) / deviation + shift.

    The epsilon of training is inside the recorded deviation.
    """

    scale: Float[Tensor, "channels"]
    shift: Float[Tensor, "channels"]
    mean: Float[Tensor, "channels"]
    deviation: Float[Tensor, "channels"]

    def __init__(
        self,
        scale: Float[Tensor, "channels"],
        shift: Float[Tensor, "channels"],
        mean: Float[Tensor, "channels"],
        deviation: Float[Tensor, "channels"],
    ) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(scale), nn.Parameter(shift)
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output; see `Layer.output_shape`."""
        image = super().output_shape(*inputs)
        if image.channels != len(self.scale):
            raise ValueError(f"{len(self.scale)} scales do not fit {image.channels} input channels")
        return image

    def forward(
        self, image: Float[Tensor, "batch channels h w"]
    ) -> Float[Tensor, "batch channels h w"]:
        """Normalise each channel."""
        factor = (self.scale / self.deviation)[:, None, None]
        return factor * (image - self.mean[:, None, None]) + self.shift[:, None, None]


class Rectifier(Layer):
    """ReLU; with a leak the negative side keeps that slope."""

    def __init__(self, leak: float = 0.0) -> None:
        super().__init__()
        self.leak = leak

    def forward(
        self, image: Float[Tensor, "batch channels h w"]
    ) -> Float[Tensor, "batch channels h w"]:
        """Rectify."""
        return F.leaky_relu(image, self.leak) if self.leak else F.relu(image)


class Identity(Layer):
    """Dropout at test time."""

    def forward(self, image: Tensor) -> Tensor:
        """The image."""
        return image


class Softmax(Layer):
    """Softmax over the channels, at each pixel."""

    def forward(
        self, image: Float[Tensor, "batch channels h w"]
    ) -> Float[Tensor, "batch channels h w"]:
        """Scores of the channels."""
        return image.softmax(1)


class Sum(Layer):
    """Sum of feature maps of one shape (the join of a residual block)."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output; see `Layer.output_shape`."""
        if len(set(inputs)) != 1:
            raise ValueError(f"it adds feature maps of different shapes, {_listed(inputs)}")
        return inputs[0]

    def forward(
        self, *images: Float[Tensor, "batch channels h w"]
    ) -> Float[Tensor, "batch channels h w"]:
        """Add the images."""
        return sum(images[1:], images[0])


class Concatenation(Layer):
    """Feature maps behind one another in channel direction (the join of an inception block)."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output; see `Layer.output_shape`."""
        if len({shape[1:] for shape in inputs}) != 1:
            raise ValueError(f"it joins feature maps of different sizes, {_listed(inputs)}")
        return Shape(sum(shape.channels for shape in inputs), *inputs[0][1:])

    def forward(self, *images: Float[Tensor, "batch _ h w"]) -> Float[Tensor, "batch channels h w"]:
        """Concatenate the images."""
        return torch.cat(images, 1)


def _window_positions(
    image: Shape, size: Sequence[int], stride: tuple[int, int], padding: Padding
) -> tuple[int, int]:
    """Rows and columns of places where a window fits into the padded image."""
    height = image.height + padding.top + padding.bottom
    width = image.width + padding.left + padding.right
    if size[0] > height or size[1] > width:
        raise ValueError(
            f"its window of {size[0]} x {size[1]} is larger than the padded image of "
            f"{height} x {width}"
        )
    return (height - size[0]) // stride[0] + 1, (width - size[1]) // stride[1] + 1


def _pad(image: Tensor, padding: Padding, value: float) -> Tensor:
    if not any(padding):
        return image
    return F.pad(image, (padding.left, padding.right, padding.top, padding.bottom), value=value)


def _listed(shapes: Sequence[Shape]) -> str:
    return " and ".join("x".join(map(str, shape)) for shape in shapes)
