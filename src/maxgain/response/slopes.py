"""Is the derivative that autograd gives that of the output? Finite differences say.

It is not where a part of the network is detached beside a live one, or where a backward pass is not
the derivative of its forward pass, as in straight-through estimators. Nothing fails there, and the
gain is wrong. (`torch.autograd.gradcheck` looks at every pixel; two directions are enough here.)
"""

from collections.abc import Callable
from contextlib import suppress

import torch
from jaxtyping import Float
from torch import Tensor

from maxgain.errors import InputError
from maxgain.response.zeros import ValueOf, derivative

NOISE = 16.0
"""Grey levels by which the place of the check is away from the probe: at an impulse on black, the
inputs of ReLUs without bias are exactly 0, where there is no derivative to compare with."""

STEPS = (1e-5, 1e-6)
"""Half widths of the differences, in 0-255 pixel units: so small that few kinks lie within, and far
above the rounding of float64."""

DIRECTIONS = 2
"""Along which slopes are compared; one may happen to be across what is missing."""

TOLERANCE = 0.01
"""Allowed difference, of what a slope is in the mean over all directions."""

ROUNDING = 1e-12
"""Of float64 after many layers, as a share of the value."""


def dtypes_of_graph(value: Tensor) -> set[torch.dtype]:
    """Number types in which the operations behind a value gave their results."""
    found: set[torch.dtype] = set()
    waiting, seen = [value.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        # Torch has no public name for it; it is what autograd itself checks gradients by.
        found |= {entry.dtype for entry in getattr(node, "_input_metadata", ())}
        waiting += [following for following, _ in node.next_functions]
    return found


def check_precision(value: Tensor) -> None:
    """Raise InputError where a forward pass in float32 casts to half precision by itself."""
    half = [
        dtype
        for dtype in dtypes_of_graph(value)
        if dtype.is_floating_point and dtype.itemsize < torch.float32.itemsize
    ]
    if half:
        raise InputError(
            f"the network computes in {', '.join(sorted(map(str, half)))} by a cast in its forward "
            "pass; it must compute in float32 to be measured."
        )


def check_slopes(value_of: Callable[[], ValueOf], image: Float[Tensor, "_ _ _"]) -> None:
    """Raise InputError if slopes of the output are not what its derivative says.

    A network that does not run in float64 throughout is not checked: there, differences of float32
    would be compared.

    Parameters
    ----------
    value_of
        Makes the scalar that is differentiated, in float64.
    image
        The probe. The check is made beside it.
    """
    found = None
    # No float64 on some devices (TypeError, RuntimeError); the network refuses it (InputError).
    with suppress(InputError, TypeError, RuntimeError):
        found = _wrong_slope(value_of(), image.detach().double())
    if found is not None:
        raise InputError(
            f"the derivative that arrives is not that of the output: along one direction it is "
            f"{found[0]:.3g}, and finite differences are {found[1]:.3g}; a part of the network is "
            "detached (torch.no_grad, detach) or has a backward pass that is not its derivative "
            "(straight-through estimators), so its gain cannot be measured."
        )


def _wrong_slope(value_of: ValueOf, image: Float[Tensor, "_ _ _"]) -> tuple[float, float] | None:
    """Derivative and finite difference along a direction in which they disagree, if there is one.

    A difference counts where it is the same at both steps: others are kinks, noise or rounding.
    """
    generator = torch.Generator().manual_seed(0)
    noise = 2 * torch.rand(image.shape, generator=generator, dtype=torch.float64) - 1
    place = (image + NOISE * noise.to(image.device)).requires_grad_()
    value = value_of(place)
    gradient = derivative(value, place).detach()
    if dtypes_of_graph(value) - {torch.float64, torch.complex128}:
        return None
    mean_slope, level = float(gradient.norm()), max(1.0, abs(float(value.detach())))
    place = place.detach()
    for _ in range(DIRECTIONS):
        signs = 2 * torch.randint(2, image.shape, generator=generator) - 1
        direction = signs.to(place)
        expected = float((gradient * direction).sum())
        differences: list[float] = []
        for step in STEPS:
            ahead, behind = (value_of(place + sign * step * direction) for sign in (1, -1))
            slope = float((ahead - behind).detach()) / (2 * step)
            larger = max(mean_slope, abs(slope))
            if not abs(slope - expected) > TOLERANCE * larger + ROUNDING * level / step:
                break
            differences.append(slope)
        else:
            if abs(differences[0] - differences[1]) <= TOLERANCE * abs(differences[0] - expected):
                return expected, differences[0]
    return None
