"""The snapshots of a run: the weights after every epoch, stacked in one safetensors file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from maxgain.atomic import atomic_path
from maxgain.errors import InputError


@dataclass(frozen=True)
class Architecture:
    """What rebuilds the network that the snapshots belong to.

    Attributes
    ----------
    name
        One of `maxgain.models.RECIPES`.
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
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, {"architecture": json.dumps(asdict(architecture))})


def read_snapshots(path: Path) -> Snapshots:
    """Read what `write_snapshots` wrote; the file is memory-mapped.

    Raises
    ------
    InputError
        The file is missing, damaged or not a file of snapshots.
    """
    try:
        with safe_open(path, framework="pt") as file:
            fields = json.loads((file.metadata() or {})["architecture"])
            fields["shape"] = tuple(fields["shape"])
            architecture = Architecture(**fields)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        mean_image = tensors.pop(_MEAN_IMAGE)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; a file of snapshots is needed.") from error
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise InputError(
            f"{path} is not a file of snapshots, or it is damaged: {error}."
        ) from error
    parameters = {name.removeprefix(_PARAMETER): values for name, values in tensors.items()}
    return Snapshots(architecture, parameters, mean_image)
