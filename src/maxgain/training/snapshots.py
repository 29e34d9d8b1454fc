"""The snapshots of a run: the weights after every epoch, stacked in one safetensors file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import torch
from jaxtyping import Float, Shaped
from pydantic import BaseModel, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.networks.building import construct_network
from maxgain.networks.registry import NETWORKS


@dataclass(frozen=True)
class Architecture:
    """What rebuilds the network that the snapshots belong to.

    Attributes
    ----------
    name
        As `maxgain.networks.registry.NETWORKS` finds it.
    shape
        Of an image: channels, height, width.
    """

    name: str
    shape: tuple[int, int, int]
    classes: int
    capacity: float


@dataclass(frozen=True)
class Snapshots:
    """All snapshots of a run and the image statistics that a measurement may need.

    Attributes
    ----------
    parameters
        Every entry of the network's state dict, buffers too, as they are: counters are integers.
    mean_image
        Of the training images before preprocessing, in 0-255 pixels.
    pixel_scale
        By what each channel's mean-subtracted 0-255 pixels were divided; None: by nothing.
    """

    architecture: Architecture
    parameters: dict[str, Shaped[Tensor, "epochs *parameter"]]
    mean_image: Float[Tensor, "channels height width"]
    pixel_scale: Float[Tensor, "channels"] | None = None


_FORMAT = 2
"""1, of version 0.1.0, had the columns of LeNet's matrix products in another order."""

_MEAN_IMAGE = "mean_image"
_PIXEL_SCALE = "pixel_scale"
_PARAMETER = "parameters."


def write_snapshots(
    path: Path,
    architecture: Architecture,
    epochs: Sequence[Mapping[str, Tensor]],
    mean_image: Float[Tensor, "channels height width"],
    pixel_scale: Float[Tensor, "channels"] | None = None,
) -> None:
    """Stack the state dicts of all epochs into one file, first dimension the epoch."""
    tensors = {
        _PARAMETER + name: torch.stack([state[name] for state in epochs]).contiguous()
        for name in epochs[0]
    }
    tensors[_MEAN_IMAGE] = mean_image.contiguous()
    if pixel_scale is not None:
        tensors[_PIXEL_SCALE] = pixel_scale.contiguous()
    # One entry, as safetensors writes several in no fixed order.
    about = asdict(architecture) | {"format": _FORMAT, "sha256": _checksum(tensors)}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, {"architecture": json.dumps(about)})


def read_snapshots(path: Path) -> Snapshots:
    """Read what `write_snapshots` wrote; the file is memory-mapped.

    Raises
    ------
    InputError
        The file is missing, damaged or not a file of snapshots of its architecture.
    """
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {})["architecture"]
            about = _About.model_validate_json(text)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; a file of snapshots is needed.") from error
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(str(part) for part in first['loc']) or 'architecture'}: {first['msg']}"
        raise _refusal(path, reason) from error
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise _refusal(path, str(error)) from error
    if about.format != _FORMAT:
        raise InputError(
            f"{path} has format {about.format} of snapshots, and this version of maxgain reads "
            f"only {_FORMAT}; train the run again."
        )
    architecture = Architecture(about.name, about.shape, about.classes, about.capacity)
    _check_tensors(path, architecture, tensors)
    if about.sha256 != _checksum(tensors):
        raise _refusal(path, "its checksum is another")
    mean_image, pixel_scale = tensors.pop(_MEAN_IMAGE), tensors.pop(_PIXEL_SCALE, None)
    parameters = {name.removeprefix(_PARAMETER): values for name, values in tensors.items()}
    return Snapshots(architecture, parameters, mean_image, pixel_scale)


_Size = Annotated[int, Field(gt=0, lt=2**31)]


class _About(BaseModel, extra="forbid", strict=True):
    """The metadata of a file of snapshots."""

    name: str
    shape: tuple[_Size, _Size, _Size]
    classes: _Size
    capacity: float
    format: int = 1
    sha256: str | None = None  # Files of version 0.1.0 may lack it.


def _refusal(path: Path, reason: str) -> InputError:
    return InputError(f"{path} is not a file of snapshots, or it is damaged: {reason}.")


def _check_tensors(path: Path, architecture: Architecture, tensors: Mapping[str, Tensor]) -> None:
    """Check names, types and shapes, before a network of a declared size takes any memory."""
    mean_image = tensors.get(_MEAN_IMAGE)
    scale = tensors.get(_PIXEL_SCALE)
    states = {name: x for name, x in tensors.items() if name.startswith(_PARAMETER)}
    epochs = next((len(x) for x in states.values() if x.ndim), 0)
    if (
        mean_image is None
        or tuple(mean_image.shape) != architecture.shape
        or epochs == 0
        or not tensors.keys() <= {*states, _MEAN_IMAGE, _PIXEL_SCALE}
        or any(x.ndim == 0 or len(x) != epochs for x in states.values())
        or not _belong_to(path, architecture, states)
    ):
        raise _refusal(
            path,
            f"its tensors are not those of {architecture.name}, capacity {architecture.capacity:g}",
        )
    # Weights may be NaN, as those of a run that diverged.
    if mean_image.dtype != torch.float32 or not mean_image.isfinite().all():
        raise _refusal(path, "its mean image is not finite or not of the type float32")
    if scale is not None and (scale.shape != mean_image.shape[:1] or not (scale > 0).all()):
        raise _refusal(path, "its pixel scale is not one positive number a channel")


def _belong_to(path: Path, made: Architecture, states: Mapping[str, Tensor]) -> bool:
    """Whether tensors are those of an architecture.

    What a file names is not run: a user's function or another library's network is built, and
    compared, where the snapshots are measured.
    """
    if made.name not in NETWORKS.names():
        return True
    try:
        with torch.device("meta"):
            network = construct_network(made.name, made.shape, made.classes, made.capacity)
    except (RuntimeError, OverflowError) as error:  # Sizes beyond any tensor's.
        raise _refusal(path, f"no network has the sizes {made.shape}, {made.classes}") from error
    except InputError as error:
        raise _refusal(path, str(error).removesuffix(".")) from error
    own = {_PARAMETER + name: _form(value) for name, value in network.state_dict().items()}
    return own == {name: _form(values[0]) for name, values in states.items()}


def _form(tensor: Tensor) -> tuple[torch.Size, torch.dtype]:
    return tensor.shape, tensor.dtype


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        # Bytes, as NumPy knows not every type.
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
