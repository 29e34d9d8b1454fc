"""Which extra of this package a library comes with, said where the library is missing.

`pip install maxgain` brings what a training needs to be monitored. All else is an extra, and an
import that fails inside this package says which. Guards around every import were weighed: there are
a hundred, and each new one would be forgotten.
"""

import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from types import ModuleType

from maxgain.errors import InputError

EXTRAS = {
    "figures": ("matplotlib", "seaborn", "pandas"),
    "zoo": ("torchvision", "timm", "PIL", "pooch", "requests", "filelock"),
    "data": ("mlxtend", "sklearn"),
    "cli": ("typer", "rich"),
    "onnx": ("onnx", "onnx2torch"),
    "report": ("jinja2", "vl_convert", "markupsafe"),
    "lightning": ("lightning",),
    "transformers": ("transformers", "accelerate"),
    "workflow": ("pydantic", "pydantic_core", "yaml", "numba", "threadpoolctl", "snakemake"),
}
"""Libraries as they are imported, by the extra of pyproject.toml that brings them."""

_EXTRA_OF = {library: extra for extra, libraries in EXTRAS.items() for library in libraries}

_OURS = "maxgain"


class MissingExtraError(InputError, ModuleNotFoundError):
    """A library that an extra brings is not installed."""


class ExtrasFinder:
    """Stands behind all finders: what arrives here nobody has found.

    It finds nothing itself, and speaks only where a module of this package imports; others that try
    whether a library is there are told what they always are.
    """

    def find_spec(
        self, fullname: str, path: Iterable[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None, or the sentence that names the extra.

        Raises
        ------
        MissingExtraError
            This package imports a library of an extra that is not installed.
        """
        extra = _EXTRA_OF.get(fullname)
        if extra is not None and _importer().partition(".")[0] == _OURS:
            raise MissingExtraError(
                f"'{fullname}' is not installed; this needs pip install maxgain[{extra}].",
                name=fullname,
            )
        return None


def _importer() -> str:
    """Name of the module whose import statement is running."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("importlib"):
        if frame.f_back is None:
            return ""
        frame = frame.f_back
    name: str = frame.f_globals.get("__name__", "")
    return name


def install() -> None:
    """Install the finder, once."""
    if not any(isinstance(finder, ExtrasFinder) for finder in sys.meta_path):
        sys.meta_path.append(ExtrasFinder())  # type: ignore[arg-type]


install()
