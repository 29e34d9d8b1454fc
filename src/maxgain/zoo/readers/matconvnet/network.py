"""Imports the networks that MatConvNet published (.mat files, SimpleNN and DagNN) into torch.

Nothing in a file is executed. Everything is checked while it is read, and every fault is one
`InputError` that names the file and the layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from maxgain.errors import InputError
from maxgain.zoo.readers.matconvnet.builders import tensor
from maxgain.zoo.readers.matconvnet.descriptions import (
    IMAGE,
    LayerDescription,
    dag_layers,
    place_of,
    simple_layers,
)
from maxgain.zoo.readers.matconvnet.fields import Fields, numbers_of, texts
from maxgain.zoo.readers.matconvnet.layers import NO_PADDING, LayerGraph, Shape, Step
from maxgain.zoo.readers.matconvnet.mat_file import read_mat_file

_MAIN_OUTPUT = "prob"


#: Numbers of one feature map (256 MiB); a file that asks for more is damaged or hostile.
_LARGEST_FEATURE_MAP = 1 << 26


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


def read_matconvnet(path: Path) -> MatConvNetModel:
    """Network, average image and class names of a MatConvNet file.

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
    normalization = Fields(top["normalization"], f"{path}, normalization")
    average_image = _average_image(normalization)
    descriptions = dag_layers if variables["layers"].dtype.names else simple_layers
    steps, output = _without_final_softmax(path, descriptions(variables, path))
    shape = _checked_shapes(path, steps, Shape(*average_image.shape), output)
    class_names = _class_names(top, path)
    if (shape.height, shape.width) != (1, 1) or (
        class_names and len(class_names) != shape.channels
    ):
        raise InputError(
            f"{path}: the network's output is {'x'.join(map(str, shape))}; it must be one score "
            f"for each of {len(class_names) or 'the'} classes."
        )
    network = LayerGraph(steps, IMAGE, output)
    network.requires_grad_(False)
    return MatConvNetModel(network.eval(), average_image, class_names)


def _without_final_softmax(
    path: Path, descriptions: Sequence[LayerDescription]
) -> tuple[list[Step], str]:
    """Steps of the graph that end in the logits, and the name of the logits."""
    descriptions = _without_side_branches(descriptions)
    written = {d.output for d in descriptions}
    read = {name for d in descriptions for name in d.inputs}
    ends, beginnings = sorted(written - read), sorted(read - written)
    if len(ends) != 1 or len(beginnings) != 1:
        raise InputError(
            f"{path}: the layers read {beginnings or 'nothing'} and end in {ends or 'nothing'}; a "
            "network must have one input and one output."
        )
    output = ends[0]
    last = next(d for d in descriptions if d.output == output)
    if last.type == "SoftMax" and last.inputs[0] in written:
        output = last.inputs[0]
        descriptions = [d for d in descriptions if d is not last]
    renamed = {beginnings[0]: IMAGE}
    steps = [
        Step(d.name, d.build(), tuple(renamed.get(x, x) for x in d.inputs), d.output)
        for d in descriptions
    ]
    return steps, output


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


def _average_image(normalization: Fields) -> Float[Tensor, "channels height width"]:
    """Average image in 0-255 pixels, of the network's input size."""
    size = normalization.whole_numbers(["imageSize"], (2, 3, 4), 1)
    height, width, channels = size[0], size[1], size[2] if len(size) > 2 else 3
    image = numbers_of(normalization["averageImage"], normalization.place, "averageImage")
    if image.size == channels:
        colour = tensor(image.reshape(-1))
        return colour[:, None, None].expand(channels, height, width).contiguous()
    if image.ndim == 2:
        image = image[:, :, None]
    if image.shape != (height, width, channels):
        raise normalization.error(
            f"'averageImage' has the shape {list(image.shape)}; it must be [{height}, {width}, "
            f"{channels}] or {channels} numbers"
        )
    return tensor(image.transpose(2, 0, 1))


def _class_names(top: Fields, path: Path) -> tuple[str, ...]:
    if "classes" not in top or not top["classes"].dtype.names:
        return ()
    classes = Fields(top["classes"], f"{path}, classes")
    name = "description" if "description" in classes else "name"
    return tuple(texts(classes[name], classes.place, name))
