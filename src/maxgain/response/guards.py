"""What a measurement asks of network and image, and how it says what does not fit."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from maxgain.errors import InputError

_SHAPE_WORDS = re.compile(
    "shape|size|channels|dimension|elements|features|divisible|multiplied|height|width|resolution"
    r"|expected \d",
    re.IGNORECASE,
)
"""Words by which torch and networks complain of an image's shape."""

_DEVICE_WORDS = re.compile("same device|should be the same|not on the expected device")
"""Words by which torch complains of tensors on two devices."""


@contextmanager
def refusals_named(image: Tensor, stage: str = "forward pass") -> Iterator[None]:
    """Turn whatever a network raises into one sentence that says what failed where."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # A user's network may raise anything.
        said = f"{(str(error).strip() or type(error).__name__).splitlines()[0].rstrip('.')}."
        shape = tuple(image.shape)
        if "use_reentrant=True" in said:
            raise InputError(
                "the network checkpoints with use_reentrant=True, through which torch gives no "
                "derivative by the image; use_reentrant=False does."
            ) from error
        if _DEVICE_WORDS.search(said):
            raise InputError(
                "the network lies on several devices and its forward pass does not move what one "
                f"part hands to the next (the image came on {image.device}, where the network's "
                f"first parameter is): {said}"
            ) from error
        if stage == "forward pass" and _SHAPE_WORDS.search(said):
            refused = f"the network does not accept an image of shape {shape}: {said}"
            raise InputError(refused) from error
        raise InputError(
            f"the network's {stage} fails in {str(image.dtype).removeprefix('torch.')} on "
            f"{image.device}, at an image of shape {shape}: {type(error).__name__}: {said}"
        ) from error


def checked_image(image: object) -> None:
    """Raise InputError unless an image is a finite real tensor (channels, height, width)."""
    if not isinstance(image, Tensor):
        raise InputError(
            f"image is a {_type_name(image)}; it must be a torch.Tensor of 0-255 pixels "
            "(channels, height, width)."
        )
    if image.ndim != 3:
        raise InputError(
            f"image has the shape {tuple(image.shape)}; it must be (channels, height, width)."
        )
    if _holds_no_values(image) or image.layout != torch.strided or image.is_quantized:
        raise InputError(
            f"image is a {type(image).__name__} of layout {image.layout} on {image.device}; it "
            "must hold its values, dense and not quantised."
        )
    if image.is_complex() or image.numel() == 0:
        raise InputError(
            f"image has the dtype {image.dtype} and {image.numel()} values; it must hold real "
            "0-255 pixels."
        )
    if not image.to(torch.float64).isfinite().all():
        raise InputError("image holds values that are NaN or infinite; all must be finite.")


def checked_network(network: object) -> nn.Module:
    """The module to be measured: unwrapped from what only distributes or compiles it.

    Raises
    ------
    InputError
        It is no module, or its weights hold no values.
    """
    if not isinstance(network, nn.Module):
        raise InputError(f"network is a {_type_name(network)}; it must be a torch.nn.Module.")
    network = unwrapped(network)[0]
    for name, value in chain(network.named_parameters(), network.named_buffers()):
        if is_lazy(value):
            raise InputError(
                f"the network's '{name}' has no shape yet; call the network on a batch once."
            )
        if _holds_no_values(value):
            raise InputError(
                f"the network's '{name}' is a {type(value).__name__} on {value.device} without "
                "values; load the weights on a real device first."
            )
    return network


def unwrapped(network: nn.Module) -> tuple[nn.Module, str]:
    """The network inside what only distributes or compiles it, and that wrapper's prefix of names.

    Distributed wrappers prepare for a backward pass that a measurement does not make.
    """
    prefix = ""
    while True:
        if isinstance(network, nn.DataParallel | nn.parallel.DistributedDataParallel):
            attribute = "module"
        elif isinstance(getattr(network, "_orig_mod", None), nn.Module):
            attribute = "_orig_mod"
        else:
            return network, prefix
        network, prefix = getattr(network, attribute), f"{prefix}{attribute}."


def pixels_for(network: nn.Module, image: Tensor) -> Tensor:
    """A copy of the image where the network is, in float32; in float64 for a float64 network."""
    for value in chain(network.parameters(), network.buffers()):
        if value.is_floating_point():
            dtype = torch.promote_types(value.dtype, torch.float32)
            return image.detach().to(value.device, dtype).clone()
    return image.detach().to(torch.promote_types(image.dtype, torch.float32)).clone()


def differentiable_state(
    network: nn.Module, least: torch.dtype = torch.float32
) -> dict[str, Tensor]:
    """Stand-ins for parameters and buffers that cannot be used as they are.

    What is less precise than `least` in that type, and copies of what was made in inference mode.

    Raises
    ------
    InputError
        There are some, and the network is TorchScript, whose state cannot be replaced.
    """
    replaced = {}
    for name, value in chain(network.named_parameters(), network.named_buffers()):
        if value.is_floating_point() and value.dtype.itemsize < least.itemsize:
            replaced[name] = value.detach().to(least)
        elif value.is_inference():
            replaced[name] = value.clone()
    if replaced and isinstance(network, torch.jit.ScriptModule):
        raise InputError(
            f"the network is TorchScript and holds '{next(iter(replaced))}' in half precision or "
            "from inference mode; measure it in float32, loaded outside that mode."
        )
    return replaced


def diverged_names(network: nn.Module) -> list[str]:
    """Names of the parameters, and of the statistics of normalisation, that must be finite.

    Other buffers may hold infinities, as masks do.
    """
    names = [name for name, _ in network.named_parameters()]
    for name, _ in network.named_buffers():
        if name.rpartition(".")[2] in ("running_mean", "running_var"):
            names.append(name)
    return names


def is_finite(value: Tensor) -> bool:
    """Whether all numbers are; whole numbers and masks always are."""
    numbers = value.is_floating_point() or value.is_complex()
    return not numbers or bool(value.detach().isfinite().all())


def has_diverged(network: nn.Module) -> bool:
    """Whether a weight or a statistic is NaN or infinite; a ReLU can hide it from the output."""
    state = dict(chain(network.named_parameters(), network.named_buffers()))
    values = (state[name] for name in diverged_names(network))
    return not all(is_finite(value) for value in values)


def _holds_no_values(value: Tensor) -> bool:
    fake = any(kind.__name__ == "FakeTensor" for kind in type(value).__mro__)
    return fake or value.is_meta


def _type_name(thing: object) -> str:
    kind = type(thing)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
