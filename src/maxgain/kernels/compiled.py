"""How loops over pixels are compiled, where no operation of torch does their work in one pass."""

from collections.abc import Callable
from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
"""Products and sums may become one instruction, and nothing else that would change a result or
hide what is not a number."""


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Compile a function of arrays at its first call, once for this kind of processor.

    The result is kept beside its file or in the user's cache; where neither can be written, each
    process compiles anew.
    """
    try:
        return njit(cache=True, **_OPTIONS)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return njit(**_OPTIONS)(function)  # type: ignore[no-any-return]


inlined = njit(inline="always", **_OPTIONS)
"""Decorator of a function that is used inside compiled ones alone."""
