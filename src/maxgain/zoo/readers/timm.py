"""Networks of timm by their name, with the weights that timm knows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import timm
from torch import nn

from maxgain.errors import InputError
from maxgain.zoo.network import GivenInput, PretrainedNetwork, pretrained_of_row
from maxgain.zoo.readers.torchvision import imagenet_class_names
from maxgain.zoo.registry import Interpolation, RegistryRow, Scaling

if TYPE_CHECKING:
    from maxgain.zoo.transfer import Transfer


IMAGENET_CLASSES = 1000


def fetch_timm(row: RegistryRow, folder: Path, transfer: "Transfer") -> None:
    """Have timm download the weights of a network.

    Raises
    ------
    InputError
        timm does not know the network, it has no classifier, or its weights cannot be had.
    """
    _network(row.source, _settings(row.source), folder)


def load_timm(row: RegistryRow, folder: Path, given: GivenInput) -> PretrainedNetwork:
    """Network of timm by its name, with the weights that timm downloads.

    Raises
    ------
    InputError
        timm does not know the network, it has no classifier, or its weights cannot be had.
    """
    settings = _settings(row.source)
    network = _network(row.source, settings, folder)
    shape = given.shape_or(tuple(settings.input_size))
    assert shape is not None
    scaling = given.scaling or Scaling(tuple(settings.mean), tuple(settings.std))
    names = imagenet_class_names() if settings.num_classes == IMAGENET_CLASSES else ()
    interpolation: Interpolation = "bicubic" if settings.interpolation == "bicubic" else "bilinear"
    return pretrained_of_row(
        RegistryRow(row.name, row.family, row.source, interpolation=interpolation),
        network,
        scaling,
        shape,
        class_names=names,
        weights=f"timm {settings.tag or 'default'} weights",
    )


def _settings(architecture: str) -> Any:  # timm's PretrainedCfg, which it does not type
    if not timm.is_model_pretrained(architecture):
        similar = ", ".join(timm.list_pretrained(f"*{architecture.split('.')[0]}*")[:5])
        raise InputError(
            f"timm has no network '{architecture}' with pretrained weights; similar ones are "
            f"{similar or 'none'}."
        )
    settings = timm.get_pretrained_cfg(architecture)
    assert settings is not None
    if not settings.num_classes or _is_embedding(architecture, settings.num_classes):
        raise InputError(
            f"timm's '{architecture}' has no classifier: it returns features, which have no "
            "winning class; name a network with one."
        )
    return settings


def _is_embedding(architecture: str, outputs: int) -> bool:
    """Whether a network's outputs are CLIP's embedding of an image, which timm counts as classes.

    Networks that began as CLIP's and were trained to classify have the 1,000 classes of ImageNet or
    the ten thousands of its larger sets; embeddings have 384 to 1,280 numbers.
    """
    return "clip" in architecture and outputs != IMAGENET_CLASSES and outputs < 2048


def _network(architecture: str, settings: Any, folder: Path) -> nn.Module:
    try:
        network: nn.Module = timm.create_model(
            architecture, pretrained=True, cache_dir=folder / "timm"
        )
    except Exception as error:  # whatever the download or the reading of weights raises
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"the weights of 'timm:{architecture}' cannot be had: {said}.") from error
    if getattr(network, "num_classes", settings.num_classes) != settings.num_classes:
        raise InputError(
            f"timm's '{architecture}' has no classifier for its {settings.num_classes} classes."
        )
    return network
