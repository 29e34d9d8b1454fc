"""Write and read a prepared data set: one safetensors file that training and measuring map."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float32, Int64, UInt8
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from maxgain.data.images import DataSet
from maxgain.data.label_noise import LabelNoise
from maxgain.data.registry import PREPROCESSINGS
from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path

_TENSORS = (
    "training_images",
    "training_labels",
    "validation_images",
    "validation_labels",
    "mean_image",
    "pixel_scale",
)


@dataclass(frozen=True)
class PreparedData:
    """Preprocessed images with what is known of their origin.

    Attributes
    ----------
    training_images, validation_images
        Preprocessed, in units of `pixel_scale` 0-255 pixels, channels last, which is the order that
        training reads them in.
    training_labels, validation_labels
        Index of each image's class in `classes`.
    mean_image
        What preprocessing subtracts, 0-255.
    dataset
        Name of the data set in the configuration.
    label
        What titles and tables call the data.
    stand_in
        Whether the data stands in for another data set.
    classes
        Names of the classes.
    source
        Where the data came from: "official", "local" or "embedded".
    preprocessing
        Name in the registry of preprocessings.
    checksums
        SHA-256 of the official files read, and of the chosen images before preprocessing, those
        for statistics included where they are others.
    label_noise
        Noise that is in the training labels.
    pixel_scale
        0-255 pixels that one unit of a channel stands for; None: one pixel.
    """

    training_images: Float32[Tensor, "training height width channels"]
    training_labels: Int64[Tensor, "training"]
    validation_images: Float32[Tensor, "validation height width channels"]
    validation_labels: Int64[Tensor, "validation"]
    mean_image: Float32[Tensor, "channels height width"]
    dataset: str
    label: str
    stand_in: bool
    classes: tuple[str, ...]
    source: str
    preprocessing: str
    checksums: Mapping[str, str]
    label_noise: LabelNoise | None = None
    pixel_scale: Float32[Tensor, "channels"] | None = None

    @property
    def number_of_classes(self) -> int:
        """How many classes there are."""
        return len(self.classes)


def prepare_data(
    data: DataSet,
    preprocessing: str,
    *,
    dataset: str,
    source: str,
    label_noise: LabelNoise | None = None,
) -> PreparedData:
    """Preprocess a data set, and note where it comes from.

    Parameters
    ----------
    preprocessing
        Name in the registry of preprocessings.
    dataset, source, label_noise
        To be noted; the noise is in the labels already.

    Raises
    ------
    InputError
        The preprocessing is unknown, or the images cannot be preprocessed so.
    """
    images = PREPROCESSINGS.load(preprocessing)(data)
    checksums = dict(data.checksums)
    for name, part in (("training", data.training), ("validation", data.validation)):
        checksums[name] = _checksum(part.images, part.labels)
    if data.statistics is not None:
        checksums["statistics"] = _checksum(data.statistics)
    return PreparedData(
        training_images=images.training.permute(0, 2, 3, 1),
        training_labels=data.training.labels,
        validation_images=images.validation.permute(0, 2, 3, 1),
        validation_labels=data.validation.labels,
        mean_image=images.mean_image,
        dataset=dataset,
        label=data.label,
        stand_in=data.stand_in,
        classes=data.training.classes,
        source=source,
        preprocessing=preprocessing,
        checksums=checksums,
        label_noise=label_noise,
        pixel_scale=images.pixel_scale,
    )


def write_prepared(path: Path, data: PreparedData) -> None:
    """Write a prepared data set; equal data makes equal bytes.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    about = {
        "version": 3,
        "dataset": data.dataset,
        "label": data.label,
        "stand_in": data.stand_in,
        "classes": list(data.classes),
        "source": data.source,
        "preprocessing": data.preprocessing,
        "checksums": dict(data.checksums),
        "shape": list(data.mean_image.shape),
        "label_noise": asdict(data.label_noise) if data.label_noise else None,
    }
    tensors = {name: tensor for name in _TENSORS if (tensor := getattr(data, name)) is not None}
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    # One entry, as safetensors writes several in no fixed order.
    metadata = {"maxgain": json.dumps(about, sort_keys=True)}
    with atomic_path(path) as temporary:
        try:
            save_file(tensors, temporary, metadata)
        except SafetensorError as error:  # No OSError, even where the disk is full.
            raise InputError(f"{path} cannot be written: {error}.") from error


