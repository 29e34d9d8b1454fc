"""The training twin of a network: the same parameters, and faster layers where a pattern fits.

`torch.fx` was weighed to see through any `forward`: it fails on control flow, and a traced network
no longer holds the modules of the user. Here the structure is what `nn.Sequential` shows; a
convolution anywhere else is replaced on its own.
"""

import copy
from collections.abc import Iterator

import torch
from torch import nn

_WINOGRAD_CHANNELS = 20
"""Channels and filters from which on Winograd's algorithm pays for its transforms."""


def accelerate(network: nn.Module) -> nn.Module:
    """Twin of a network that takes the fast way on a CPU, in float32 or bf16 autocast.

    The twin computes the same sums in another order. It shares every parameter, every buffer and
    every module without a faster form, so that to train it is to train the network. Two patterns
    have one: a `Conv2d` of stride 1 with 5 x 5 filters and at least 20 channels and filters, with
    the ReLU that follows it; and a `Conv2d` followed by a `MaxPool2d` of 3 x 3 pixels and a ReLU.
    What follows is known inside an `nn.Sequential` alone.

    Not for measurements of the transfer function: these are taken of the layers as they are
    defined, and `torch.func` cannot batch the fast way.

    Parameters
    ----------
    network
        Any; it stays as it is, and is itself the result where no pattern fits.

    Examples
    --------
    >>> network = nn.Sequential(nn.Conv2d(20, 32, 5), nn.ReLU(), nn.Flatten())
    >>> twin = accelerate(network)
    >>> twin is network, twin[0].weight is network[0].weight
    (False, True)
    """
    return _twin(network, {})


def _twin(module: nn.Module, known: dict[nn.Module, nn.Module]) -> nn.Module:
    """The module itself, or a shallow copy of it with faster modules inside."""
    if module not in known:
        if _fits_winograd(module):
            known[module] = _winograd(module, rectified=False)
        else:
            known[module] = _with_faster_children(module, known)
    return known[module]


def _with_faster_children(module: nn.Module, known: dict[nn.Module, nn.Module]) -> nn.Module:
    children = {name: child for name, child in module._modules.items() if child is not None}
    # A subclass may call its children in another order.
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        faster = dict(_fused(list(children.items()), known))
    else:
        faster = {name: _twin(child, known) for name, child in children.items()}
    if all(faster[name] is child for name, child in children.items()):
        return module
    # Shallow: the dictionaries of parameters and buffers are the network's own.
    twin = copy.copy(module)
    twin._modules = {**module._modules, **faster}
    return twin


def _fused(
    children: list[tuple[str, nn.Module]], known: dict[nn.Module, nn.Module]
) -> Iterator[tuple[str, nn.Module]]:
    """Children of a sequence by name; those that a fused layer took in do nothing any more."""
    place = 0
    while place < len(children):
        name, first = children[place]
        fused = _fused_at([child for _, child in children[place : place + 3]])
        length, module = (1, _twin(first, known)) if fused is None else fused
        yield name, module
        for taken_in, _ in children[place + 1 : place + length]:
            yield taken_in, nn.Identity()
        place += length


def _fused_at(modules: list[nn.Module]) -> tuple[int, nn.Module] | None:
    """How many of up to three modules in a row one layer can do, and that layer."""
    if not _is_float_convolution(modules[0]):
        return None
    if len(modules) == 3 and _fits_pooling(modules[1]) and _is_plain(modules[2], nn.ReLU):
        return 3, _rectified_max_pooled(modules[0], modules[1])
    if len(modules) > 1 and _is_plain(modules[1], nn.ReLU) and _fits_winograd(modules[0]):
        return 2, _winograd(modules[0], rectified=True)
    return None


def _winograd(convolution: nn.Module, *, rectified: bool) -> nn.Module:
    # The layers bring a compiler along, which a network that has none of them does without.
    from maxgain.kernels.layers import WinogradConvolution

    assert isinstance(convolution, nn.Conv2d)
    return WinogradConvolution(convolution, rectified=rectified)


def _rectified_max_pooled(convolution: nn.Module, pooling: nn.Module) -> nn.Module:
    from maxgain.kernels.layers import RectifiedMaxPooledConvolution

    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(pooling, nn.MaxPool2d)
    stride = pooling.stride if isinstance(pooling.stride, int) else pooling.stride[0]
    return RectifiedMaxPooledConvolution(
        convolution, stride, pooling.ceil_mode, winograd=_fits_winograd(convolution)
    )


def _fits_winograd(module: nn.Module) -> bool:
    """Whether Winograd's algorithm computes a module, and pays."""
    if not _is_float_convolution(module):
        return False
    assert isinstance(module, nn.Conv2d)
    return (
        module.kernel_size == (5, 5)
        and module.stride == module.dilation == (1, 1)
        and module.groups == 1
        and (isinstance(module.padding, str) or module.padding[0] == module.padding[1])
        and module.padding_mode == "zeros"
        and min(module.in_channels, module.out_channels) >= _WINOGRAD_CHANNELS
    )


def _fits_pooling(module: nn.Module) -> bool:
    if not _is_plain(module, nn.MaxPool2d):
        return False
    assert isinstance(module, nn.MaxPool2d)
    return (
        module.kernel_size in (3, (3, 3))
        and module.stride in (1, 2, 3, (1, 1), (2, 2), (3, 3))
        and module.padding in (0, (0, 0))
        and module.dilation in (1, (1, 1))
        and not module.return_indices
    )


def _is_float_convolution(module: nn.Module) -> bool:
    if not _is_plain(module, nn.Conv2d):
        return False
    assert isinstance(module, nn.Conv2d)
    return module.weight.dtype == torch.float32


def _is_plain(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether a module is torch's own, with no hook that a fused layer would not call."""
    hooks = (
        module._forward_hooks,
        module._forward_pre_hooks,
        module._backward_hooks,
        module._backward_pre_hooks,
    )
    return type(module) is kind and not any(hooks)
