"""Networks of timm by their name, with the weights that timm knows."""

import math
from pathlib import Path

from maxgain.errors import InputError
from maxgain.zoo.network import PretrainedNetwork, after_mean_subtraction, mean_colour_image
from maxgain.zoo.readers.torchvision import imagenet_class_names
from maxgain.zoo.registry import Scaling


def load_timm(name: str, folder: Path, side: int | None) -> PretrainedNetwork:
    """Network of timm by its name, with the weights that timm downloads."""
    import maxgain.networks.torchvision_ops  # noqa: F401, I001 - must come before timm
    import timm

    architecture = name.removeprefix("timm:")
    if not timm.is_model_pretrained(architecture):
        similar = ", ".join(timm.list_pretrained(f"*{architecture.split('.')[0]}*")[:5])
        raise InputError(
            f"timm has no network '{architecture}' with pretrained weights; similar ones are "
            f"{similar or 'none'}."
        )
    try:
        network = timm.create_model(architecture, pretrained=True, cache_dir=folder / "timm")
    except Exception as error:  # whatever the download or the reading of weights raises
        raise InputError(
            f"the weights of '{name}' cannot be had: {str(error).strip().splitlines()[0]}"
        ) from error
    settings = timm.get_pretrained_cfg(architecture)
    assert settings is not None
    scaling = Scaling(settings.mean, settings.std)
    side = side or settings.input_size[-1]
    return PretrainedNetwork(
        name=name,
        family="user",
        network=after_mean_subtraction(network, scaling),
        average_image=mean_colour_image(scaling, side),
        interpolation="bicubic" if settings.interpolation == "bicubic" else "bilinear",
        class_names=imagenet_class_names() if settings.num_classes == 1000 else (),
        top5_error=math.nan,
        weights=f"timm {settings.tag or 'default'} weights",
    )
