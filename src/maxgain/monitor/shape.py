"""The shape of the images that a network says it takes."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from maxgain.errors import InputError

Shape = tuple[int, int, int]
"""Channels, height, width."""


def image_shape(network: nn.Module) -> Shape:
    """Shape that a network, or the first of its parts that knows one, declares.

    timm's networks have `pretrained_cfg` (older: `default_cfg`) with `input_size`, and where they
    were built for others, the channels of their first convolution and the size of their patches'
    grid; those of Hugging Face have `config` with `image_size` and `num_channels`. torchvision's
    networks carry none: their weights do, see `shape_of_weights`.

    Raises
    ------
    InputError
        No part declares one.
    """
    for module in network.modules():
        for name in ("pretrained_cfg", "default_cfg"):
            if shape := _timm_shape(getattr(module, name, None)):
                return _as_built(module, getattr(module, name), shape)
        if shape := _hugging_face_shape(getattr(module, "config", None)):
            return shape
    raise InputError(
        f"the network {type(network).__name__} does not say which images it takes; give "
        "shape=(channels, height, width)."
    )


def shape_of_weights(weights: Any) -> Shape:  # torchvision, an extra, has their types
    """Shape of the images that weights of torchvision are for: what their transforms crop to.

    Raises
    ------
    InputError
        They are no weights of an image classifier of torchvision.

    Examples
    --------
    >>> import maxgain
    >>> from torchvision.models import ResNet18_Weights
    >>> shape_of_weights(ResNet18_Weights.IMAGENET1K_V1)
    (3, 224, 224)
    """
    transforms = getattr(weights, "transforms", None)
    applied = transforms() if callable(transforms) else None
    crop, mean = getattr(applied, "crop_size", None), getattr(applied, "mean", None)
    if not isinstance(crop, list) or not crop or not isinstance(mean, list | tuple):
        raise InputError(
            f"weights is {weights}, which does not say which images it is for; it must be weights "
            "of torchvision for classifying images, as ResNet18_Weights.IMAGENET1K_V1."
        )
    return checked_shape((len(mean), crop[0], crop[-1]))


def shape_of_processor(processor: Any, channels: int) -> Shape | None:
    """Shape of the images that an image processor of Hugging Face makes; None where it says none.

    Parameters
    ----------
    channels
        Of the images, which no processor says.
    """
    cropped = getattr(processor, "do_center_crop", False)
    size = _entry(processor, "crop_size" if cropped else "size")
    height, width = (_entry(size, name) if size else None for name in ("height", "width"))
    if not isinstance(height, int) or not isinstance(width, int):
        return None  # the shorter side alone, which leaves the shape to each image
    return checked_shape((channels, height, width))


def checked_shape(shape: object) -> Shape:
    """Raise InputError unless a shape is three positive whole numbers."""
    sizes = tuple(shape) if isinstance(shape, tuple | list) else ()
    if len(sizes) != 3 or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise InputError(
            f"shape is {shape}; it must be three positive whole numbers: channels, height, width."
        )
    return (sizes[0], sizes[1], sizes[2])


def _entry(settings: Any, name: str) -> Any:  # settings are mappings or objects, as libraries like
    return settings.get(name) if isinstance(settings, Mapping) else getattr(settings, name, None)


def _timm_shape(settings: Any) -> Shape | None:
    size = None if settings is None else _entry(settings, "input_size")
    return checked_shape(size) if isinstance(size, tuple | list) and len(size) == 3 else None


def _as_built(network: nn.Module, settings: Any, declared: Shape) -> Shape:
    """A declared shape, corrected by what timm's network was built with: `in_chans`, `img_size`.

    timm leaves the settings as those of the pretrained weights.
    """
    channels, height, width = declared
    first = _entry(settings, "first_conv")
    name = first if isinstance(first, str) else ""
    modules = dict(network.named_modules())
    if name and isinstance(modules.get(name), nn.Conv2d):
        channels = modules[name].in_channels
    size = getattr(getattr(network, "patch_embed", None), "img_size", None)
    if isinstance(size, tuple) and len(size) == 2:
        height, width = size
    return checked_shape((channels, height, width))


def _hugging_face_shape(settings: Any) -> Shape | None:
    if settings is None:
        return None
    size, channels = _entry(settings, "image_size"), _entry(settings, "num_channels")
    if isinstance(size, Mapping):
        size = (size.get("height"), size.get("width"))
    if isinstance(size, int):
        size = (size, size)
    if not isinstance(size, tuple | list) or len(size) != 2:
        return None
    return checked_shape((3 if channels is None else channels, *size))