def load_prepared(path: Path) -> PreparedData:
    """Map a prepared data set into memory, where all jobs that read it share it.

    Raises
    ------
    InputError
        The file is missing or not one that :func:`write_prepared` wrote: broken, other tensors,
        shapes or types, labels without a class, or pixels that are not finite.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; make it with `maxgain pipeline prepare`.")
    try:
        with safe_open(path, framework="pt") as file:
            about = _parse_about(path, (file.metadata() or {}).get("maxgain"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is no prepared data set: {error}.") from error
    _check_tensors(path, tensors, len(about["classes"]), about.pop("shape"))
    return PreparedData(**tensors, **about)


class _About(BaseModel, extra="forbid", strict=True):
    """The metadata of a prepared data set."""

    version: Literal[3]
    dataset: str
    label: str
    stand_in: bool
    classes: list[str]
    source: str
    preprocessing: str
    checksums: dict[str, str]
    shape: list[int]
    """Channels, height and width of an image, for whoever reads the metadata alone."""

    label_noise: LabelNoise | None


def _checksum(images: UInt8[Tensor, "..."], *others: Tensor) -> str:
    """SHA-256 of the images' shape and of all values."""
    digest = hashlib.sha256(str(tuple(images.shape)).encode())
    for tensor in (images, *others):
        digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()


def _parse_about(path: Path, text: str | None) -> dict[str, Any]:
    if text is None:
        raise InputError(f"{path} is no prepared data set: it has no metadata named maxgain.")
    try:
        parsed = _About.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "metadata"
        raise InputError(
            f"{path} is no prepared data set: {key}: {first['msg']}; make it again with "
            "`maxgain pipeline prepare`."
        ) from error
    except InputError as error:
        raise InputError(f"{path} is no prepared data set: {error}") from error
    about = {name: getattr(parsed, name) for name in _About.model_fields if name != "version"}
    return about | {"classes": tuple(parsed.classes), "shape": tuple(parsed.shape)}


def _check_tensors(
    path: Path, tensors: Mapping[str, Tensor], classes: int, declared: tuple[int, ...]
) -> None:
    if {*tensors, "pixel_scale"} != set(_TENSORS):
        raise InputError(
            f"{path} has the tensors {', '.join(sorted(tensors))}; a prepared data set has "
            f"{', '.join(_TENSORS)}."
        )
    size = tensors["mean_image"].shape
    if tuple(size) != declared:
        raise InputError(
            f"{path}: mean_image has the shape {tuple(size)}; the metadata say {declared}."
        )
    order = (*size[1:], *size[:1])
    for split in ("training", "validation"):
        images, labels = tensors[f"{split}_images"], tensors[f"{split}_labels"]
        if images.ndim != 4 or images.numel() == 0 or images.shape[1:] != order:
            raise InputError(
                f"{path}: {split}_images has the shape {tuple(images.shape)}; allowed is (count, "
                f"height, width, channels) with the channels, height and width {tuple(size)} of "
                "mean_image."
            )
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            raise InputError(
                f"{path}: {split}_labels is {labels.dtype} of shape {tuple(labels.shape)}; allowed "
                f"is one torch.int64 label for each of {len(images)} images."
            )
        if int(labels.min()) < 0 or int(labels.max()) >= classes:
            raise InputError(
                f"{path}: {split}_labels range from {int(labels.min())} to {int(labels.max())}; "
                f"allowed are 0 to {classes - 1}."
            )
    scale = tensors.get("pixel_scale")
    if scale is not None and (scale.shape != size[:1] or not bool((scale > 0).all())):
        raise InputError(
            f"{path}: pixel_scale is {scale.tolist()}; allowed is a positive number for each of "
            f"{size[0]} channels."
        )
    for name in sorted(set(tensors) - {"training_labels", "validation_labels"}):
        tensor = tensors[name]
        if tensor.dtype != torch.float32 or not _is_finite(tensor):
            raise InputError(
                f"{path}: {name} is {tensor.dtype} or has pixels that are not finite; allowed are "
                "finite torch.float32 pixels."
            )


def _is_finite(tensor: Float32[Tensor, "*shape"]) -> bool:
    # Both extremes are NaN where any pixel is; thirty times faster than to ask each pixel.
    return all(bool(extreme.isfinite()) for extreme in tensor.aminmax())
