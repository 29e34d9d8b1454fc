"""Logits from what networks return: tensors, records and tuples, and scores instead of logits."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.errors import InputError

Ending = Literal["logits", "softmax", "sigmoid"]
"""What a network's last operation made of its logits."""

SUM_TOLERANCE = 1e-3
"""Scores that sum to 1 within this are a softmax's: a thousand classes in float16 stay below."""

_VIEWS = ("View", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Clone", "Alias", "ToCopy")


def output_tensor(output: Any) -> Tensor:  # networks return what they like
    """The tensor of a network's output.

    Itself, its `logits` (attribute, or key of a mapping), or the first entry of a tuple or list
    (inception and googlenet give their auxiliary heads after it).

    Raises
    ------
    InputError
        There is no such tensor, or it cannot be differentiated in float32.
    """
    found = output
    if not isinstance(found, Tensor):
        if isinstance(getattr(output, "logits", None), Tensor):
            found = output.logits
        elif isinstance(output, Mapping):
            found = output.get("logits")
        elif isinstance(output, tuple | list) and output:
            found = output[0]
    if not isinstance(found, Tensor):
        keys = (
            f" with the keys {', '.join(map(str, output))}" if isinstance(output, Mapping) else ""
        )
        raise InputError(
            f"the network returns the type {type(output).__name__}{keys}; it must be a tensor, an "
            "object or mapping with a tensor 'logits', or a tuple whose first entry is a tensor."
        )
    _check_number_type(found)
    return found


def class_logits(output: Tensor, ending: Ending = "logits") -> Float[Tensor, "1 classes"]:
    """Logits of one image, two classes at least.

    One logit is a sigmoid's: class 1 has it, class 0 has the logit 0. Scores of a softmax become
    their logarithms, which are the logits up to a constant; scores of sigmoids their log-odds.

    Raises
    ------
    InputError
        The output's shape is not that of one image's logits.
    """
    logits = _flat(output)
    if ending == "softmax":
        logits = torch.where(logits > 0, logits, 1.0).log().masked_fill(logits <= 0, -torch.inf)
    elif ending == "sigmoid":
        logits = logits.logit()
    if logits.shape[1] == 1:
        logits = torch.cat([torch.zeros_like(logits), logits], 1)
    return logits


def detect_ending(output: Tensor, moved: Callable[[], Tensor]) -> Ending:
    """Whether an output is logits, or scores that a softmax or a sigmoid made of them.

    Parameters
    ----------
    output
        Of the network, with its graph.
    moved
        Gives the output at another image; called where the first one looks like a softmax's.

    Raises
    ------
    InputError
        The output's shape is not that of one image's logits.
    """
    logits = _flat(output.detach())
    if not logits.isfinite().all() or logits.min() < 0 or logits.max() > 1 + SUM_TOLERANCE:
        return "logits"
    if _last_operation(output).startswith("Sigmoid"):
        return "sigmoid"
    if logits.shape[1] > 1 and _sums_to_one(logits) and _sums_to_one(_flat(moved().detach())):
        return "softmax"
    return "logits"


def check_margin(margin: Float[Tensor, "*batch"], ending: Ending) -> None:
    """Raise InputError where scores have rounded to 0 and 1 and their logits are lost."""
    if ending != "logits" and margin.detach().isinf().any():
        raise InputError(
            f"the network's scores are exactly 0 and 1, rounded by a {ending} or argmax, and "
            "its logits cannot be had from them; measure it without that last layer."
        )


def _flat(output: Tensor) -> Float[Tensor, "1 classes"]:
    shape = tuple(output.shape)
    classes = "the projection needs logits of shape (1, classes)"
    if output.ndim == 0:
        raise InputError(f"the network returns one number for a whole batch, shape (); {classes}.")
    if output.ndim == 1 and len(output) == 1:  # One logit an image, squeezed.
        return output[None]
    if len(output) != 1 or output.numel() == 0:
        raise InputError(f"the network's output for one image has the shape {shape}; {classes}.")
    if output.ndim > 2 and output[0].numel() != output.shape[1]:
        kind = "a sequence" if output.ndim == 3 else "a map"
        raise InputError(
            f"the network's output has the shape {shape}, {kind} of logits instead of one image's; "
            f"{classes}: measure one place of it with a tensor projection, or pool it first."
        )
    return output.reshape(1, -1)


def _sums_to_one(scores: Float[Tensor, "1 classes"]) -> bool:
    near = (scores.sum() - 1).abs() < SUM_TOLERANCE
    return bool(near & (scores >= 0).all())


def _check_number_type(output: Tensor) -> None:
    reason = ""
    if output.layout != torch.strided:
        reason = f"a sparse tensor ({output.layout})"
    elif output.is_quantized:
        reason = f"a quantised tensor ({output.dtype})"
    elif output.is_complex():
        reason = f"complex numbers ({output.dtype})"
    elif not output.is_floating_point():
        reason = f"whole numbers ({output.dtype}), which have no derivative"
    elif output.dtype.itemsize < 4:
        reason = f"{output.dtype} from a measurement in float32: its forward pass casts by itself"
    if reason:
        raise InputError(f"the network returns {reason}; it must return floating-point logits.")


def _last_operation(output: Tensor) -> str:
    """Name of the last operation in an output's graph that computes something."""
    node = output.grad_fn
    while node is not None and node.name().startswith(_VIEWS):
        node = node.next_functions[0][0]
    return "" if node is None else node.name()
