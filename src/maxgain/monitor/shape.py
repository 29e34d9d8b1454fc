"""The shape of the images that a network says it takes."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from maxgain.errors import InputError

Shape = tuple[int, int, int]
"""Channels, height, width."""


def image_shape(network: nn.Module) -> Shape:
    """Shape that a network, or the first of its parts that knows one, declares.

    timm's networks have `pretrained_cfg` (older: `default_cfg`) with `input_size`; those of
    Hugging Face have `config` with `image_size` and `num_channels`. torchvision's networks carry
    none: their weights do, and ask for it as `shape=`.

    Raises
    ------
    InputError
        No part declares one.
    """
    for module in network.modules():
        for name in ("pretrained_cfg", "default_cfg"):
            if shape := _timm_shape(getattr(module, name, None)):
                return shape
        if shape := _hugging_face_shape(getattr(module, "config", None)):
            return shape
    raise InputError(
        f"the network {type(network).__name__} does not say which images it takes; give "
        "shape=(channels, height, width)."
    )


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
