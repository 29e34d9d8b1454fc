"""The graph that runs a network made of MatConvNet's layers."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from maxgain.zoo.readers.matconvnet.layers import Layer


@dataclass(frozen=True)
class Step:
    """One step of a graph: a layer, the variables it reads and the one it writes."""

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    output: str


class LayerGraph(nn.Module):
    """A network of layers that read and write named variables, run in the order given.

    Parameters
    ----------
    steps
        Ordered so that a variable is written before it is read.
    input_name, output_name
        Variables that hold the image and the logits.
    """

    def __init__(self, steps: Sequence[Step], input_name: str, output_name: str) -> None:
        super().__init__()
        self.layers = nn.ModuleList(step.layer for step in steps)
        self.input_name, self.output_name = input_name, output_name
        self._wiring = [(step.inputs, step.output) for step in steps]
        last_use = {name: i for i, step in enumerate(steps) for name in step.inputs}
        self._no_longer_read: list[list[str]] = [[] for _ in steps]
        for name, i in last_use.items():
            if name != output_name:
                self._no_longer_read[i].append(name)

    def forward(
        self, image: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch classes"]:
        """Logits of a batch."""
        variables = {self.input_name: image}
        for layer, (inputs, output), finished in zip(
            self.layers, self._wiring, self._no_longer_read, strict=True
        ):
            variables[output] = layer(*(variables[name] for name in inputs))
            for name in finished:
                del variables[name]
        return variables[self.output_name].flatten(1)
