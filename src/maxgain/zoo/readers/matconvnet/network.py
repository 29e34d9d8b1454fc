"""Imports the networks that MatConvNet published (.mat files, SimpleNN and DagNN) into torch.

Nothing in a file is executed. Everything is checked while it is read, and every fault is one
`InputError` that names the file and the layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.errors import InputError
from maxgain.files.mat_file import read_mat_file
from maxgain.zoo.readers.matconvnet.builders import tensor
from maxgain.zoo.readers.matconvnet.descriptions import (
    IMAGE,
    LOSS,
    LayerDescription,
    dag_layers,
    place_of,
    simple_layers,
)
from maxgain.zoo.readers.matconvnet.fields import Fields, numbers_of, texts
from maxgain.zoo.readers.matconvnet.graph import LayerGraph, Step
from maxgain.zoo.readers.matconvnet.layers import NO_PADDING, Shape

_MAIN_OUTPUT = "prob"

_LARGEST_FEATURE_MAP = 1 << 26
"""Numbers of one feature map (256 MiB); a file that asks for more is damaged or hostile."""


@dataclass(frozen=True)
class MatConvNetModel:
    """What a MatConvNet file holds.

    Attributes
    ----------
    network
        Takes 0-255 pixels minus `average_image`, returns logits (a final softmax is left out).
    average_image
        In 0-255 pixels; a single mean colour is spread over the image.
    class_names
        Description of each class; empty where the file has none.
    """

    network: LayerGraph
    average_image: Float[Tensor, "channels height width"]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_matconvnet(path: Path, shape: tuple[int, int, int] | None = None) -> MatConvNetModel:
    """Network, average image and class names of a MatConvNet file.

    Files that MatConvNet's own training saves are read too: layers of losses and of errors are left
    out, and an average image that is not there is 0.

    Parameters
    ----------
    shape
        Channels, height, width of the input, for a file that does not say its own.

    Raises
    ------
    InputError
        The file cannot be read; a layer's type is unknown, its fields are missing or its shapes
        do not fit. The message names file and layer.
    """
    variables = read_mat_file(path)
    if "layers" not in variables and "net" in variables:
        variables = Fields(variables["net"], f"{path}, variable 'net'").values
    if "layers" not in variables:
        raise InputError(
            f"{path} has no variable 'layers' (it has {', '.join(variables) or 'none'}); it is not "
            "a network of MatConvNet."
        )
    meta = Fields(variables["meta"], f"{path}, meta") if "meta" in variables else None
    top = meta if meta is not None else Fields.of_mapping(variables, str(path))
    average_image, notes = _average_image(path, top, shape)
    descriptions = dag_layers if variables["layers"].dtype.names else simple_layers
    steps, output, removed = _without_final_softmax(path, descriptions(variables, path))
    image = Shape(*average_image.shape)
    found = _checked_shapes(path, steps, image, output)
    class_names = _class_names(top, path)
    if (found.height, found.width) != (1, 1) or (
        class_names and len(class_names) != found.channels
    ):
        raise InputError(
            f"{path}: the network's output is {'x'.join(map(str, found))}; it must be one score "
            f"for each of {len(class_names) or 'the'} classes."
        )
    network = LayerGraph(steps, IMAGE, output)
    network.requires_grad_(False)
    return MatConvNetModel(network.eval(), average_image, class_names, (*notes, *removed))


def _without_final_softmax(
    path: Path, descriptions: Sequence[LayerDescription]
) -> tuple[list[Step], str, tuple[str, ...]]:
    """Steps of the graph that end in the logits, the name of the logits, and what was left out."""
    kept = [d for d in descriptions if d.type != LOSS]
    losses = [d.name for d in descriptions if d.type == LOSS]
    kept = list(_without_side_branches(kept))
    written = {d.output for d in kept}
    read = {name for d in kept for name in d.inputs}
    ends, beginnings = sorted(written - read), sorted(read - written)
    if len(ends) != 1 or len(beginnings) != 1:
        raise InputError(
            f"{path}: the layers read {beginnings or 'nothing'} and end in {ends or 'nothing'}; a "
            "network must have one input and one output."
        )
    output = ends[0]
    last = next(d for d in kept if d.output == output)
    removed = [f"training's loss layer '{name}' is left out" for name in losses]
    if last.type == "SoftMax" and last.inputs[0] in written:
        output = last.inputs[0]
        kept = [d for d in kept if d is not last]
        removed.append(f"the final softmax '{last.name}' is left out: logits are measured")
    renamed = {beginnings[0]: IMAGE}
    steps = [
        Step(d.name, d.build(), tuple(renamed.get(x, x) for x in d.inputs), d.output) for d in kept
    ]
    return steps, output, tuple(removed)


def _without_side_branches(
    descriptions: Sequence[LayerDescription],
) -> Sequence[LayerDescription]:
    """Layers that the output "prob" depends on, in a network that has further outputs.

    GoogLeNet's further classifiers serve its training only.
    """
    written = {d.output: d for d in descriptions}
    ends = set(written) - {name for d in descriptions for name in d.inputs}
    if len(ends) == 1 or _MAIN_OUTPUT not in ends:
        return descriptions
    needed = {_MAIN_OUTPUT}
    for description in reversed(descriptions):  # each is written before it is read
        if description.output in needed:
            needed.update(description.inputs)
    return [d for d in descriptions if d.output in needed]


def _checked_shapes(path: Path, steps: Sequence[Step], image: Shape, output: str) -> Shape:
    """Shape of the output, after checking that each layer fits what it reads."""
    shapes = {IMAGE: image}
    for step in steps:
        inputs = [shapes[name] for name in step.inputs]
        try:
            shape = step.layer.output_shape(*inputs)
        except ValueError as error:
            raise InputError(f"{place_of(path, step.name)}: {error}.") from error
        padding = getattr(step.layer, "padding", NO_PADDING)
        padded = (inputs[0].height + padding.top + padding.bottom) * (
            inputs[0].width + padding.left + padding.right
        )
        if max(prod(shape), inputs[0].channels * padded) > _LARGEST_FEATURE_MAP:
            raise InputError(
                f"{place_of(path, step.name)}: it makes feature maps of more than "
                f"{_LARGEST_FEATURE_MAP:,} numbers."
            )
        shapes[step.output] = shape
    return shapes[output]


def _average_image(
    path: Path, top: Fields, given: tuple[int, int, int] | None
) -> tuple[Float[Tensor, "channels height width"], tuple[str, ...]]:
    """Average image in 0-255 pixels, of the network's input size, and what is to be said of it."""
    has = "normalization" in top and top["normalization"].dtype.names is not None
    normalization = Fields(top["normalization"], f"{path}, normalization") if has else None
    channels, height, width = _input_shape(path, top, normalization, given)
    if normalization is None or "averageImage" not in normalization:
        image = np.zeros(0)
    else:
        image = numbers_of(normalization["averageImage"], normalization.place, "averageImage")
    if image.size == 0:
        said = f"{path.name} has no average image: natural images are measured as they are"
        return torch.zeros(channels, height, width), (f"{said} (--mean)",)
    if image.size in (1, channels):
        colour = tensor(image.reshape(-1))
        return colour[:, None, None].expand(channels, height, width).contiguous(), ()
    if image.ndim == 2:
        image = image[:, :, None]
    if list(image.shape) != [height, width, channels]:
        assert normalization is not None
        raise normalization.error(
            f"'averageImage' has the shape {list(image.shape)}; it must be [{height}, {width}, "
            f"{channels}] or {channels} numbers"
        )
    return tensor(image.transpose(2, 0, 1)), ()


def _input_shape(
    path: Path, top: Fields, normalization: Fields | None, given: tuple[int, int, int] | None
) -> tuple[int, int, int]:
    """Channels, height and width: of `normalization`, of `inputSize` (cnn_train), or as given."""
    if normalization is not None and "imageSize" in normalization:
        fields, name = normalization, "imageSize"
    elif "inputSize" in top:
        fields, name = top, "inputSize"
    elif given is not None:
        return given
    else:
        raise InputError(
            f"{path} says no size of its input; give it with --shape CHANNELS,HEIGHT,WIDTH."
        )
    size = fields.whole_numbers([name], (2, 3, 4), 1)
    return size[2] if len(size) > 2 else 3, size[0], size[1]


def _class_names(top: Fields, path: Path) -> tuple[str, ...]:
    if "classes" not in top or not top["classes"].dtype.names:
        return ()
    classes = Fields(top["classes"], f"{path}, classes")
    name = "description" if "description" in classes else "name"
    return tuple(texts(classes[name], classes.place, name))
