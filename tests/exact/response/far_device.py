"""A second device where there is none: tensors that refuse to be mixed with others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only

FAR = torch.device("meta")
"""The name that the second device goes by: torch has no values there, so it is free."""


class Far(Tensor):
    """A tensor that says it is on the second device; its values are on the CPU."""

    values: Tensor

    @staticmethod
    def __new__(cls, values: Tensor) -> "Far":
        made: Far = Tensor._make_wrapper_subclass(
            cls, values.shape, strides=values.stride(), dtype=values.dtype, device=FAR
        )
        made.values = values.detach()
        return made

    @property
    def is_meta(self) -> bool:  # type: ignore[override]
        """It does hold values."""
        return False

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _run(operation, args, kwargs or {})


def _values(things: Any) -> Any:
    return tree_map_only(Far, lambda far: far.values, things)


def _run(operation: Any, args: Any, kwargs: Any) -> Any:
    tensors = [thing for thing in tree_flatten((args, kwargs))[0] if isinstance(thing, Tensor)]
    far = any(isinstance(tensor, Far) for tensor in tensors)
    name = operation.overloadpacket.__name__
    # As on real devices, copies move values and numbers without dimensions mix with everything.
    near = any(not isinstance(tensor, Far) and tensor.ndim for tensor in tensors)
    if far and near and name not in ("_to_copy", "copy_"):
        raise RuntimeError("Expected all tensors to be on the same device, but found two devices!")
    if kwargs.get("device") is not None:
        far = torch.device(kwargs["device"]) == FAR
        kwargs = {**kwargs, "device": torch.device("cpu")}
    result = operation(*_values(args), **_values(kwargs))
    if name.endswith("_") and operation._schema.is_mutable:
        return args[0]
    return tree_map_only(Tensor, Far, result) if far else result


class _Moves(TorchDispatchMode):
    def __torch_dispatch__(  # type: ignore[override]
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _run(operation, args, kwargs or {})


@contextmanager
def second_device() -> Iterator[None]:
    """Within it `.to(FAR)` moves a tensor there, and `.to("cpu")` back."""
    with _Moves():
        yield


def move(module: nn.Module) -> None:
    """Take a module's parameters and buffers to the second device."""
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            setattr(part, name, nn.Parameter(Far(parameter.detach())))
        for name, buffer in list(part.named_buffers(recurse=False)):
            part.register_buffer(name, Far(buffer))
