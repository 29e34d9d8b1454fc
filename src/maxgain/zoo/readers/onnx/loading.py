"""ONNX files as torch networks, converted by onnx2torch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor, fx, nn

from maxgain.errors import InputError
from maxgain.zoo.network import GivenInput, PretrainedNetwork, pretrained_of_row
from maxgain.zoo.readers.function import DEFAULT_SIDE, pretrained_of_user
from maxgain.zoo.registry import RegistryRow
from maxgain.zoo.transfer import fetched_file

if TYPE_CHECKING:
    from onnx import ModelProto

    from maxgain.zoo.readers.onnx.graph import Classifier

IMAGENET_CLASSES = 1000


class OnnxNetwork(nn.Module):
    """A converted graph as a network of (batch, channels, height, width) that returns logits.

    Parameters
    ----------
    converted
        The graph, as onnx2torch gives it.
    channels_last
        Whether it takes (batch, height, width, channels).
    batch
        The one number of images that it takes; 0 for any. It is given an image as often, and what
        it makes of the first is returned.
    """

    def __init__(self, converted: nn.Module, channels_last: bool, batch: int) -> None:
        super().__init__()
        self.converted = converted
        self.channels_last, self.batch = channels_last, batch

    def forward(
        self, image: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch classes"]:
        """Logits of a batch."""
        given = image.permute(0, 2, 3, 1) if self.channels_last else image
        if self.batch > 1 and len(image) == 1:
            given = given.expand(self.batch, -1, -1, -1)
        output: Tensor = self.converted(given)
        return output[: len(image)].flatten(1)


def load_downloaded(row: RegistryRow, folder: Path, given: GivenInput) -> PretrainedNetwork:
    """Network of the registry, from its downloaded file.

    Raises
    ------
    InputError
        The file is missing, or not a network that can be read.
    """
    path = fetched_file(row, folder)
    network = load_file(replace(row, source=str(path)), folder, given)
    return replace(network, weights="weights of the ONNX Model Zoo")


def load_file(row: RegistryRow, folder: Path, given: GivenInput) -> PretrainedNetwork:
    """Network of an ONNX file.

    Without a scaling in its row or from the user it is taken for a network of 0-255 pixels, and
    that is said.

    Raises
    ------
    InputError
        The package onnx2torch is missing; or the file cannot be read, is quantised, has several
        inputs or operators that are not known. The sentence names file and node.
    """
    path = Path(row.source)
    network, shape, notes = read_onnx(path, given.shape_or(row.shape))
    classes = _count_classes(path, network, shape)
    names = _class_names(classes)
    if names and classes > IMAGENET_CLASSES:
        notes = (*notes, "1,001 classes: class 0 is the background")
    scaling = given.scaling or row.scaling
    if scaling is not None:
        return pretrained_of_row(
            row, network, scaling, shape, class_names=names, weights=path.name, notes=notes
        )
    if given.mean is None:
        notes = (*notes, "no scaling is given: it is taken for a network of 0-255 pixels (--std)")
    return pretrained_of_user(
        row, network, given, shape, weights=path.name, class_names=names, notes=notes
    )


def read_onnx(
    path: Path,
    wanted: tuple[int, int, int] | None = None,
    exchange: "Callable[[ModelProto], None] | None" = None,
) -> tuple[OnnxNetwork, tuple[int, int, int], tuple[str, ...]]:
    """Network of an ONNX file, the shape of its input, and what was changed.

    Parameters
    ----------
    wanted
        Shape of the input, where the file leaves it free.
    exchange
        Puts other weights into the model as it was read.

    Raises
    ------
    InputError
        See `load_file`.
    """
    with _needed_packages():
        from maxgain.zoo.readers.onnx.file import read_model
        from maxgain.zoo.readers.onnx.graph import read_classifier
    model = read_model(path)
    if exchange is not None:
        exchange(model)
    classifier = read_classifier(model, path)
    shape = _input_shape(classifier, wanted)
    batch = classifier.sizes[0]
    converted = _convert(classifier, shape)
    network = OnnxNetwork(converted, classifier.channels_last, batch)
    return network.eval().requires_grad_(False), shape, tuple(classifier.notes)


def _input_shape(
    classifier: "Classifier", wanted: tuple[int, int, int] | None
) -> tuple[int, int, int]:
    own = classifier.sizes[1:]
    default = wanted or (3, DEFAULT_SIDE, DEFAULT_SIDE)
    channels, height, width = (size or other for size, other in zip(own, default, strict=True))
    if wanted is not None and wanted != (channels, height, width):
        raise classifier.error(
            f"it takes images of {channels},{height},{width}; the shape given is "
            f"{','.join(map(str, wanted))}"
        )
    if wanted is None and 0 in own:
        classifier.notes.append(
            f"the file leaves its input's size free: {channels},{height},{width} is measured "
            "(--shape)"
        )
    return channels, height, width


def _convert(classifier: "Classifier", shape: tuple[int, int, int]) -> nn.Module:
    import onnx2torch

    from maxgain.zoo.readers.onnx.conversion import prepared

    model = prepared(classifier, shape)
    try:
        converted: nn.Module = onnx2torch.convert(model)
    except Exception as error:  # converters raise many types
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise classifier.error(f"it cannot be read: {said}") from error
    return converted


def _count_classes(path: Path, network: OnnxNetwork, shape: tuple[int, int, int]) -> int:
    """Classes of a network, by running it once."""
    parts = [*network.parameters(), *network.buffers()]
    dtype = next((x.dtype for x in parts if x.is_floating_point()), torch.float32)
    image = torch.zeros(1, *shape, dtype=dtype)
    try:
        with torch.no_grad():
            output = network(image)
    except Exception as error:  # a converted graph may raise anything
        node = _failing_node(network, image)
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}{node}: it does not run: {said}.") from error
    if output.ndim != 2 or not 2 <= output.shape[1] <= 1 << 20:
        raise InputError(
            f"{path}: its output has the shape {tuple(output.shape)}; it must be one score "
            "for each of two or more classes."
        )
    return int(output.shape[1])


class _Steps(fx.Interpreter):
    """Runs a graph and remembers the step it is at."""

    step: fx.Node | None = None

    def run_node(self, n: fx.Node) -> Any:
        """Run one step."""
        self.step = n
        return super().run_node(n)


def _failing_node(network: OnnxNetwork, image: Tensor) -> str:
    if not isinstance(network.converted, fx.GraphModule):
        return ""
    steps = _Steps(network.converted)
    given = image.permute(0, 2, 3, 1) if network.channels_last else image
    try:
        with torch.no_grad():
            steps.run(given.expand(max(network.batch, 1), -1, -1, -1))
    except Exception:  # it failed before in the same way
        return f", node '{steps.step.target}'" if steps.step is not None else ""
    return ""


def _class_names(classes: int) -> tuple[str, ...]:
    if classes not in (IMAGENET_CLASSES, IMAGENET_CLASSES + 1):
        return ()
    from maxgain.zoo.readers.torchvision import imagenet_class_names

    names = imagenet_class_names()
    return names if classes == IMAGENET_CLASSES else ("background", *names)


@contextmanager
def _needed_packages() -> Iterator[None]:
    try:
        import onnx  # noqa: F401
        import onnx2torch  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"an ONNX file needs the package {error.name or 'onnx2torch'}: this needs "
            "pip install maxgain[onnx]."
        ) from error
    yield
