"""The snapshots of a run: the weights after every epoch, stacked in one safetensors file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import torch
from jaxtyping import Float
from pydantic import BaseModel, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path
from maxgain.networks.recipes import build_network


@dataclass(frozen=True)
class Architecture:
    """What rebuilds the network that the snapshots belong to.

    Attributes
    ----------
    name
        One of `maxgain.networks.recipes.RECIPES`.
    shape
        Of an image: channels, height, width.
    """

    name: str
    shape: tuple[int, int, int]
    classes: int
    capacity: float


@dataclass(frozen=True)
class Snapshots:
    """All snapshots of a run and the image statistics that a measurement may need."""

    architecture: Architecture
    parameters: dict[str, Float[Tensor, "epochs *parameter"]]
    mean_image: Float[Tensor, "channels height width"]


_FORMAT = 2
"""1, of version 0.1.0, had the columns of LeNet's matrix products in another order."""


_MEAN_IMAGE = "mean_image"


_PARAMETER = "parameters."


def write_snapshots(
    path: Path,
    architecture: Architecture,
    epochs: Sequence[Mapping[str, Tensor]],
    mean_image: Float[Tensor, "channels height width"],
) -> None:
    """Stack the state dicts of all epochs into one file, first dimension the epoch."""
    tensors = {
        _PARAMETER + name: torch.stack([state[name] for state in epochs]).contiguous()
        for name in epochs[0]
    }
    tensors[_MEAN_IMAGE] = mean_image.contiguous()
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
    mean_image = tensors.pop(_MEAN_IMAGE)
    parameters = {name.removeprefix(_PARAMETER): values for name, values in tensors.items()}
    return Snapshots(architecture, parameters, mean_image)


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
    made = architecture
    try:
        with torch.device("meta"):
            network = build_network(made.name, made.shape, made.classes, made.capacity)
    except (RuntimeError, OverflowError) as error:  # Sizes beyond any tensor's.
        raise _refusal(path, f"no network has the sizes {made.shape}, {made.classes}") from error
    except InputError as error:
        raise _refusal(path, str(error).removesuffix(".")) from error
    own = network.state_dict()
    epochs = next((len(x) for name, x in tensors.items() if name != _MEAN_IMAGE and x.ndim), 0)
    expected = {_PARAMETER + name: (epochs, *value.shape) for name, value in own.items()}
    expected[_MEAN_IMAGE] = made.shape
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if epochs == 0 or found != expected:
        raise _refusal(
            path, f"its tensors are not those of {made.name}, capacity {made.capacity:g}"
        )
    if any(tensor.dtype != torch.float32 for tensor in tensors.values()):
        raise _refusal(path, "its tensors are not of the type float32")
    # Weights may be NaN, as those of a run that diverged.
    if not tensors[_MEAN_IMAGE].isfinite().all():
        raise _refusal(path, "its mean image is not finite")


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().data)
    return digest.hexdigest()
