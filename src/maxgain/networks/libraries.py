"""Architectures of timm and torchvision with random initial values, for images of any channels."""

from typing import Any

import torch
from torch import nn

import maxgain.networks.torchvision_ops  # noqa: F401 - must come before timm and torchvision
from maxgain.errors import InputError

_NO_SIDE_OUTPUTS = {"aux_logits": False, "init_weights": False}
"""Logits alone also in training, and none of an initialisation that takes half a minute."""

_TORCHVISION_OPTIONS: dict[str, dict[str, bool]] = {
    "googlenet": _NO_SIDE_OUTPUTS,
    "inception_v3": _NO_SIDE_OUTPUTS,
}


def timm_network(name: str, channels: int, height: int, width: int, classes: int) -> nn.Module:
    """Network of timm by its name, with timm's own random initial values.

    Raises
    ------
    InputError
        timm has no such network, or cannot build it for these images.
    """
    import timm

    if not timm.is_model(name):
        similar = ", ".join(timm.list_models(f"*{name.split('.')[0]}*")[:5])
        raise InputError(f"timm has no network '{name}'; similar ones are {similar or 'none'}.")
    options: dict[str, Any] = {}
    settings = timm.get_pretrained_cfg(name)
    if settings is not None and settings.fixed_input_size:
        options["img_size"] = (height, width)
    try:
        network: nn.Module = timm.create_model(
            name, pretrained=False, in_chans=channels, num_classes=classes, **options
        )
    except Exception as error:  # Whatever one of a thousand architectures raises.
        raise _refusal("timm", name, channels, height, width, error) from error
    return network


def torchvision_network(
    name: str, channels: int, height: int, width: int, classes: int
) -> nn.Module:
    """Classification network of torchvision by its name, with torchvision's random initial values.

    Where images have not 3 channels, the first convolution is made anew for them.

    Raises
    ------
    InputError
        torchvision has no such network, or cannot build it for these images.
    """
    import torchvision.models

    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        similar = [other for other in known if name[:4] in other][:5]
        raise InputError(
            f"torchvision has no classification network '{name}'; similar ones are "
            f"{', '.join(similar) or 'none'}."
        )
    options = _TORCHVISION_OPTIONS.get(name, {})
    try:
        network: nn.Module = torchvision.models.get_model(
            name, weights=None, num_classes=classes, **options
        )
    except Exception as error:
        raise _refusal("torchvision", name, channels, height, width, error) from error
    if channels != 3:
        _replace_first_convolution(network, name, channels)
    return network


def _replace_first_convolution(network: nn.Module, name: str, channels: int) -> None:
    found = next(
        ((path, m) for path, m in network.named_modules() if isinstance(m, nn.Conv2d)), None
    )
    if found is None or found[1].in_channels != 3 or found[1].groups != 1:
        raise InputError(f"images have {channels} channels; 'torchvision:{name}' takes 3.")
    path, old = found
    parent, _, child = path.rpartition(".")
    new = nn.Conv2d(
        channels,
        old.out_channels,
        old.kernel_size,  # type: ignore[arg-type]
        old.stride,  # type: ignore[arg-type]
        old.padding,  # type: ignore[arg-type]
        old.dilation,  # type: ignore[arg-type]
        bias=old.bias is not None,
        padding_mode=old.padding_mode,
    )
    with torch.no_grad():  # The spread that the network's author chose.
        new.weight.normal_(0.0, float(old.weight.std()) * (3 / channels) ** 0.5)
    setattr(network.get_submodule(parent), child, new)


def _refusal(
    library: str, name: str, channels: int, height: int, width: int, error: Exception
) -> InputError:
    said = (str(error).strip() or type(error).__name__).splitlines()[0].removesuffix(".")
    return InputError(
        f"{library}'s network '{name}' cannot be built for images of {channels} x {height} x "
        f"{width} (channels, height, width): {said}."
    )
