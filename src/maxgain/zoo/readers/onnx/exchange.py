"""An ONNX file as an architecture: other weights under the names of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from maxgain.errors import InputError
from maxgain.zoo.checkpoints import matched_tensors
from maxgain.zoo.readers.onnx.loading import OnnxNetwork, read_onnx

if TYPE_CHECKING:
    from onnx import ModelProto


class OnnxArchitecture:
    """The network of an ONNX file, which takes the weights of checkpoints.

    Exporters keep the names of parameters, unless they fold batch normalisation into convolutions:
    then nothing in a checkpoint is what the file holds, and the names do not fit.

    Parameters
    ----------
    path
        Of the file.
    shape
        Channels, height, width of its input.

    Attributes
    ----------
    network
        With the weights of the file, later of the last checkpoint.

    Raises
    ------
    InputError
        The file is no network that can be read.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self._path, self._shape = path, shape
        self.network: OnnxNetwork = read_onnx(path, shape)[0]

    def load(self, state: Mapping[str, Tensor], checkpoint: Path) -> None:
        """Give the network the weights of a checkpoint.

        Raises
        ------
        InputError
            Names or shapes do not fit.
        """
        # The converter renames and transposes: it is given the new weights, and its result taken.
        changed = read_onnx(self._path, self._shape, lambda model: _put(model, state, checkpoint))
        self.network.load_state_dict(changed[0].state_dict())


def _put(model: "ModelProto", state: Mapping[str, Tensor], checkpoint: Path) -> None:
    from onnx import TensorProto, numpy_helper

    floating = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
    own = {
        tensor.name: tensor
        for tensor in model.graph.initializer
        if tensor.data_type in floating and tensor.dims
    }
    if not own:
        raise InputError("the ONNX file has no weights of its own, so no checkpoint is one of it.")
    # A graph has no counters of batches, which training alone uses.
    state = {n: value for n, value in state.items() if not n.endswith("num_batches_tracked")}
    wanted = {name: tuple(tensor.dims) for name, tensor in own.items()}
    for name, value in matched_tensors(state, wanted, checkpoint).items():
        dtype = numpy_helper.to_array(own[name]).dtype
        array = value.detach().cpu().float().numpy().astype(dtype)
        own[name].CopyFrom(numpy_helper.from_array(array, name))
