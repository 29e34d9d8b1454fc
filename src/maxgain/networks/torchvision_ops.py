"""Make `import torchvision` work on torch builds for which its compiled operators are missing.

torchvision's wheel is compiled against the CUDA build of torch. Beside a CPU build its extension
does not load, and its import then fails because it registers shape functions for operators that
nobody declared. Declaring those two schemas is all that importing needs; the operators belong to
object detection, and calling one still fails. With a matching build nothing is declared.

Importing this module imports neither torch nor torchvision: it installs a finder that declares the
schemas when torchvision is imported, whoever does so.
"""

import importlib.util
import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from maxgain.extras import ExtrasFinder

_PACKAGE = "torchvision"

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

_DECLARED: list[object] = []
"""Kept for the life of the process: dropping a library would drop its declarations."""


class TorchvisionFinder:
    """Finds torchvision as the other finders do, and has the schemas declared before it runs.

    Looking for the package, as `importlib.util.find_spec` does, imports nothing.
    """

    def find_spec(
        self, fullname: str, path: Iterable[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Specification of torchvision; None for all other modules."""
        if fullname != _PACKAGE:
            return None
        for finder in sys.meta_path:
            if isinstance(finder, TorchvisionFinder | ExtrasFinder):
                continue  # the latter is asked after this one, and by whoever imports
            specification = finder.find_spec(fullname, None, target)
            if specification is not None:
                _declare_before(specification)
                return specification
        return None


def install() -> None:
    """Install the finder, once."""
    if not any(isinstance(finder, TorchvisionFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TorchvisionFinder())  # type: ignore[arg-type]


def _declare_before(specification: ModuleSpec) -> None:
    loader = specification.loader
    if loader is None or specification.origin is None:
        return
    folder = Path(specification.origin).parent
    execute = loader.exec_module

    def declare_and_execute(module: ModuleType) -> None:
        _declare_missing_operators(folder)
        execute(module)

    # The loader was made for this one specification; all else that it can do stays as it is.
    loader.exec_module = declare_and_execute  # type: ignore[method-assign]


def _declare_missing_operators(folder: Path) -> None:
    if importlib.util.find_spec("torch") is None:
        return  # The import itself then says that torch is missing.
    import torch

    try:
        libraries = list(folder.glob("_C*.so"))
        for file in libraries:
            torch.ops.load_library(file)  # type: ignore[no-untyped-call]
        loaded = bool(libraries)
    except OSError:
        loaded = False
    if loaded or _DECLARED:
        return
    library = torch.library.Library(_PACKAGE, "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    _DECLARED.append(library)


install()
